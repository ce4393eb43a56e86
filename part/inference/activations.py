"""Activations of the heads of the particle blocks on some jets, in numpy; they are less than a whole trace.

Shapes: J jets, N particles (the longest jet), L layers, H heads, K slots, d channels of a head.
"""

import awkward as ak
import numpy as np
from torch import Tensor

from part.inference.cache import ActivationCache
from part.inference.tagger import Tagger


def normalised_patterns(tagger: Tagger, jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the attention between real particles, each real row scaled to a sum of 1.

    The scaling changes rows only where a global token takes part of the attention, which is left out here.

    Returns
    -------
    pattern : ndarray (J, L, H, N, N)
        Rows and columns of padding are 0.
    mask : ndarray (J, N), bool
        True = real.
    """
    cache, mask = _cache(tagger, jets, ("pattern",))
    return _normalised(cache, mask), mask


def attention_between_particles(tagger: Tagger, jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights with which particles take each other's values, also of a model that attends to slots.

    Where particles attend to slots these are sums over slots of the attention times the weight of a particle in the
    slot; they may have either sign, and rows need not sum to 1. Otherwise they are `normalised_patterns`.

    Returns
    -------
    weights : ndarray (J, L, H, N, N)
        Rows and columns of padding are 0.
    mask : ndarray (J, N), bool
        True = real.
    """
    cache, mask = _cache(tagger, jets, ("pattern", "mixing"))
    mixing = cache.blocks("mixing")  # (J, K, N) of each layer, 0 on padding
    if not mixing:
        return _normalised(cache, mask), mask
    layers = zip(cache.blocks("pattern"), mixing, strict=True)
    weights = np.stack([_numpy(pattern) @ _numpy(slots)[:, None] for pattern, slots in layers], 1)
    return weights * mask[:, None, None, :, None], mask


def patterns_and_class_rows(tagger: Tagger, jets: ak.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `normalised_patterns` does, and before the mask the attention of the class token.

    Returns
    -------
    pattern : ndarray (J, L, H, N, N)
    class_rows : ndarray (J, A, N)
        The attention of the class token, or a global token, to particles, with its A heads of all layers; A is 0
        without one.
    mask : ndarray (J, N), bool
        True = real.
    """
    cache, mask = _cache(tagger, jets, ("pattern",))
    n = mask.shape[1]
    with_token = [_numpy(tensor) for tensor in cache.values() if tensor.shape[-1] == n + 1]  # the token comes first
    rows = [pattern[..., 0, 1:] * mask[:, None] for pattern in with_token]
    class_rows = np.concatenate(rows, 1) if rows else np.zeros((len(mask), 0, n), np.float32)
    return _normalised(cache, mask), class_rows, mask


def head_outputs(tagger: Tagger, jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return what each head adds up for each particle, Σ_j pattern_ij v_j, times the gate where there is one.

    Returns
    -------
    outputs : ndarray (J, L, H, N, d)
    mask : ndarray (J, N), bool
        True = real.
    """
    cache, mask = _cache(tagger, jets, ("pattern", "values", "gate"))
    patterns, values, gates = ([_numpy(t) for t in cache.blocks(name)] for name in ("pattern", "values", "gate"))
    outputs = [pattern @ value for pattern, value in zip(patterns, values, strict=True)]
    if gates:
        outputs = [output * gate for output, gate in zip(outputs, gates, strict=True)]
    return np.stack([output[..., -mask.shape[1] :, :] for output in outputs], 1), mask


def _normalised(cache: ActivationCache, mask: np.ndarray) -> np.ndarray:
    """Return the attention between real particles (J, L, H, N, N), each real row scaled to a sum of 1."""
    length = mask.shape[1]
    pattern = np.stack([_numpy(layer)[..., -length:, -length:] for layer in cache.blocks("pattern")], 1)
    pattern *= (mask[:, :, None] & mask[:, None, :])[:, None, None]
    total = pattern.sum(-1, keepdims=True)
    return np.divide(pattern, total, out=pattern, where=total > 0)


def _cache(tagger: Tagger, jets: ak.Array, names: tuple[str, ...]) -> tuple[ActivationCache, np.ndarray]:
    _, cache = tagger.run_with_cache(jets, names)
    return cache, cache.mask.cpu().numpy()


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
