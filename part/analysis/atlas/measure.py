"""How much of its attention a head gives to the keys of each hypothesis, and what is expected of shuffled keys.

For shuffled keys, the weights of each query go to its keys in random order; the expected share is then exact. Where a
hypothesis is about other tokens than the query, the query keeps its weight on itself and the others are shuffled.
Shapes: J jets, L layers, H heads, A class heads, R sources (L x H heads, then class heads), N tokens, K hypotheses.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from part.analysis.atlas.hypotheses import Hypothesis
from part.analysis.atlas.tokens import Tokens


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of attention in some jets, NaN where a jet has no such keys or no others.

    Attributes
    ----------
    share, null : ndarray (J, R, K)
        The mean over queries of the attention on the keys of each hypothesis, and of shuffled keys.
    overlap : ndarray (J, R, K, K)
        The attention on keys of both of two hypotheses, over all queries; those without such keys count as 0.
    common : ndarray (J, K, K)
        The share of the pairs of tokens that fulfil both.
    """

    share: np.ndarray
    null: np.ndarray
    overlap: np.ndarray
    common: np.ndarray


def find_keys(tokens: Tokens, hypotheses: Mapping[str, Hypothesis]) -> np.ndarray:
    """Return the keys of each hypothesis (J, K, N, N), all False where the jets do not say; of_others leaves i = j."""
    n = tokens.mask.shape[1]
    real = tokens.mask[:, :, None] & tokens.mask[:, None, :]
    keys = np.zeros((len(tokens.mask), len(hypotheses), n, n), bool)
    for k, hypothesis in enumerate(hypotheses.values()):
        found = hypothesis.find_keys(tokens)
        if found is not None:
            keys[:, k] = (found[:, None] if found.ndim == 2 else found) & real
        if hypothesis.of_others:
            keys[:, k] &= ~np.eye(n, dtype=bool)
    return keys


def measure(
    pattern: np.ndarray, class_pattern: np.ndarray, tokens: Tokens, hypotheses: Mapping[str, Hypothesis]
) -> Shares:
    """Return the shares of the heads and of the class token's heads.

    Parameters
    ----------
    pattern : ndarray (J, L, H, N, N)
        Rows of real queries sum to 1.
    class_pattern : ndarray (J, A, N)
        The attention of the class token to the tokens; scaled to a sum of 1. Hypotheses about pairs are NaN of it.
    tokens, hypotheses
        The jets, and what is asked of them.
    """
    others = np.array([h.of_others for h in hypotheses.values()])
    keys = find_keys(tokens, hypotheses)
    measured = [
        _of_jet(p[..., :n, :n].reshape(-1, n, n), c[:, :n], found[:, :n, :n], others)
        for p, c, found, n in zip(pattern, class_pattern, keys, tokens.mask.sum(1), strict=True)
    ]
    return Shares(*(np.stack([of_jet[i] for of_jet in measured]) for i in range(4)))


def _of_jet(
    pattern: np.ndarray, class_pattern: np.ndarray, keys: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the measures of one jet: patterns (L H, n, n) and (A, n), keys (K, n, n)."""
    k, n = keys.shape[:2]
    n_keys = keys.sum(-1)
    possible = n - others[:, None]  # keys that a query has
    valid = (n_keys > 0) & (n_keys < possible)  # the rest would fulfil the hypothesis never or always
    queries = valid / np.where(valid.any(-1), valid.sum(-1), np.nan)[:, None]  # weights of the mean over queries
    flat = pattern.reshape(len(pattern), n * n)
    share = flat @ (keys * queries[..., None]).reshape(k, n * n).T
    expected = n_keys / np.maximum(possible, 1) * queries  # (K, n)
    own = pattern[:, np.arange(n), np.arange(n)]
    null = expected.sum(-1) - own @ (expected * others[:, None]).T
    first, second = np.triu_indices(k)
    overlap = np.zeros((len(pattern) + len(class_pattern), k, k))
    of_both = (keys[first] & keys[second]).reshape(-1, n * n)
    overlap[: len(pattern), first, second] = flat @ of_both.T.astype(flat.dtype) / n
    common = np.zeros((k, k))
    common[first, second] = of_both.mean(-1)
    own_keys = (keys == keys[:, :1]).all((1, 2)) & ~others  # the keys do not depend on the query
    total = class_pattern.sum(-1, keepdims=True)
    rows = np.divide(class_pattern, total, out=np.zeros_like(class_pattern), where=total > 0)
    both = (keys[first, 0] & keys[second, 0] & (own_keys[first] & own_keys[second])[:, None]).astype(rows.dtype)
    overlap[len(pattern) :, first, second] = rows @ both.T
    defined = np.where(own_keys & valid.all(-1), 1.0, np.nan)
    class_share = rows @ keys[:, 0].T * defined
    class_null = np.broadcast_to(keys[:, 0].mean(-1) * defined, class_share.shape)
    overlap = np.maximum(overlap, overlap.swapaxes(1, 2))
    common = np.maximum(common, common.T)
    return np.concatenate((share, class_share)), np.concatenate((null, class_null)), overlap, common
