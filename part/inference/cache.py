"""The tensors of a forward pass, recorded by name through the tap that every model takes."""

from collections.abc import Collection

import torch
from torch import Tensor

from part.errors import PartError

# The last parts of the tap names of a transformer; a model may lack some of them.
TAP_NAMES = ("scores_qk", "bias", "pattern", "values", "head_output", "gate", "mixing", "residual")


class ActivationCache(dict[str, Tensor]):
    """Tensors by tap name, in the order of the forward pass; its method `record` is the tap that fills it.


    Parameters
    ----------
    names : collection of str, optional
        The tensors to keep, by tap name or by its last part, for instance {"pattern", "blocks.0.values"}; all by
        default.
    grad : bool
        Whether the recorded tensors take part in automatic differentiation even where no weight or input does.
    """

    def __init__(self, names: Collection[str] | None = None, grad: bool = False):
        super().__init__()
        self._mask: Tensor | None = None
        self.seen: set[str] = set()  # the names of all tensors that passed, recorded or not
        self._names, self._grad = names, grad

    @property
    def mask(self) -> Tensor:
        """The real particles (J, N) of the jets that `Tagger.run_with_cache` ran."""
        if self._mask is None:
            raise ValueError("only a cache from Tagger.run_with_cache has a mask")
        return self._mask

    @mask.setter
    def mask(self, mask: Tensor) -> None:
        self._mask = mask

    def record(self, name: str, tensor: Tensor) -> Tensor:
        """Keep a tensor and pass it on unchanged."""
        self.seen.add(name)
        if self._names is None or name in self._names or name.rpartition(".")[2] in self._names:
            if self._grad and torch.is_grad_enabled() and not tensor.requires_grad:
                tensor = tensor.requires_grad_()
            self[name] = tensor
        return tensor

    def check_names(self, model: str) -> None:
        """Raise PartError if a name that was to be recorded is that of no tensor; `model` is the name of the model."""
        recordable = {*TAP_NAMES, *self.seen, *(name.rpartition(".")[2] for name in self.seen)}
        if unknown := sorted(set(self._names or ()) - recordable):
            raise PartError(f"{model} has no tensor {unknown[0]!r} to record; it has {', '.join(sorted(self.seen))}.")

    def __missing__(self, name: str) -> Tensor:
        raise PartError(f"There is no {name!r} in this cache; it holds {', '.join(self) or 'nothing'}.")

    def blocks(self, name: str) -> list[Tensor]:
        """Return a tensor of the particle blocks, one for each layer that has it."""
        return [tensor for key, tensor in self.items() if key.startswith("blocks.") and key.endswith(f".{name}")]
