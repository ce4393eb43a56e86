"""How different two samples of a number are: the Jensen-Shannon divergence with base 2, 0 if equal and 1 if disjoint.

It is measured in ten bins that hold equally many jets of both samples together. The plain divergence of two finite
samples of the same distribution is above 0: its bias is estimated by the bootstrap and subtracted, and permutations of
the jets between the samples say how large it is by chance. Shapes: J jets, K bins, R replicas.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.bootstrap import LEVEL
from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Z95
from part.errors import PartError

BINS = 10
DRAWS = 400
MIN_JETS = 20  # of either sample; with fewer the bias is larger than what the bootstrap sees of it


@dataclass(frozen=True)
class SampleDivergence:
    """The Jensen-Shannon divergence of two samples in bits.

    Attributes
    ----------
    value, low, high : float
        Without the bias of finite samples, with its 95 % interval from the spread of bootstrap draws; within [0, 1].
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


def bin_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Return edges (K + 1,) between which values are about equally often; a bin for each of a few distinct values.

    Raises PartError for less than one bin, and if no value is finite.
    """
    if bins < 1:
        raise PartError(f"{bins} bins; expected 1 or more.")
    finite = values[np.isfinite(values)].astype(np.float64)
    if not len(finite):
        raise PartError("No jet has a finite number in this column; expected at least one.")
    distinct = np.unique(finite)
    if len(distinct) <= bins:
        gaps = np.diff(distinct) if len(distinct) > 1 else np.ones(1)
        middles = (distinct[1:] + distinct[:-1]) / 2
        return np.concatenate(([distinct[0] - gaps[0] / 2], middles, [distinct[-1] + gaps[-1] / 2]))
    return np.unique(np.quantile(finite, np.linspace(0, 1, bins + 1)))


def histogram(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the number of values (K,) in each bin; the outer bins hold what is beyond the edges as well."""
    return np.bincount(np.searchsorted(edges[1:-1], values, side="right"), minlength=len(edges) - 1)


def divergence_in_bits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence (...) of histograms (..., K), from 0 to 1."""
    return np.minimum(jensen_shannon(np.stack((first, second))) / np.log(2), 1.0)


def compare_values(first: np.ndarray, second: np.ndarray, draws: int = DRAWS, seed: int = 0) -> SampleDivergence | None:
    """Return the divergence of two independent samples of finite numbers; None if one has fewer than MIN_JETS.

    Parameters
    ----------
    first, second : ndarray (J,)
        The numbers.
    draws, seed : int
        The number of bootstrap draws and of permutations, and their seed.

    Raises
    ------
    PartError
        If there are less than two draws.
    """
    if min(len(first), len(second)) < MIN_JETS:
        return None
    edges = bin_edges(np.concatenate((first, second)), BINS)
    return compare_histograms(histogram(first, edges), histogram(second, edges), draws, seed)


def compare_histograms(first: np.ndarray, second: np.ndarray, draws: int = DRAWS, seed: int = 0) -> SampleDivergence:
    """Return the divergence of two histograms (K,) of independent jets, neither of them empty; see `compare_values`."""
    if draws < 2:
        raise PartError(f"{draws} draws give no interval of a divergence; expected 2 or more.")
    rng = np.random.default_rng(seed)
    plain = float(divergence_in_bits(first, second))
    # A bootstrap draw of jets is a multinomial draw of their histogram, a permutation a hypergeometric one.
    drawn = [rng.multinomial(counts.sum(), counts / counts.sum(), draws) for counts in (first, second)]
    replicas = divergence_in_bits(*drawn)
    both = first + second
    shuffled = rng.multivariate_hypergeometric(both, int(first.sum()), draws, method="marginals")
    by_chance = divergence_in_bits(shuffled, both - shuffled)
    value, half = 2 * plain - replicas.mean(), Z95 * replicas.std()
    value, low, high = np.clip([value, value - half, value + half], 0, 1).tolist()
    p_value = float((1 + (by_chance >= plain - 1e-12).sum()) / (1 + draws))
    return SampleDivergence(value, low, high, plain, float(np.quantile(by_chance, LEVEL)), p_value)
