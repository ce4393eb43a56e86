"""The cost of a forward pass of the network alone, on inputs that are ready.

Shapes: B jets.
"""

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from part.benchmarking.conditions import Conditions, Verdict, Watch, judge
from part.benchmarking.timing import Timing, time_call, time_interleaved
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch, multiplicities
from part.models.numerics.int8 import plain_tensors
from part.progress import Executor, execute_here

BATCH = 64
ROUNDS = 15  # of passes that count, for all models in turns
MIN_ROUNDS = 5  # that run however long they take
BUDGET = 10.0  # seconds, after which no other round begins


@dataclass(frozen=True)
class Cost:
    """The cost of one model.

    Attributes
    ----------
    parameters : int
        Trainable numbers.
    disk : int
        Bytes of the file of the weights.
    single : float
        Seconds of a forward pass of one jet, the median.
    batch : float
        Seconds per jet of a forward pass of `BATCH` jets, the median.
    memory : int
        Bytes of the weights plus the peak of all tensors that a forward pass of `BATCH` jets holds at once.
    single_passes, batch_passes : tuple of float
        The seconds of each pass, those of `BATCH` jets per jet. Empty in results that ship: their times are of another
        machine, and are not shown.
    conditions : Conditions or None
        What the machine did meanwhile.
    """

    parameters: int
    disk: int
    single: float
    batch: float
    memory: int
    single_passes: tuple[float, ...] = ()
    batch_passes: tuple[float, ...] = ()
    conditions: Conditions | None = None

    @property
    def is_timed(self) -> bool:
        """Whether there are times to show."""
        return bool(self.single_passes and self.batch_passes)

    @property
    def single_timing(self) -> Timing:
        return Timing((), self.single_passes)

    @property
    def batch_timing(self) -> Timing:
        """The times per jet."""
        return Timing((), self.batch_passes)


def measure_cost(tagger: Tagger, jets: ak.Array, execute: Executor = execute_here) -> Cost:
    """Measure the cost of a model; see `measure_costs`, which compares several."""
    return measure_costs({tagger.name: tagger}, jets, execute)[0]


def measure_costs(models: Mapping[str, Tagger], jets: ak.Array, execute: Executor = execute_here) -> list[Cost]:
    """Measure the costs of models, whose passes take turns, so that their times compare like with like.

    Parameters
    ----------
    models : mapping of str to Tagger
        The models by name.
    jets : ak.Array
        The first `BATCH` of them are used, repeated where there are fewer; the single jet is the one of median
        length among all of them.
    execute : Executor
        Where each pass runs; a server passes the thread that its models share.

    Returns
    -------
    list of Cost
        In the order of the models.

    Raises
    ------
    PartError
        If there are no jets.
    """
    if not len(jets):
        raise PartError("A cost is measured on jets; here are none.")
    many = jets[np.resize(np.arange(min(BATCH, len(jets))), BATCH)]
    lengths = multiplicities(many)
    middle = np.argsort(lengths, kind="stable")[len(lengths) // 2]
    batches = {}
    for name, tagger in models.items():
        batches[name] = [make_batch(own, tagger.features).to(tagger.device) for own in (many[[middle]], many)]
    with Watch(next(iter(models.values())).device) as watch:
        single, batch = (_time_in_turns(models, {name: b[i] for name, b in batches.items()}, execute) for i in (0, 1))
    costs = []
    for name, tagger in models.items():
        per_jet = tuple(seconds / BATCH for seconds in batch[name].seconds)
        costs.append(
            Cost(
                parameters=tagger.n_parameters,
                disk=weights_file(tagger).stat().st_size,
                single=single[name].median,
                batch=float(np.median(per_jet)),
                memory=weight_bytes(tagger) + execute(peak_bytes, tagger, batches[name][1]),
                single_passes=single[name].seconds,
                batch_passes=per_jet,
                conditions=watch.conditions,
            )
        )
    return costs


def judge_costs(costs: Iterable[Cost]) -> Verdict | None:
    """Judge the times of models that were measured together; None if none was timed."""
    timed = [cost for cost in costs if cost.is_timed]
    timings = [timing for cost in timed for timing in (cost.single_timing, cost.batch_timing)]
    return judge(timings, [cost.conditions for cost in timed]) if timed else None


def weight_bytes(tagger: Tagger) -> int:
    """Return the bytes of the weights in memory."""
    return sum(t.nbytes for t in plain_tensors(tagger.model).values())


def weights_file(tagger: Tagger) -> Path:
    """Return the file of the weights; a card may point at the file of another checkpoint."""
    return tagger.path.with_name(tagger.card["weights"]) if tagger.path.suffix == ".json" else tagger.path


def _time_in_turns(
    models: Mapping[str, Tagger], batches: Mapping[str, JetBatch], execute: Executor
) -> dict[str, Timing]:
    passes = {name: partial(execute, _time_pass, tagger, batches[name]) for name, tagger in models.items()}
    return time_interleaved(passes, ROUNDS, warmup=1, budget=BUDGET, least=MIN_ROUNDS)


def _time_pass(tagger: Tagger, batch: JetBatch) -> float:
    return time_call(partial(tagger.logits, batch), tagger.device)


def peak_bytes(tagger: Tagger, batch: JetBatch) -> int:
    """Return the peak of the bytes that one forward pass holds in new tensors, plus the workspace of compiled code."""
    with _LiveBytes() as live:
        tagger.logits(batch)
    return live.peak + tagger.workspace_bytes


class _LiveBytes(TorchDispatchMode):
    """A counter of the bytes of new tensors while they live. A view is not new; memory within a kernel is not seen."""

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        inputs = {t.untyped_storage().data_ptr() for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage().data_ptr() not in inputs:
                self._allocate(tensor.untyped_storage())
        return result

    def _allocate(self, storage: torch.UntypedStorage) -> None:
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._free, storage.nbytes())

    def _free(self, size: int) -> None:
        self.now -= size
