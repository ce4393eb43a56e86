"""Exact Shapley values of the pair features: how much of a pair's bias each accounts for.

The embedding is not linear, so no feature contributes to the bias by itself. Its Shapley value (arXiv:1705.07874) is
the change of the bias when the feature becomes known, averaged over all orders in which they may become known; the
values add up to the pair's bias minus that of the baseline. A feature that is not known takes its values from other
pairs, the baseline, over which the bias is averaged ("interventional", arXiv:1910.13413). Four features have 2^4 sets.
Shapes: P pairs, B baseline pairs, F features, S = 2^F sets of features, H heads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np

Network = Callable[[np.ndarray], np.ndarray]  # features (P, F) -> (P, H)


@dataclass(frozen=True, eq=False)
class Shapley:
    """Shapley values of P pairs, with base + values.sum(-1) = bias.

    Attributes
    ----------
    values : ndarray (P, H, F)
        In units of the bias, which are logits.
    base : ndarray (H,)
        Mean bias of the baseline.
    bias : ndarray (P, H)
    """

    values: np.ndarray
    base: np.ndarray
    bias: np.ndarray


def shapley(network: Network, features: np.ndarray, baseline: np.ndarray) -> Shapley:
    """Return the Shapley values of pairs with features (P, F) against a baseline (B, F)."""
    count = features.shape[1]
    subsets = np.array(list(product((False, True), repeat=count)))  # (S, F), the empty set first and the full set last
    bias = network(features).astype(np.float64)
    base = network(baseline).mean(0, dtype=np.float64)
    inner = [_mean_bias(network, features, baseline, subset) for subset in subsets[1:-1]]
    set_values = np.stack([np.broadcast_to(base, bias.shape), *inner, bias])
    return Shapley(np.einsum("fs,sph->phf", _weights(subsets), set_values), base, bias)


def _mean_bias(network: Network, features: np.ndarray, baseline: np.ndarray, subset: np.ndarray) -> np.ndarray:
    """Return the mean bias (P, H) with the known features of the pairs and the others of the baseline."""
    mixed = np.where(subset, features[:, None], baseline[None])  # (P, B, F)
    biases = network(mixed.reshape(-1, mixed.shape[-1]))
    return biases.reshape(len(features), len(baseline), -1).mean(1, dtype=np.float64)


def _weights(subsets: np.ndarray) -> np.ndarray:
    """Return the signed weight (F, S) with which the mean bias of each set enters the value of each feature."""
    count = subsets.shape[1]
    others = subsets.sum(1) - subsets.T  # how many features of a set are not this one (F, S)
    share = 1 / (count * np.vectorize(comb)(count - 1, others))
    return np.where(subsets.T, share, -share)
