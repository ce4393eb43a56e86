"""How sparse attention is: numbers of each row of a pattern, which is a distribution over the keys of one query.

Nearly binary attention was seen in ParT (arXiv:2412.03673) and traced to its queries and keys (arXiv:2512.00210).
Shapes: ... any axes, K keys; J jets, L layers, H heads, N particles. Rows sum to 1 over the real keys and are 0 on
padding. n: number of real keys, broadcastable to the rows (...).
"""

import numpy as np


def entropy(rows: np.ndarray) -> np.ndarray:
    """-Σ w ln w of rows (..., K) in nats (...): 0 if all is on one key, ln n if it is shared evenly."""
    logs = np.log(rows, out=np.zeros_like(rows), where=rows > 0)
    return -np.einsum("...k,...k->...", rows, logs)


def effective_number(rows: np.ndarray) -> np.ndarray:
    """exp(entropy): how many evenly attended keys have that entropy (...), from 1 to n."""
    return np.exp(entropy(rows))


def gini(ranked: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Gini coefficient of ascending rows (..., K): Σ_r (2 r - n - 1) w_r / n with ranks r from 1 to n.

    0 if all n keys get the same, 1 - 1/n if one gets all.
    """
    keys = ranked.shape[-1]
    # Padding is 0 and comes first: of the K ranks the real ones are the last n.
    rank = np.arange(1, keys + 1, dtype=ranked.dtype)
    weighted = 2 * (ranked @ rank)
    return (weighted - (2 * keys - n + 1) * ranked.sum(-1)) / n


def top_mass(ranked: np.ndarray, k: int) -> np.ndarray:
    """What the k strongest keys of ascending rows (..., K) get together (...); all of it for k >= n."""
    return ranked[..., max(ranked.shape[-1] - k, 0) :].sum(-1)


def near_binary(ranked: np.ndarray, threshold: float = 0.9) -> np.ndarray:
    """Whether one key of ascending rows (..., K) gets more than `threshold`, all others together then less than the
    rest: True for a row that is 0 and 1 up to 1 - threshold."""
    return ranked[..., -1] > threshold


def identity_distance(pattern: np.ndarray) -> np.ndarray:
    """Total variation distance ½ Σ_j |w_ij - δ_ij| = 1 - w_ii of square patterns (..., N, N) from each particle
    attending to itself (..., N): 0 for the identity, 1 where nothing stays with the particle."""
    return 1 - np.diagonal(pattern, axis1=-2, axis2=-1)


def over_queries(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean over the real queries of each jet: values (J, L, H, N), mask (J, N) -> (J, L, H), float64.

    nan for a jet of one particle, whose attention is 1 whatever the model.
    """
    n = mask.sum(1)
    sums = np.einsum("jlhn,jn->jlh", values, mask, dtype=np.float64)
    return sums / np.where(n > 1, n, np.nan)[:, None, None]


def sparsity(pattern: np.ndarray, mask: np.ndarray, k: int = 5, threshold: float = 0.9) -> dict[str, np.ndarray]:
    """All of them of patterns (J, L, H, N, N), means over the real queries (J, L, H) by name; mask (J, N)."""
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
    return {name: over_queries(values, mask) for name, values in rows.items()}
