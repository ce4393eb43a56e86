"""Exact Shapley values of the four pair features: how much of a pair's bias is owed to each.

The embedding is not linear, so no feature has a part of the bias by itself. Its Shapley value (arXiv:1705.07874) is
how much the bias changes when the feature becomes known, averaged over all orders in which the four may; these add up
to the bias of the pair less that of the baseline. While a feature is not known it is that of other pairs, the baseline,
over which the network's answers are averaged ("interventional", arXiv:1910.13413). Four features have 2^4 sets.
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
    """values (P, H, F) in units of the bias (a logit); base (H,): mean bias of the baseline; bias (P, H).

    base + values.sum(-1) = bias.
    """

    values: np.ndarray
    base: np.ndarray
    bias: np.ndarray


def shapley(network: Network, features: np.ndarray, baseline: np.ndarray) -> Shapley:
    """Of pairs with features (P, F), against a baseline (B, F)."""
    count = features.shape[1]
    known = np.array(list(product((False, True), repeat=count)))  # (S, F), nothing first and everything last
    bias = network(features).astype(np.float64)
    base = network(baseline).mean(0, dtype=np.float64)
    inner = [_worth(network, features, baseline, some) for some in known[1:-1]]
    worth = np.stack([np.broadcast_to(base, bias.shape), *inner, bias])
    return Shapley(np.einsum("fs,sph->phf", _weights(known), worth), base, bias)


def _worth(network: Network, features: np.ndarray, baseline: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Mean bias (P, H) of the pairs' known features with the baseline's others."""
    mixed = np.where(known, features[:, None], baseline[None])  # (P, B, F)
    answers = network(mixed.reshape(-1, mixed.shape[-1]))
    return answers.reshape(len(features), len(baseline), -1).mean(1, dtype=np.float64)


def _weights(known: np.ndarray) -> np.ndarray:
    """With which sign and weight the worth of each set enters the value of each feature: (F, S)."""
    count = known.shape[1]
    others = known.sum(1) - known.T  # how many features of a set are not this one (F, S)
    share = 1 / (count * np.vectorize(comb)(count - 1, others))
    return np.where(known.T, share, -share)
