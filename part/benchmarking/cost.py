"""What a forward pass costs: the network alone, on inputs that are ready.

Shapes: B jets.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from part.benchmarking.timing import of_one, one_pass
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch
from part.models.numerics.int8 import plain_tensors

BATCH = 64
PASSES = 3


@dataclass(frozen=True)
class Cost:
    """parameters; disk: bytes of the weights' file; single, batch: seconds a jet, alone and among BATCH jets.

    memory: bytes of weights and, at its peak, of all tensors that a forward pass of BATCH jets holds at once.
    """

    parameters: int
    disk: int
    single: float
    batch: float
    memory: int


def cost(tagger: Tagger, jets: ak.Array, run: Callable = lambda function, *values: function(*values)) -> Cost:
    """Measure with the first BATCH jets, repeated where there are fewer, and the one of median length among them.

    run: calls a function with arguments; a server may have its models' thread do it, a pass at a time.
    """
    if not len(jets):
        raise PartError("A cost is measured on jets; here are none.")
    many = jets[np.resize(np.arange(min(BATCH, len(jets))), BATCH)]
    lengths = ak.to_numpy(ak.num(many["part_px"]))
    middle = np.argsort(lengths, kind="stable")[len(lengths) // 2]
    one, all_of_them = (make_batch(some, tagger.features).to(tagger.device) for some in (many[[middle]], many))
    return Cost(
        tagger.n_parameters,
        weights_file(tagger).stat().st_size,
        seconds(tagger, one, run),
        seconds(tagger, all_of_them, run) / BATCH,
        weight_bytes(tagger) + run(peak_bytes, tagger, all_of_them),
    )


def weight_bytes(tagger: Tagger) -> int:
    """In memory."""
    return sum(t.nbytes for t in plain_tensors(tagger.model).values())


def weights_file(tagger: Tagger) -> Path:
    """The file of the weights; a card may point at that of another checkpoint."""
    return tagger.path.with_name(tagger.card["weights"]) if tagger.path.suffix == ".json" else tagger.path


def seconds(tagger: Tagger, batch: JetBatch, run: Callable) -> float:
    """Of a forward pass: the median of PASSES, after one that warms up."""
    return of_one(partial(run, _pass, tagger, batch), PASSES).median


def _pass(tagger: Tagger, batch: JetBatch) -> float:
    return one_pass(partial(tagger.logits, batch), tagger.device)


def peak_bytes(tagger: Tagger, batch: JetBatch) -> int:
    """Of the tensors that one forward pass made, the most that were there at once; of compiled code, what it needed."""
    with _Living() as living:
        tagger.logits(batch)
    return living.peak + tagger.scratch


class _Living(TorchDispatchMode):
    """Counts the bytes of new tensors while they live; a view is not new, and what goes on in a kernel not seen."""

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        given = {t.untyped_storage().data_ptr() for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage().data_ptr() not in given:
                self._born(tensor.untyped_storage())
        return result

    def _born(self, storage: torch.UntypedStorage) -> None:
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, storage.nbytes())

    def _gone(self, size: int) -> None:
        self.now -= size
