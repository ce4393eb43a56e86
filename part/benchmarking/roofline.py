"""How near a model's modules come to what the machine can do (the roofline model, doi:10.1145/1498765.1498785)."""

import math
from dataclasses import dataclass
from functools import partial

import torch

from part.benchmarking.flops import work
from part.benchmarking.module_hooks import kind
from part.benchmarking.profile import ProfilePlan, by_module, profiled
from part.benchmarking.timing import in_turns, one_pass
from part.inference.tagger import Tagger
from part.jets.features import JetBatch

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SIDE = {"cpu": 1536, "cuda": 8192}  # of matrices that are large enough to be multiplied at full speed
FAR, NEAR = 2**26, 2**16  # numbers in arrays that do not fit into any cache, and in such that do
TIMES = 7
WHOLE = "whole model"


@dataclass(frozen=True)
class RooflinePlan(ProfilePlan):
    """Models on a batch of made-up jets of N constituents, none of them padding, which would count as work."""

    length: int = 48


@dataclass(frozen=True)
class Point:
    """A module, or WHOLE; equal modules of all blocks together, without the modules below them.

    flops, bytes: that it needs (see `counting`). seconds: that it takes. peak_flops: of a second, at most, here;
    bandwidth: bytes of a second from memory, cached: from the cache.
    """

    model: str
    module: str
    flops: float
    bytes: float
    seconds: float
    peak_flops: float
    bandwidth: float
    cached: float

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.flops / self.bytes

    @property
    def speed(self) -> float:
        """Operations a second."""
        return self.flops / self.seconds

    @property
    def ridge(self) -> float:
        """The intensity from which on arithmetic is the limit and not memory."""
        return self.peak_flops / self.bandwidth

    @property
    def roof(self) -> float:
        """Operations a second at this intensity, if everything came from memory."""
        return min(self.peak_flops, self.intensity * self.bandwidth)

    def words(self) -> str:
        """Memory-bound or compute-bound, and how near it comes to that bound."""
        share = self.speed / self.roof
        if self.intensity >= self.ridge:
            return f"compute-bound: {share:.0%} of the peak"
        if share > 1:
            return f"memory-bound: {share:.1f} times what memory allows, as caches hold its data"
        return f"memory-bound: {share:.0%} of what memory allows"


def peaks(device: torch.device, precision: str) -> tuple[float, float, float]:
    """Measured: operations a second of a matrix product, bytes a second from memory and from the cache."""
    side = SIDE[device.type]
    a, b = (torch.rand(side, side, device=device, dtype=TYPES[precision]) for _ in range(2))
    product = _best(partial(torch.mm, a, b, out=torch.empty_like(a)), device)
    return 2 * side**3 / product, _bandwidth(FAR, 1, device), _bandwidth(NEAR, FAR // NEAR // 8, device)


def _bandwidth(numbers: int, turns: int, device: torch.device) -> float:
    a, b, c = (torch.ones(numbers, device=device) for _ in range(3))

    def add() -> None:
        for _ in range(turns):
            torch.add(a, b, out=c)

    return turns * 3 * a.nbytes / _best(add, device)


def _best(function, device: torch.device) -> float:
    """The least of some passes: a peak is what nothing else disturbs."""
    return min(in_turns({"": partial(one_pass, function, device)}, TIMES)[""].seconds)


def points(name: str, tagger: Tagger, batch: JetBatch, passes: int) -> list[Point]:
    """The whole model first, then its modules, those that take longest first. batch: without padding."""
    top = peaks(tagger.device, tagger.precision)
    needed = work(tagger, batch)
    flops, moved = sum(w.flops for w in needed.values()), sum(w.bytes for w in needed.values())
    found = profiled(name, tagger, batch, passes)
    whole = Point(name, WHOLE, flops, moved, found.plain, *top)
    if tagger.backend in ("native", "packed"):
        return [whole]  # they do not go through the model's modules
    grouped: dict[str, list[float]] = {}
    for path, one in needed.items():
        sums = grouped.setdefault(kind(path), [0, 0])
        sums[0] += one.flops
        sums[1] += one.bytes
    stretch = found.plain / found.seconds if found.seconds else math.nan  # the profiler slows all alike
    return [whole] + [
        Point(name, part.module or "the rest", *grouped[part.module], part.seconds * stretch, *top)
        for part in by_module(found)
        if part.module in grouped and part.seconds and min(grouped[part.module]) > 0
    ]
