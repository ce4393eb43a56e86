"""The cost of a forward pass of the network alone, on inputs that are ready.

Shapes: B jets.
"""

import weakref
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from part.benchmarking.timing import time_call, time_one
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch, multiplicities
from part.models.numerics.int8 import plain_tensors
from part.progress import Executor, execute_here

BATCH = 64
PASSES = 3


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
        Seconds of a forward pass of one jet.
    batch : float
        Seconds per jet of a forward pass of `BATCH` jets.
    memory : int
        Bytes of the weights plus the peak of all tensors that a forward pass of `BATCH` jets holds at once.
    """

    parameters: int
    disk: int
    single: float
    batch: float
    memory: int


def measure_cost(tagger: Tagger, jets: ak.Array, execute: Executor = execute_here) -> Cost:
    """Measure the cost of a model.

    Parameters
    ----------
    tagger : Tagger
        The model.
    jets : ak.Array
        The first `BATCH` of them are used, repeated where there are fewer; the single jet is the one of median
        length among all of them.
    execute : Executor
        Where each pass runs; a server passes the thread that its models share.

    Returns
    -------
    Cost

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
    one, all_of_them = (
        make_batch(selection, tagger.features).to(tagger.device) for selection in (many[[middle]], many)
    )
    return Cost(
        tagger.n_parameters,
        weights_file(tagger).stat().st_size,
        median_seconds(tagger, one, execute),
        median_seconds(tagger, all_of_them, execute) / BATCH,
        weight_bytes(tagger) + execute(peak_bytes, tagger, all_of_them),
    )


def weight_bytes(tagger: Tagger) -> int:
    """Return the bytes of the weights in memory."""
    return sum(t.nbytes for t in plain_tensors(tagger.model).values())


def weights_file(tagger: Tagger) -> Path:
    """Return the file of the weights; a card may point at the file of another checkpoint."""
    return tagger.path.with_name(tagger.card["weights"]) if tagger.path.suffix == ".json" else tagger.path


def median_seconds(tagger: Tagger, batch: JetBatch, execute: Executor = execute_here) -> float:
    """Return the median time of `PASSES` forward passes, after one that warms up."""
    return time_one(partial(execute, _time_pass, tagger, batch), PASSES).median


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
