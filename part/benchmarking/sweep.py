"""Latency and throughput of models against the batch size and the number of constituents.

All models alternate at each point. Shapes: B jets, N particles.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import awkward as ak
import torch

from part.benchmarking.conditions import Conditions, Watch
from part.benchmarking.cost import peak_bytes, weight_bytes, weights_file
from part.benchmarking.energy import EnergyMeter
from part.benchmarking.inputs import NO_JETS, check_plan, first_jets_batch, random_batch, with_max_length
from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.timing import MIN_PASSES, Timing, time_call, time_interleaved
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.progress import ProgressCallback, no_progress

MAX_PAIRS = 2**24  # B N²; more pairs take gigabytes, and minutes on a CPU
ENERGY_SECONDS = 1.0  # energy counters tick slowly, so passes are repeated for this long


@dataclass(frozen=True)
class SweepPlan:
    """The plan of a sweep: which points to measure, and how.

    Attributes
    ----------
    models : tuple of str
        Names or checkpoints, as for `load_model`.
    batches : tuple of int
        Batch sizes B.
    lengths : tuple of int or None
        Constituents N of random jets without padding; None takes the jets of a file, padded to the longest.
    device : str
        See `load_model`.
    threads : int
        Threads of the CPU.
    repeats : int
        Rounds that count.
    warmup : int
        Passes before them, at least one.
    budget : float
        Seconds per point after which no new round begins, apart from the three without which there is no spread.
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
        """The batch size and length of each point; those with more than `MAX_PAIRS` pairs are left out."""
        return [(size, n) for n in self.lengths for size in self.batches if size * (n or 1) ** 2 <= MAX_PAIRS]


def sweep(
    plan: SweepPlan, taggers: Mapping[str, Tagger], jets: ak.Array | None, progress: ProgressCallback = no_progress
) -> Iterator[list[SpeedMeasurement]]:
    """Measure point after point.

    Parameters
    ----------
    plan : SweepPlan
        The points.
    taggers : mapping of str to Tagger
        The loaded models by name.
    jets : ak.Array or None
        The jets of a file, which a length of None takes.
    progress : ProgressCallback
        Called with each point, the points done and their number.

    Yields
    ------
    list of SpeedMeasurement
        The measurements of one point, one per model.

    Raises
    ------
    PartError
        If the plan needs jets and there are none.
    """
    if None in plan.lengths and jets is None:
        raise PartError(NO_JETS)
    torch.set_num_threads(plan.threads)
    points = plan.points
    for done, (size, n) in enumerate(points):
        source = "from the file" if n is None else f"of {n} constituents"
        progress(f"{size} jet{'s' if size > 1 else ''} {source}", done, len(points))
        yield measure_point(plan, taggers, jets, size, n)
    progress("Done", len(points), len(points))


def measure_point(
    plan: SweepPlan, taggers: Mapping[str, Tagger], jets: ak.Array | None, size: int, n: int | None
) -> list[SpeedMeasurement]:
    """Measure all models at one point; a model that fails says why, and the others go on."""
    ready, passes, first, failed = {}, {}, {}, {}
    for name, tagger in taggers.items():
        try:
            model, batch = _prepare(tagger, jets, size, n)
            one_pass = partial(time_call, partial(model.logits, batch), model.device)
            first[name] = one_pass()  # fails here if it does not fit into memory
            ready[name], passes[name] = (model, batch), one_pass
        except PartError as error:
            failed[name] = str(error)
        except RuntimeError as error:
            failed[name] = _out_of_memory(error)
    more = max(plan.warmup - 1, 0)
    with Watch(next(iter(taggers.values())).device) as watch:
        timings = time_interleaved(passes, plan.repeats, more, plan.budget - sum(first.values()), MIN_PASSES)
    return [
        _measurement(name, tagger, *ready[name], n is None, first[name], timings[name], watch.conditions)
        if name in ready
        else _failure(name, tagger, size, n, failed[name])
        for name, tagger in taggers.items()
    ]


def _prepare(tagger: Tagger, jets: ak.Array | None, size: int, n: int | None) -> tuple[Tagger, JetBatch]:
    if n is None:
        return tagger, first_jets_batch(jets, tagger, size).to(tagger.device)
    return with_max_length(tagger, n), random_batch(tagger.config.inputs, size, n).to(tagger.device)


def _out_of_memory(error: RuntimeError) -> str:
    """Return the message for a pass that does not fit into memory; raise any other error again."""
    if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
        return "It does not fit into memory."
    raise error


def _measurement(
    name: str,
    requested: Tagger,
    tagger: Tagger,
    batch: JetBatch,
    from_file: bool,
    first: float,
    timing: Timing,
    conditions: Conditions,
) -> SpeedMeasurement:
    lengths = batch.mask.sum(1)
    return SpeedMeasurement(
        **_model_fields(name, requested),
        batch=len(batch),
        n=float(lengths.float().mean()),
        longest=int(lengths.max()),
        from_file=from_file,
        reinitialised=tagger is not requested,
        warmup=(first, *timing.warmup),
        seconds=timing.seconds,
        memory=_peak_memory(tagger, batch),
        joules=_joules(tagger, batch, timing.median),
        conditions=conditions,
    )


def _failure(name: str, requested: Tagger, size: int, n: int | None, reason: str) -> SpeedMeasurement:
    point = {"batch": size, "n": float(n or 0), "longest": n or 0, "from_file": n is None, "reinitialised": False}
    nothing = {"warmup": (), "seconds": (), "memory": 0, "joules": None}
    return SpeedMeasurement(**_model_fields(name, requested), **point, **nothing, failed=reason)


def _model_fields(name: str, tagger: Tagger) -> dict:
    return {
        "model": name,
        "architecture": tagger.config.model,
        "precision": tagger.precision,
        "backend": tagger.backend,
        "parameters": tagger.n_parameters,
        "disk": weights_file(tagger).stat().st_size,
    }


def _peak_memory(tagger: Tagger, batch: JetBatch) -> int:
    """Return bytes of weights and tensors; on a GPU also those allocated within kernels."""
    if tagger.device.type != "cuda":
        return weight_bytes(tagger) + peak_bytes(tagger, batch)
    torch.cuda.reset_peak_memory_stats(tagger.device)
    before = torch.cuda.memory_allocated(tagger.device)
    tagger.logits(batch)
    torch.cuda.synchronize(tagger.device)
    return weight_bytes(tagger) + torch.cuda.max_memory_allocated(tagger.device) - before


def _joules(tagger: Tagger, batch: JetBatch, seconds: float) -> float | None:
    meter = EnergyMeter(tagger.device)
    if not meter.is_available:
        return None
    passes = math.ceil(ENERGY_SECONDS / max(seconds, 1e-4))
    before = meter.joules()
    for _ in range(passes):
        time_call(partial(tagger.logits, batch), tagger.device)
    return (meter.joules() - before) / passes
