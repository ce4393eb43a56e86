"""What reaches the class token from each particle along the attention, layer by layer.

The token stands first of 1 + N; while it does not take part yet, it stays itself.
Shapes: N particles, L layers of particles and of the class token, H heads.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from part.analysis.attribution.explained import Explained


def rollout(jet: Explained) -> np.ndarray:
    """Attention rollout (arXiv:2005.00928) -> (N,): shares of the class token, positive, the same for all classes.

    In each layer a token is half what it was, for the residual, and half what its heads, on average, look at.
    What the layers do to values, and how long these are, it does not know.
    """
    with torch.no_grad():
        patterns, _ = _hear(jet)
    return roll([_square(pattern[0].mean(0), len(jet)).double().cpu().numpy() for pattern in patterns])


def roll(patterns: list[np.ndarray]) -> np.ndarray:
    """Patterns (1 + N, 1 + N) of all layers, rows that sum to 1 -> what of each particle is in the token (N,)."""
    mixed = np.eye(len(patterns[0]))
    for pattern in patterns:
        mixed = (pattern + np.eye(len(pattern))) / 2 @ mixed
    return mixed[0, 1:]


def gradient_attention(jet: Explained) -> np.ndarray:
    """Gradient times attention (arXiv:2012.09838, in the form of arXiv:2103.15679) -> (N,), in the target's unit.

    In each layer attention counts by the gradient of the target with respect to it, where that is positive, on
    average over the heads: only what speaks for the target shows.
    """
    with torch.enable_grad():
        patterns, target = _hear(jet)
        gradients = torch.autograd.grad(target.sum(), patterns)
    mixed = torch.eye(1 + len(jet), dtype=torch.float64, device=jet.x.device)
    for pattern, gradient in zip(patterns, gradients, strict=True):
        helpful = (gradient * pattern).detach().clamp(min=0)[0].mean(0)
        mixed = mixed + _square(helpful, len(jet), token=0.0).double() @ mixed
    return mixed[0, 1:].cpu().numpy()


def _hear(jet: Explained) -> tuple[list[Tensor], Tensor]:
    """The patterns (1, H, queries, keys) of all layers in their order, and the target (1,)."""
    patterns = []

    def tap(name: str, tensor: Tensor) -> Tensor:
        if name.endswith(".pattern"):
            if torch.is_grad_enabled() and not tensor.requires_grad:
                tensor = tensor.requires_grad_()  # the first one, as weights and inputs ask for no gradients
            patterns.append(tensor)
        return tensor

    mask = jet.x.new_ones(1, len(jet), dtype=torch.bool)
    return patterns, jet.target(jet.tagger.model(jet.x, jet.v, mask, tap=tap))


def _square(pattern: Tensor, n: int, token: float = 1.0) -> Tensor:
    """Of particles (N, N), of the class token (1, 1 + N) or of all (1 + N, 1 + N) -> (1 + N, 1 + N).

    token: what stands on the diagonal for those that ask nothing in this layer.
    """
    if pattern.shape[1] == n:
        square = F.pad(pattern, (1, 0, 1, 0))
        square[0, 0] = token
        return square
    idle = token * torch.eye(n + 1, dtype=pattern.dtype, device=pattern.device)
    return torch.cat((pattern, idle[len(pattern) :]))
