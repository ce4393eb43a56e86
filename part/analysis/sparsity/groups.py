"""Which groups of particles attend to which: subjets, species. A particle's attention to itself is left out, since it
says nothing about groups.

The null is a shuffle: the weights of each query stay, but go to its other particles in random order. Its expectation
is exact and needs no random numbers: a group of m among a query's n - 1 others gets m / (n - 1) of what it gives them.
Shapes: J jets, L layers, H heads, N particles, G groups. groups (J, N): of each particle, -1 for none and padding.
"""

import numpy as np


def given_to(weights: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each query gives other particles, by their group, (J, L, H, N, G), and in all (J, L, H, N).

    weights (J, L, H, N, N): attention or any number of pairs, 0 on padding. members (J, N, G): 1 in its group.
    """
    n = weights.shape[-1]
    others = weights * (1 - np.eye(n, dtype=weights.dtype))
    return others @ members[:, None, None].astype(weights.dtype), others.sum(-1)


def membership(groups: np.ndarray, count: int) -> np.ndarray:
    """groups (J, N) -> 1 in the particle's own group, else 0 (J, N, G)."""
    return (groups[..., None] == np.arange(count)).astype(np.float32)


def chances(members: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Share of each group in the other real particles of a query (J, N, G); 0 for a particle alone."""
    others = np.maximum(mask.sum(1) - 1, 1)[:, None, None]
    return (members.sum(1, keepdims=True) - members) * mask[..., None] / others


def inter_fraction(weights: np.ndarray, groups: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the weights between particles of different groups (subjets: the inter-subjet edge fraction of
    arXiv:2512.00210) in those between different particles, and its expectation for shuffled keys: (J, L, H) each.

    The intra-group fraction is 1 minus it. nan where there are no such weights. All particles have a group.
    """
    members = membership(groups, int(groups.max(initial=0)) + 1)
    given, total = given_to(weights, members)
    own = np.einsum("jlhng,jng->jlhn", given, members)
    chance = np.einsum("jng,jng->jn", chances(members, mask), members)
    expected = np.einsum("jlhn,jn->jlh", total, 1 - chance)
    return _ratio((total - own).sum(-1), total.sum(-1)), _ratio(expected, total.sum(-1))


def share_to(weights: np.ndarray, chosen: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the weights between different particles that go to the chosen ones (J, N) bool, and its expectation for
    shuffled keys: (J, L, H) each. nan for jets without any such particle."""
    members = (chosen & mask)[..., None].astype(np.float32)
    given, total = given_to(weights, members)
    expected = np.einsum("jlhn,jn->jlh", total, chances(members, mask)[..., 0])
    there = np.where(members.any((1, 2)), 1, np.nan)[:, None, None]
    sums = total.sum(-1)
    return _ratio(given[..., 0].sum(-1), sums) * there, _ratio(expected, sums) * there


def between(weights: np.ndarray, groups: np.ndarray, mask: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of what the particles of group a (row) give to others, the share that group b (column) gets (J, L, H, G, G), and
    its expectation for shuffled keys (J, G, G); nan where a jet has no particle of group a or no other one of b."""
    members = membership(groups, count)
    given, total = given_to(weights, members)
    sums = np.swapaxes(given, -1, -2) @ members[:, None, None]  # (J, L, H, b, a)
    by_query = np.einsum("jlhn,jna->jlha", total, members)
    size = members.sum(1)
    others = np.maximum(mask.sum(1) - 1, 1)[:, None, None]
    expected = (size[:, None, :] - np.eye(count)) / others
    there = (size[:, :, None] > 0) & (size[:, None, :] - np.eye(count) > 0)
    shares = _ratio(np.swapaxes(sums, -1, -2), by_query[..., None])
    return np.where(there[:, None, None], shares, np.nan), np.where(there, expected, np.nan)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
