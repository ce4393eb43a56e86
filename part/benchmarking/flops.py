"""How many operations and bytes a forward pass needs, module by module.

Multiplications and additions of matrix products are counted as in torch.utils.flop_counter; every other operator
counts as one operation for each number it writes. Bytes are those of all tensors that operators read and write: what
would pass through memory if nothing stayed in a cache.
"""

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from part.benchmarking.module_hooks import announced
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.models.numerics.precision import running_in


@dataclass(frozen=True)
class Work:
    """flops: operations. bytes: read and written."""

    flops: int
    bytes: int


def work(tagger: Tagger, batch: JetBatch) -> dict[str, Work]:
    """By the path of the module ("" for the model itself), of what goes on in it and not in modules below it."""
    counter, path = _Counter(), [""]
    with torch.no_grad(), running_in(tagger.precision, tagger.device), announced(tagger.model, path.append, path.pop):
        counter.path = path
        with counter:
            tagger.model(batch.x, batch.v, batch.mask)
    return {place: Work(*sums) for place, sums in counter.found.items()}


class _Counter(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.path: list[str] = []
        self.found = defaultdict(lambda: [0, 0])

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func._overloadpacket not in flop_registry and func._can_decompose():
            with self:
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        result = func(*args, **kwargs)
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        made = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
        if not func._schema.is_mutable and {_place(t) for t in made} <= {_place(t) for t in given}:
            return result  # a view: nothing moves
        entry = self.found[self.path[-1]]
        entry[0] += _flops(func, args, kwargs, result, made)
        entry[1] += sum(_bytes(t) for t in (*given, *made))
        return result


def _flops(func, args, kwargs, result, made: list[Tensor]) -> int:
    packet = func._overloadpacket
    if "scaled_dot_product" in str(packet):
        return sdpa_flop_count(*(t.shape for t in args[:3]))
    if packet in flop_registry:
        return flop_registry[packet](*args, **kwargs, out_val=result)
    if packet is torch.ops.aten._int_mm:
        return 2 * args[0].shape[0] * args[0].shape[1] * args[1].shape[1]
    return sum(t.numel() for t in made)


def _place(t: Tensor) -> int:
    return t.untyped_storage().data_ptr()


def _bytes(t: Tensor) -> int:
    """An expanded tensor is no larger than what it is expanded from."""
    return min(t.nbytes, t.untyped_storage().nbytes())
