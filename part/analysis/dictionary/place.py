"""Where in a model the activations of a dictionary are: the residual stream at a depth, or the output of a head.

Shapes: B jets, N particles, T tokens of the particle blocks (the particles, after a global token where there is one),
H heads, d channels of the place, C classes, K copies of the batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from part.errors import PartError
from part.inference.cache import ActivationCache
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.models.config import ParTConfig
from part.models.transformer import ParticleTransformer


@dataclass(frozen=True)
class Place:
    """A place whose activations each particle has.

    Attributes
    ----------
    layer : int
        The layer of particles, from 1; 0 is the embedding.
    head : int
        A head of the layer, from 1, whose output is taken; 0 for the residual stream after the layer.
    """

    layer: int
    head: int = 0

    def __str__(self) -> str:
        if self.head:
            return f"the output of L{self.layer}H{self.head}"
        return f"the residual stream after layer {self.layer}" if self.layer else "the embedding"

    def width(self, config: ParTConfig, name: str) -> int:
        """Return the number of channels. Raises PartError, with the model's name, if it has no such place."""
        least = 1 if self.head else 0
        if not least <= self.layer <= config.layers or not 0 <= self.head <= config.heads:
            raise PartError(
                f"{name} has no layer {self.layer} with head {self.head}; expected layers {least} to {config.layers} "
                f"and heads 1 to {config.heads}, or head 0 for the residual stream."
            )
        return config.width // config.heads if self.head else config.width

    @torch.no_grad()
    def of_batch(self, model: ParticleTransformer, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """Return the activations (B, N, d) of a batch of inputs, momenta and its mask."""
        states, bias, real = self._states_before(model, x, v, mask)
        if self.head:
            recorded = ActivationCache({HEAD_OUTPUT})
            model.run_block(self.layer - 1, states, bias, real, recorded.record)
            states = next(iter(recorded.values()))[:, self.head - 1]
        return states[:, -mask.shape[1] :]

    def gradient(self, model: ParticleTransformer, x: Tensor, v: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
        """Return the slopes (B, N, d) of a weighted sum of the outputs, weights (B, C), in the activations."""
        with torch.no_grad():
            states, bias, real = self._states_before(model, x, v, mask)
        leaves: list[Tensor] = []

        def leaf(name: str, tensor: Tensor) -> Tensor:
            if name.endswith(HEAD_OUTPUT):
                leaves.append(tensor.detach().requires_grad_())
                return leaves[0]
            return tensor

        with torch.enable_grad():
            if self.head:
                after = model.run_block(self.layer - 1, states, bias, real, leaf)
            else:
                leaves.append(states.detach().requires_grad_())
                after = leaves[0]
            outputs = model.forward_from_block(after, bias, real, None, self.layer)[:, : weights.shape[1]]
            slopes = torch.autograd.grad((outputs.float() * weights).sum(), leaves)[0]
        return (slopes[:, self.head - 1] if self.head else slopes)[:, -mask.shape[1] :]

    def _states_before(
        self, model: ParticleTransformer, x: Tensor, v: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return the states, the bias and the mask before what makes the activations: the head's layer, or nothing."""
        states, bias, real = model.prepend_class_token(*model.embed_inputs(x, v, mask), mask)
        for i in range(self.layer - (1 if self.head else 0)):
            states = model.run_block(i, states, bias, real)
        return states, bias, real

    def of_forward(self, forward: CachedForward) -> Tensor:
        """Return the activations (B, N, d) of a pass."""
        states = forward.head_output(self.layer - 1)[:, self.head - 1] if self.head else forward.states[self.layer]
        return states[:, -forward.batch.mask.shape[1] :]

    def rerun(self, forward: CachedForward, values: Tensor) -> Tensor:
        """Return the probabilities (K, B, C) with other activations (K, B, N, d) of the real particles."""
        copies, mask = len(values), forward.batch.mask
        first = forward.mask.shape[1] - mask.shape[1]
        values = torch.where(mask[..., None], values, self.of_forward(forward))
        if not self.head:
            states = forward.states[self.layer].repeat(copies, 1, 1, 1)
            states[:, :, first:] = values
            return forward.finish({self.layer: states})
        outputs = forward.head_output(self.layer - 1).repeat(copies, 1, 1, 1, 1)
        outputs[:, :, self.head - 1, first:] = values
        return forward.finish({self.layer: forward.states_after(self.layer - 1, outputs)})


def transformer(model: torch.nn.Module, name: str, subject: str = "dictionary") -> ParticleTransformer:
    """Return a model as one that has places. Raises PartError, with its name, for one without layers of particles.

    `subject` is what the caller wants of it, as it reads after "has no".
    """
    if not isinstance(model, ParticleTransformer) or not model.config.layers:
        raise PartError(f"{name} has no {subject}: it has no layers of particles.")
    return model
