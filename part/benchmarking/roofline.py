"""Compare a model's modules with the limits of the machine (the roofline model, doi:10.1145/1498765.1498785)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from part.benchmarking.conditions import Conditions, Watch
from part.benchmarking.flops import count_work
from part.benchmarking.module_hooks import generic_path
from part.benchmarking.profile import ProfilePlan, by_module, profile_passes
from part.benchmarking.timing import Timing, time_call, time_interleaved, time_one
from part.inference.tagger import Tagger
from part.jets.features import JetBatch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
MATRIX_SIDE = {"cpu": 1536, "cuda": 8192}  # large enough for a matrix product at full speed
MEMORY_NUMEL, CACHE_NUMEL = 2**26, 2**16  # numbers in arrays too large for any cache, and small enough for one
REPEATS = 7
WHOLE_MODEL = "whole model"


@dataclass(frozen=True)
class RooflinePlan(ProfilePlan):
    """A plan like `ProfilePlan`, but always on random jets, because padding would count as work."""

    length: int = 48


@dataclass(frozen=True)
class RooflinePoint:
    """A module, the same module of all blocks together and without the modules below it; or the whole model.

    Attributes
    ----------
    model, module : str
        Names; the module may be `WHOLE_MODEL`.
    flops, bytes : float
        Operations and bytes that a pass needs, see `part.benchmarking.flops`.
    seconds : float
        Time of a pass.
    peak_flops : float
        Operations per second that the machine reaches at most.
    bandwidth, cache_bandwidth : float
        Bytes per second from memory and from the cache.
    passes : tuple of float
        The seconds of each pass of a whole model; empty for its modules, and in files of earlier versions.
    conditions : Conditions or None
        What the machine did meanwhile; None for modules, and in files of earlier versions.
    """

    model: str
    module: str
    flops: float
    bytes: float
    seconds: float
    peak_flops: float
    bandwidth: float
    cache_bandwidth: float
    passes: tuple[float, ...] = ()
    conditions: Conditions | None = None

    @property
    def timing(self) -> Timing:
        return Timing((), self.passes or (self.seconds,))

    @property
    def intensity(self) -> float:
        """The operations per byte."""
        return self.flops / self.bytes

    @property
    def speed(self) -> float:
        """The operations per second."""
        return self.flops / self.seconds

    @property
    def ridge(self) -> float:
        """The intensity above which arithmetic is the limit instead of memory."""
        return self.peak_flops / self.bandwidth

    @property
    def roof(self) -> float:
        """The operations per second possible at this intensity if all data came from memory."""
        return min(self.peak_flops, self.intensity * self.bandwidth)

    def describe(self) -> str:
        """Say whether memory or arithmetic is the limit, and how close the module comes to it."""
        share = self.speed / self.roof
        if self.intensity >= self.ridge:
            return f"compute-bound: {share:.0%} of the peak"
        if share > 1:
            return f"memory-bound: {share:.1f} times what memory allows, as caches hold its data"
        return f"memory-bound: {share:.0%} of what memory allows"


def measure_peaks(device: torch.device, precision: str) -> tuple[float, float, float]:
    """Measure what the machine reaches at most.

    Parameters
    ----------
    device : torch.device
        The device.
    precision : str
        "fp32" or "bf16", of the matrix product.

    Returns
    -------
    tuple of float
        Operations per second of a matrix product, bytes per second from memory, bytes per second from the cache.
    """
    side = MATRIX_SIDE[device.type]
    a, b = (torch.rand(side, side, device=device, dtype=DTYPES[precision]) for _ in range(2))
    product = _shortest(partial(torch.mm, a, b, out=torch.empty_like(a)), device)
    cache_turns = MEMORY_NUMEL // CACHE_NUMEL // 8
    return 2 * side**3 / product, _bandwidth(MEMORY_NUMEL, 1, device), _bandwidth(CACHE_NUMEL, cache_turns, device)


def _bandwidth(numel: int, turns: int, device: torch.device) -> float:
    a, b, c = (torch.ones(numel, device=device) for _ in range(3))

    def add() -> None:
        for _ in range(turns):
            torch.add(a, b, out=c)

    return turns * 3 * a.nbytes / _shortest(add, device)


def _shortest(function: Callable[[], object], device: torch.device) -> float:
    """Return the shortest time of some calls: the peak is what the machine does when nothing else disturbs it."""
    return min(time_interleaved({"": partial(time_call, function, device)}, REPEATS)[""].seconds)


def measure_roofline(name: str, tagger: Tagger, batch: JetBatch, passes: int) -> list[RooflinePoint]:
    """Measure a model and its modules against the peaks of the machine.

    Parameters
    ----------
    name : str
        The model's name in the result.
    tagger : Tagger
        The model.
    batch : JetBatch
        Jets without padding, on the model's device.
    passes : int
        Passes that are averaged.

    Returns
    -------
    list of RooflinePoint
        The whole model first, then its modules, the longest first. Where compiled code replaces the whole forward
        pass, torch runs the modules, and the model as a whole is measured both ways.
    """
    peaks = measure_peaks(tagger.device, tagger.precision)
    modular = tagger.run_by_modules()
    work = count_work(tagger, batch)
    flops, moved = sum(w.flops for w in work.values()), sum(w.bytes for w in work.values())
    profile = profile_passes(name, modular, batch, passes)
    times = profile.unprofiled_passes, profile.conditions
    models = [RooflinePoint(name, WHOLE_MODEL, flops, moved, profile.unprofiled_seconds, *peaks, *times)]
    if modular is not tagger:
        with Watch(tagger.device) as watch:
            timing = time_one(partial(time_call, partial(tagger.logits, batch), tagger.device), passes)
        models[0] = replace(models[0], module=f"{WHOLE_MODEL}, in torch")
        times = timing.seconds, watch.conditions
        models.insert(0, RooflinePoint(name, WHOLE_MODEL, flops, moved, timing.median, *peaks, *times))
    sums: dict[str, tuple[float, float]] = {}
    for path, module_work in work.items():
        own_flops, own_bytes = sums.get(generic_path(path), (0.0, 0.0))
        sums[generic_path(path)] = own_flops + module_work.flops, own_bytes + module_work.bytes
    # The profiler slows all modules alike, so its times are scaled to those without it.
    stretch = profile.unprofiled_seconds / profile.seconds if profile.seconds else math.nan
    return models + [
        RooflinePoint(name, entry.module or "the rest", *sums[entry.module], entry.seconds * stretch, *peaks)
        for entry in by_module(profile)
        if entry.module in sums and entry.seconds and min(sums[entry.module]) > 0
    ]
