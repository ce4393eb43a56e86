"""The overlap of an importance with the constituents of prongs, and what is expected of shuffled prongs.

The null hypothesis is a shuffle: each prong keeps the number of its constituents, but these are drawn at random from
the jet. Mean and variance of a share are then exact, those of a sum over a random subset.
Shapes: J jets, R sources of importance, N particles, G groups.
"""

from math import lgamma

import numpy as np

from part.analysis.statistics.ranks import midranks
from part.analysis.truth.prongs import Prongs

# Particles by the rank of their prong in pT, and by its PDG code.
RANKS = ("any prong", "leading prong", "second prong", "third prong", "further prongs", "no prong")
FLAVOURS = {
    "b quarks": (5,),
    "c quarks": (4,),
    "light quarks": (1, 2, 3),
    "gluons": (21,),
    "leptons": (11, 13, 15),
}
GROUPS = (*RANKS, *FLAVOURS)
ANY, LEADING, FURTHER, NONE = 0, 1, 4, 5  # places in GROUPS


def group_members(prongs: Prongs, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which particles are in which of GROUPS (J, N, G), and which groups a jet has (J, G), both bool.

    mask (J, N) is True for real particles. A jet has the group of a prong to which no particle belongs.
    """
    index, pid, count = prongs.index, np.abs(prongs.pid), prongs.count[:, None]
    rank = np.where(index < 0, NONE, np.minimum(LEADING + index, FURTHER))
    members = [index >= 0, *(rank == place for place in range(LEADING, len(RANKS)))]
    has_group = [count > needed for needed in (0, 0, 1, 2, 3, 0)]
    own_pid = np.take_along_axis(np.pad(pid, ((0, 0), (0, 1))), index, 1)  # the place -1 holds the padding
    for codes in FLAVOURS.values():
        members.append(np.isin(own_pid, codes))
        has_group.append(np.isin(pid, codes).sum(1, keepdims=True) > 0)
    return np.stack(members, -1) & mask[..., None], np.concatenate(has_group, 1)


def shares(importance: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return the share of each group (J, R, G) in an importance (J, R, N) that sums to 1 over a jet."""
    return importance @ members


def shuffled_shares(importance: np.ndarray, members: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (J, G) and the variance (J, R, G) of the shares of shuffled groups.

    The sum of m of n numbers drawn without replacement has the variance m (1 - m / n) s², where s² is the variance of
    the numbers with n - 1 in the denominator.
    """
    n, size = mask.sum(1)[:, None], members.sum(1)
    mean = size / n
    centred = np.where(mask[:, None], importance - 1 / n[..., None], 0)
    spread = np.square(centred).sum(-1) / np.maximum(n - 1, 1)
    return mean, spread[..., None] * (size * (1 - mean))[:, None]


def auc(importance: np.ndarray, members: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the probability (J, R, G) that a particle of a group is more important than another, ties counting half.

    It is NaN where a jet has no particle in the group, or none outside.
    """
    ranks = np.where(np.isnan(importance), np.nan, midranks(importance, mask[:, None]))
    size = members.sum(1)[:, None]
    pairs = size * (mask.sum(1)[:, None, None] - size)
    wins = ranks @ members - size * (size + 1) / 2
    return np.divide(wins, pairs, out=np.full(wins.shape, np.nan), where=pairs > 0)


def top_overlap(importance: np.ndarray, members: np.ndarray, mask: np.ndarray, k: int = 0) -> np.ndarray:
    """Return the intersection over union (J, R, G) of the most important particles with each group.

    Of equally important particles at the edge each counts in part, as on average over random choices.

    Parameters
    ----------
    importance : ndarray (J, R, N)
    members : ndarray (J, N, G), bool
    mask : ndarray (J, N), bool
    k : int
        How many particles are the most important ones; 0 for as many as the group has.
    """
    size, n = members.sum(1), mask.sum(1)
    chosen = np.minimum(k, n)[:, None] + 0 * size if k else size
    descending = -np.sort(-np.where(mask[:, None], importance, -np.inf), -1)
    edge = np.take_along_axis(descending, np.maximum(chosen, 1)[:, None] - 1, -1)[..., None, :]  # (J, R, 1, G)
    above = importance[..., None] > edge
    tied = (importance[..., None] == edge) & mask[:, None, :, None]
    above &= mask[:, None, :, None]
    missing = chosen[:, None] - above.sum(2)
    counted = above + tied * (missing / np.maximum(tied.sum(2), 1))[:, :, None]
    common = (counted * members[:, None]).sum(2)
    union = (chosen + size)[:, None] - common
    defined = (size > 0)[:, None] & np.isfinite(importance.sum(-1))[..., None]
    return np.divide(common, union, out=np.full(common.shape, np.nan), where=defined & (union > 0))


def random_overlap(members: np.ndarray, mask: np.ndarray, k: int = 0) -> np.ndarray:
    """Return the expectation (J, G) of `top_overlap` for particles chosen at random."""
    size, n = members.sum(1), mask.sum(1)
    values = np.full(size.shape, np.nan)
    for j, g in zip(*np.nonzero(size), strict=True):
        m, total = int(size[j, g]), int(n[j])
        chosen = min(k, total) if k else m
        common = np.arange(max(0, chosen + m - total), min(chosen, m) + 1)
        weights = [_log_choose(m, i) + _log_choose(total - m, chosen - i) for i in common.tolist()]
        weights = np.exp(np.array(weights) - _log_choose(total, chosen))
        values[j, g] = (weights * common / (chosen + m - common)).sum()
    return values


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
