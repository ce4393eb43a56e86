"""Measures of how sparse attention is, for each row of a pattern, which is a distribution over one query's keys.

Nearly binary attention was observed in ParT (arXiv:2412.03673) and traced to its queries and keys (arXiv:2512.00210).
Shapes: ... any axes, K keys; J jets, L layers, H heads, N particles. Rows sum to 1 over the real keys and are 0 on
padding. n: number of real keys, broadcastable to the rows (...).
"""

import numpy as np


def entropy(rows: np.ndarray) -> np.ndarray:
    """Return -Σ w ln w of rows (..., K) in nats: 0 if one key has all the weight, ln n if it is uniform."""
    logs = np.log(rows, out=np.zeros_like(rows), where=rows > 0)
    return -np.einsum("...k,...k->...", rows, logs)


def effective_number(rows: np.ndarray) -> np.ndarray:
    """Return exp(entropy), the number of uniformly attended keys with that entropy, from 1 to n."""
    return np.exp(entropy(rows))


def gini(ranked: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the Gini coefficient of ascending rows (..., K), Σ_r (2 r - n - 1) w_r / n with ranks r from 1 to n.

    It is 0 for n equal weights and 1 - 1/n if one key has all.
    """
    keys = ranked.shape[-1]
    # Padding is 0 and sorts first, so the real keys hold the last n of the K ranks.
    rank = np.arange(1, keys + 1, dtype=ranked.dtype)
    weighted = 2 * (ranked @ rank)
    return (weighted - (2 * keys - n + 1) * ranked.sum(-1)) / n


def top_mass(ranked: np.ndarray, k: int) -> np.ndarray:
    """Return the summed weight of the k strongest keys of ascending rows (..., K)."""
    return ranked[..., max(ranked.shape[-1] - k, 0) :].sum(-1)


def near_binary(ranked: np.ndarray, threshold: float = 0.9) -> np.ndarray:
    """Return whether one key of ascending rows (..., K) has more than `threshold` of the weight."""
    return ranked[..., -1] > threshold


def identity_distance(pattern: np.ndarray) -> np.ndarray:
    """Return the total variation distance ½ Σ_j |w_ij - δ_ij| = 1 - w_ii (..., N) of patterns (..., N, N) from 1.

    It is 0 where a particle attends to itself alone and 1 where it does not attend to itself.
    """
    return 1 - np.diagonal(pattern, axis1=-2, axis2=-1)


def mean_over_queries(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mean of values (J, L, H, N) over the real queries (J, N) of each jet, (J, L, H), float64.

    It is NaN for a jet of one particle, whose attention is 1 for every model.
    """
    n = mask.sum(1)
    sums = np.einsum("jlhn,jn->jlh", values, mask, dtype=np.float64)
    return sums / np.where(n > 1, n, np.nan)[:, None, None]


def sparsity(pattern: np.ndarray, mask: np.ndarray, k: int = 5, threshold: float = 0.9) -> dict[str, np.ndarray]:
    """Return all measures of patterns (J, L, H, N, N) by name, as means over the real queries (J, L, H).

    Parameters
    ----------
    pattern : ndarray (J, L, H, N, N)
    mask : ndarray (J, N), bool
        True = real.
    k : int
        Keys of the top-k mass.
    threshold : float
        The threshold of near-binary rows.
    """
    ranked, n = np.sort(pattern, axis=-1), mask.sum(1)[:, None, None, None]
    nats = entropy(pattern)
    rows = {
        "entropy": nats,
        "effective_number": np.exp(nats),
        "gini": gini(ranked, n),
        "top1": top_mass(ranked, 1),
        "topk": top_mass(ranked, k),
        "near_binary": near_binary(ranked, threshold),
        "identity_distance": identity_distance(pattern),
    }
    return {name: mean_over_queries(values, mask) for name, values in rows.items()}
