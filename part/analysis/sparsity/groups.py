"""Attention between groups of particles, such as subjets and species.

A particle's attention to itself is left out, since it carries no information on groups. The null hypothesis is a
shuffle: the weights of each query stay, but go to its other particles in random order. Its expectation is exact: a
group with m of a query's n - 1 other particles receives m / (n - 1) of the attention to them.
Shapes: J jets, L layers, H heads, N particles, G groups. groups (J, N): of each particle, -1 for none and padding.
"""

import numpy as np


def attention_by_group(weights: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each query's attention to other particles by group (J, L, H, N, G), and in total (J, L, H, N).

    weights (J, L, H, N, N) are attention or any other number per pair, 0 on padding; members (J, N, G) are 1 in the
    particle's own group.
    """
    n = weights.shape[-1]
    others = weights * (1 - np.eye(n, dtype=weights.dtype))
    return others @ members[:, None, None].astype(weights.dtype), others.sum(-1)


def membership(groups: np.ndarray, count: int) -> np.ndarray:
    """Return 1 in each particle's own group and 0 elsewhere (J, N, G), from group indices (J, N)."""
    return (groups[..., None] == np.arange(count)).astype(np.float32)


def expected_share(members: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return each group's share of the other real particles of a query (J, N, G); 0 for a single particle."""
    others = np.maximum(mask.sum(1) - 1, 1)[:, None, None]
    return (members.sum(1, keepdims=True) - members) * mask[..., None] / others


def inter_fraction(weights: np.ndarray, groups: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of weight between different groups, and its expectation for shuffled keys, (J, L, H) each.

    It is relative to the weight between different particles; for subjets it is the inter-subjet edge fraction of
    arXiv:2512.00210. All particles need a group. It is NaN where there is no such weight.
    """
    members = membership(groups, int(groups.max(initial=0)) + 1)
    received, total = attention_by_group(weights, members)
    own = np.einsum("jlhng,jng->jlhn", received, members)
    own_share = np.einsum("jng,jng->jn", expected_share(members, mask), members)
    expected = np.einsum("jlhn,jn->jlh", total, 1 - own_share)
    return _ratio((total - own).sum(-1), total.sum(-1)), _ratio(expected, total.sum(-1))


def share_to(weights: np.ndarray, chosen: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of weight that goes to chosen particles (J, N), and its expectation for shuffled keys.

    Both are (J, L, H), relative to the weight between different particles, and NaN for jets without such a particle.
    """
    members = (chosen & mask)[..., None].astype(np.float32)
    received, total = attention_by_group(weights, members)
    expected = np.einsum("jlhn,jn->jlh", total, expected_share(members, mask)[..., 0])
    defined = np.where(members.any((1, 2)), 1, np.nan)[:, None, None]
    sums = total.sum(-1)
    return _ratio(received[..., 0].sum(-1), sums) * defined, _ratio(expected, sums) * defined


def between(weights: np.ndarray, groups: np.ndarray, mask: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the share that group b (column) receives of the weight from group a (row) to other particles.

    The share is (J, L, H, G, G), its expectation for shuffled keys (J, G, G); both are NaN where a jet has no particle
    of group a or no other particle of group b.
    """
    members = membership(groups, count)
    received, total = attention_by_group(weights, members)
    sums = np.swapaxes(received, -1, -2) @ members[:, None, None]  # (J, L, H, b, a)
    by_query = np.einsum("jlhn,jna->jlha", total, members)
    size = members.sum(1)
    others = np.maximum(mask.sum(1) - 1, 1)[:, None, None]
    expected = (size[:, None, :] - np.eye(count)) / others
    defined = (size[:, :, None] > 0) & (size[:, None, :] - np.eye(count) > 0)
    shares = _ratio(np.swapaxes(sums, -1, -2), by_query[..., None])
    return np.where(defined[:, None, None], shares, np.nan), np.where(defined, expected, np.nan)


def _ratio(numerator: np.ndarray, total: np.ndarray) -> np.ndarray:
    numerator, total = np.broadcast_arrays(np.asarray(numerator, np.float64), total)
    return np.divide(numerator, total, out=np.full(numerator.shape, np.nan), where=total > 0)
