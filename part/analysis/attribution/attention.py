"""Attributions along the attention: how much of each particle reaches the class token, layer by layer.

In the patterns here the class token comes first of 1 + N tokens; in layers where it does not attend it keeps its state.
In a model without one, whose head takes the mean over the particles, that mean stands for the token at the end.
Shapes: N particles, H heads.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from part.analysis.attribution.task import Attribution, AttributionTask
from part.inference.cache import ActivationCache


def attention_rollout(task: AttributionTask) -> Attribution:
    """Compute attention rollout: the shares of the class token that come from each particle.

    In each layer a token is half itself, for the residual connection, and half what it attends to, on average over
    the heads. Rollout ignores what the layers do to the values and how long these are; it is positive, and the same
    for all classes.

    References
    ----------
    arXiv:2005.00928
    """
    with torch.no_grad():
        patterns, _ = _record_patterns(task)
    rows = [_square(pattern[0].mean(0), len(task)).double().cpu().numpy() for pattern in patterns]
    return Attribution("rollout", roll_out(rows, _has_class_token(task)))


def roll_out(patterns: list[np.ndarray], has_class_token: bool = True) -> np.ndarray:
    """Return the share of each particle in the class token (N,), from the patterns (1 + N, 1 + N) of all layers.

    Without a class token the shares are those in the mean over the particles.
    """
    shares = np.eye(len(patterns[0]))
    for pattern in patterns:
        shares = (pattern + np.eye(len(pattern))) / 2 @ shares
    return shares[0, 1:] if has_class_token else shares[1:, 1:].mean(0)


def gradient_attention(task: AttributionTask) -> Attribution:
    """Compute gradient times attention: rollout with attention weighted by what it does for the target, in log odds.

    In each layer a weight of attention counts times the gradient of the target with respect to it where that is
    positive, on average over the heads, so only evidence for the target shows.

    References
    ----------
    arXiv:2012.09838, in the form of arXiv:2103.15679
    """
    with torch.enable_grad():
        patterns, target = _record_patterns(task)
        gradients = torch.autograd.grad(target.sum(), patterns)
    start = torch.eye(1 + len(task), dtype=torch.float64, device=task.x.device)
    relevance = start
    for pattern, gradient in zip(patterns, gradients, strict=True):
        positive = (gradient * pattern).detach().clamp(min=0)[0].mean(0)
        relevance = relevance + _square(positive, len(task), idle=0.0).double() @ relevance
    # What a particle is itself is no evidence that the attention carries.
    carried = relevance[0, 1:] if _has_class_token(task) else (relevance - start)[1:, 1:].mean(0)
    return Attribution("gradient_attention", carried.cpu().numpy())


def _has_class_token(task: AttributionTask) -> bool:
    """Return whether the head takes the state of a class token, and not the mean over the particles."""
    return getattr(task.tagger.model, "class_token", None) is not None


def _record_patterns(task: AttributionTask) -> tuple[list[Tensor], Tensor]:
    """Return the patterns (1, H, queries, keys) of all layers in the order of the pass, and the target (1,)."""
    cache = ActivationCache(("pattern",), grad=True)
    mask = task.x.new_ones(1, len(task), dtype=torch.bool)
    logits = task.tagger.of_classes(task.tagger.model(task.x, task.v, mask, tap=cache.record))
    target = task.target(logits)
    return list(cache.values()), target


def _square(pattern: Tensor, n: int, idle: float = 1.0) -> Tensor:
    """Return a pattern over all tokens (1 + N, 1 + N), from that of the queries of one layer.

    These are the particles (N, N), the class token (1, 1 + N) or all of them (1 + N, 1 + N). The diagonal of tokens
    that are no queries of the layer is `idle`.
    """
    if pattern.shape[1] == n:
        square = F.pad(pattern, (1, 0, 1, 0))
        square[0, 0] = idle
        return square
    rest = idle * torch.eye(n + 1, dtype=pattern.dtype, device=pattern.device)
    return torch.cat((pattern, rest[len(pattern) :]))
