"""Operations and bytes that a forward pass needs, module by module.

The multiplications and additions of matrix products count as in torch.utils.flop_counter; every other operator
counts as one operation per number that it writes. The bytes are those of all tensors that operators read and write:
what would pass through memory if nothing stayed in a cache.
"""

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from part.benchmarking.module_hooks import module_hooks
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.models.numerics.precision import autocast


@dataclass(frozen=True)
class Work:
    """The work of a module: floating-point operations, and bytes read and written."""

    flops: int
    bytes: int


def count_work(tagger: Tagger, batch: JetBatch) -> dict[str, Work]:
    """Count the work of one forward pass.

    Parameters
    ----------
    tagger : Tagger
        The model.
    batch : JetBatch
        The jets, on the model's device.

    Returns
    -------
    dict of str to Work
        The work by path of the module, "" for the model itself. A module's work excludes that of the modules
        below it, so the sum is the whole.
    """
    counter, path = _WorkCounter(), [""]
    with torch.no_grad(), autocast(tagger.precision, tagger.device), module_hooks(tagger.model, path.append, path.pop):
        counter.path = path
        with counter:
            tagger.model(batch.x, batch.v, batch.mask)
    return {module: Work(*counts) for module, counts in counter.counts.items()}


class _WorkCounter(TorchDispatchMode):
    """A counter of the operations and bytes of every operator for the module at the end of `path`."""

    def __init__(self):
        super().__init__()
        self.path: list[str] = []
        self.counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func._overloadpacket not in flop_registry and func._can_decompose():
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        inputs = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        outputs = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
        if not func._schema.is_mutable and {_storage(t) for t in outputs} <= {_storage(t) for t in inputs}:
            return result  # a view moves nothing
        counts = self.counts[self.path[-1]]
        counts[0] += _flops(func, args, kwargs, result, outputs)
        counts[1] += sum(_bytes(t) for t in (*inputs, *outputs))
        return result


def _flops(func, args, kwargs, result, outputs: list[Tensor]) -> int:
    packet = func._overloadpacket
    if "scaled_dot_product" in str(packet):
        return sdpa_flop_count(*(t.shape for t in args[:3]))
    if packet in flop_registry:
        return flop_registry[packet](*args, **kwargs, out_val=result)
    if packet is torch.ops.aten._int_mm:
        return 2 * args[0].shape[0] * args[0].shape[1] * args[1].shape[1]
    return sum(t.numel() for t in outputs)


def _storage(t: Tensor) -> int:
    return t.untyped_storage().data_ptr()


def _bytes(t: Tensor) -> int:
    """Return a tensor's bytes; an expanded one takes no more than the tensor it was expanded from."""
    return min(t.nbytes, t.untyped_storage().nbytes())
