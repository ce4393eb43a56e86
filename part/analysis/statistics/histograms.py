"""How different two histograms are: the Jensen-Shannon divergence with base 2, 0 if they are equal and 1 if disjoint.

The plain divergence of two finite samples of the same distribution is above 0. Its bias is estimated by the bootstrap
and subtracted, and permutations of the jets between the samples say how large it is by chance.
Shapes: K bins, R replicas.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.bootstrap import LEVEL
from part.analysis.statistics.divergence import jensen_shannon
from part.errors import PartError

DRAWS = 400


@dataclass(frozen=True)
class HistogramDivergence:
    """The Jensen-Shannon divergence of two histograms in bits.

    Attributes
    ----------
    value, low, high : float
        Without the bias of finite samples, with its 95 % bootstrap interval; within [0, 1].
    plain : float
        As the histograms give it.
    chance : float
        What the plain divergence exceeds in 5 % of all cases if both are samples of one distribution.
    p_value : float
        How often permutations of the jets give a plain divergence that is at least as large.
    """

    value: float
    low: float
    high: float
    plain: float
    chance: float
    p_value: float


def divergence_in_bits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence (...) of histograms (..., K), from 0 to 1."""
    return np.minimum(jensen_shannon(np.stack((first, second))) / np.log(2), 1.0)


def compare_histograms(
    first: np.ndarray, second: np.ndarray, draws: int = DRAWS, seed: int = 0
) -> HistogramDivergence | None:
    """Return the divergence of two histograms of independent jets.

    Parameters
    ----------
    first, second : ndarray (K,)
        Numbers of jets in common bins.
    draws, seed : int
        The number of bootstrap draws and of permutations, and their seed.

    Returns
    -------
    HistogramDivergence or None
        None if one of the histograms is empty.

    Raises
    ------
    PartError
        If there are less than two draws.
    """
    if draws < 2:
        raise PartError(f"{draws} draws give no interval of a divergence; expected 2 or more.")
    first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
    if not first.sum() or not second.sum():
        return None
    rng = np.random.default_rng(seed)
    plain = float(divergence_in_bits(first, second))
    # A bootstrap draw of jets is a multinomial draw of their histogram, a permutation a hypergeometric one.
    drawn = [rng.multinomial(counts.sum(), counts / counts.sum(), draws) for counts in (first, second)]
    replicas = divergence_in_bits(*drawn)
    both = first + second
    shuffled = rng.multivariate_hypergeometric(both, int(first.sum()), draws, method="marginals")
    by_chance = divergence_in_bits(shuffled, both - shuffled)
    tail = (1 - LEVEL) / 2
    low, high = 2 * plain - np.quantile(replicas, [1 - tail, tail])  # the basic bootstrap, whose bias cancels
    value, low, high = np.clip([2 * plain - replicas.mean(), low, high], 0, 1).tolist()
    p_value = float((1 + (by_chance >= plain - 1e-12).sum()) / (1 + draws))
    return HistogramDivergence(value, low, high, plain, float(np.quantile(by_chance, LEVEL)), p_value)
