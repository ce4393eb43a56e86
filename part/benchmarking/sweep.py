"""Latency and throughput of models against the batch and the number of constituents, all models in turns.

Shapes: B jets, N particles.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import awkward as ak
import numpy as np
import torch

from part.benchmarking.cost import peak_bytes, weight_bytes, weights_file
from part.benchmarking.energy import Meter
from part.benchmarking.inputs import as_they_are, check_plan, made_up, with_room
from part.benchmarking.timing import Timing, in_turns, one_pass
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch

MOST_PAIRS = 2**24  # B N²: what each goes through takes gigabytes, and minutes on a processor
METERED = 1.0  # seconds, as counters of energy tick slowly


@dataclass(frozen=True)
class SweepPlan:
    """batches: B. lengths: N of made-up jets without padding; None: the jets as they are, padded to the longest.

    warmup: passes before those that count, one at least. repeats: rounds that count, unless they take longer than
    budget: seconds for a point.
    """

    models: tuple[str, ...]
    batches: tuple[int, ...] = (1, 8, 64, 256)
    lengths: tuple[int | None, ...] = (None,)
    device: str = "auto"
    threads: int = 1
    repeats: int = 15
    warmup: int = 2
    budget: float = 10.0

    def __post_init__(self):
        check_plan(self)
        if not self.batches or not self.lengths:
            raise PartError("A sweep has at least one batch size and one number of constituents.")

    @property
    def points(self) -> list[tuple[int, int | None]]:
        return [(size, n) for n in self.lengths for size in self.batches if size * (n or 1) ** 2 <= MOST_PAIRS]


@dataclass(frozen=True)
class Row:
    """A model at a point. n: mean number of constituents; as_they_are: of jets of a file; longest: of the batch.

    warmup, seconds: of each pass, in order. memory: bytes, of weights and, at its peak, of the tensors of a pass.
    joules: of a pass, None if nothing counts them. disk: bytes of the weights' file. untrained: has fresh weights,
    for want of room for so many constituents. failed: why nothing was measured.
    """

    model: str
    architecture: str
    precision: str
    backend: str
    parameters: int
    disk: int
    batch: int
    n: float
    longest: int
    as_they_are: bool
    untrained: bool
    warmup: tuple[float, ...]
    seconds: tuple[float, ...]
    memory: int
    joules: float | None
    failed: str | None = None

    @property
    def timing(self) -> Timing:
        return Timing(tuple(self.warmup), tuple(self.seconds))


def sweep(
    plan: SweepPlan, taggers: Mapping[str, Tagger], jets: ak.Array | None, told: Callable[[str, int, int], None]
) -> Iterator[list[Row]]:
    """The rows of each point, one a model. told: hears what comes next, how many points are done, and of how many.

    jets: what `None` among the lengths takes. Raises PartError.
    """
    if None in plan.lengths and jets is None:
        raise PartError("Jets as they are come from a file; name one.")
    torch.set_num_threads(plan.threads)
    points = plan.points
    for done, (size, n) in enumerate(points):
        what = "as they are" if n is None else f"of {n} constituents"
        told(f"{size} jet{'s' if size > 1 else ''} {what}", done, len(points))
        yield point(plan, taggers, jets, size, n)
    told("Done", len(points), len(points))


def point(plan: SweepPlan, taggers: Mapping[str, Tagger], jets: ak.Array | None, size: int, n: int | None) -> list[Row]:
    """One point of a sweep."""
    ready, passes, first, failed = {}, {}, {}, {}
    for name, tagger in taggers.items():
        try:
            model, batch = _ready(tagger, jets, size, n)
            one = partial(one_pass, partial(model.logits, batch), model.device)
            first[name] = one()  # may not fit
            ready[name], passes[name] = (model, batch), one
        except PartError as error:
            failed[name] = str(error)
        except RuntimeError as error:
            failed[name] = _memory(error)
    more = max(plan.warmup - 1, 0)
    timings = in_turns(passes, plan.repeats, more, plan.budget - sum(first.values()))
    return [
        _row(name, tagger, *ready[name], n is None, first[name], timings[name])
        if name in ready
        else _no_row(name, tagger, size, n, failed[name])
        for name, tagger in taggers.items()
    ]


def _ready(tagger: Tagger, jets: ak.Array | None, size: int, n: int | None) -> tuple[Tagger, JetBatch]:
    if n is None:
        return tagger, as_they_are(jets, tagger, size).to(tagger.device)
    return with_room(tagger, n), made_up(tagger.config.inputs, size, n).to(tagger.device)


def _memory(error: RuntimeError) -> str:
    """The sentence for a pass that does not fit; any other error is a fault of ours."""
    if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
        return "It does not fit into memory."
    raise error


def _row(
    name: str, asked: Tagger, tagger: Tagger, batch: JetBatch, as_they_are: bool, first: float, timing: Timing
) -> Row:
    lengths = batch.mask.sum(1)
    return Row(
        **_about(name, asked),
        batch=len(batch),
        n=float(lengths.float().mean()),
        longest=int(lengths.max()),
        as_they_are=as_they_are,
        untrained=tagger is not asked,
        warmup=(first, *timing.warmup),
        seconds=timing.seconds,
        memory=_peak(tagger, batch),
        joules=_joules(tagger, batch, timing.median),
    )


def _no_row(name: str, asked: Tagger, size: int, n: int | None, failed: str) -> Row:
    about = {"batch": size, "n": float(n or 0), "longest": n or 0, "as_they_are": n is None, "untrained": False}
    return Row(**_about(name, asked), **about, warmup=(), seconds=(), memory=0, joules=None, failed=failed)


def _about(name: str, tagger: Tagger) -> dict:
    return {
        "model": name,
        "architecture": tagger.config.model,
        "precision": tagger.precision,
        "backend": tagger.backend,
        "parameters": tagger.n_parameters,
        "disk": weights_file(tagger).stat().st_size,
    }


def _peak(tagger: Tagger, batch: JetBatch) -> int:
    """A GPU counts all that was handed out; on the CPU what goes on in a kernel is not seen."""
    if tagger.device.type != "cuda":
        return weight_bytes(tagger) + peak_bytes(tagger, batch)
    torch.cuda.reset_peak_memory_stats(tagger.device)
    before = torch.cuda.memory_allocated(tagger.device)
    tagger.logits(batch)
    torch.cuda.synchronize(tagger.device)
    return weight_bytes(tagger) + torch.cuda.max_memory_allocated(tagger.device) - before


def _joules(tagger: Tagger, batch: JetBatch, seconds: float) -> float | None:
    meter = Meter(tagger.device)
    if not meter.there:
        return None
    passes = math.ceil(METERED / max(seconds, 1e-4))
    before = meter.joules()
    for _ in range(passes):
        one_pass(partial(tagger.logits, batch), tagger.device)
    return (meter.joules() - before) / passes


def exponent(x: np.ndarray, y: np.ndarray) -> tuple[float, int] | None:
    """p of y ~ x^p by least squares in the logarithms, and of how many points: of the upper half, at least three."""
    order = np.argsort(x)[-max(3, math.ceil(len(x) / 2)) :]
    if len(order) < 3:
        return None
    return float(np.polyfit(np.log(x[order]), np.log(y[order]), 1)[0]), len(order)


def crossover(x: np.ndarray, one: np.ndarray, other: np.ndarray) -> float | None:
    """The last x from which on `other` is below `one`, between points on straight lines in the logarithms."""
    lead = np.log(other) - np.log(one)
    if lead[-1] >= 0 or (lead < 0).all():
        return None
    i = int(np.flatnonzero(lead >= 0)[-1])
    return float(np.exp(np.interp(0, [-lead[i], -lead[i + 1]], np.log(x[[i, i + 1]]))))
