"""The name of a feature: the property that tells most about where it is active, if it holds on other jets.

Shapes: M features, K properties, T titles (the properties, then the lower end of each quantity).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from part.analysis.atlas.names import LEVEL, deviations
from part.analysis.dictionary.properties import OF_TOKENS
from part.analysis.statistics.running_mean import RunningMean

FEW = 10  # jets of a half below which nothing is said about a feature


@dataclass(frozen=True, eq=False)
class Preferences:
    """What features are active on, in each half of the jets.

    Attributes
    ----------
    share, null : ndarray (2, M, K)
        The mean value of each property where a feature is active, and for shuffled particles.
    excess_error, share_error : ndarray (2, M, K)
        Standard errors of the difference of the two, and of the share.
    """

    share: np.ndarray
    null: np.ndarray
    excess_error: np.ndarray
    share_error: np.ndarray

    @classmethod
    def from_sums(cls, excess: RunningMean, share: RunningMean) -> "Preferences":
        """Return those of sums over jets (2, M, K); NaN where a half has fewer than FEW jets with the feature."""
        a, b = excess.result, share.result
        values = (b.value, b.value - a.value, a.error, b.error)
        return cls(*(np.where(a.jets < FEW, np.nan, v) for v in values))

    @property
    def effect(self) -> np.ndarray:
        """The share relative to that of shuffled particles (2, M, K): 0 for these, 1 at most, -1 at least."""
        return (self.share - self.null) / self._possible

    @property
    def effect_error(self) -> np.ndarray:
        """The standard error of the effect (2, M, K)."""
        return self.excess_error / self._possible

    @property
    def _possible(self) -> np.ndarray:
        possible = np.where(self.share >= self.null, 1 - self.null, self.null)
        return np.where(possible > 0, possible, np.nan)

    def with_small_ends(self) -> "Preferences":
        """Return the preferences for all titles (2, M, T): a low rank is the mirror of a high one."""
        q = slice(len(OF_TOKENS), None)
        pairs = [(self.share, 1 - self.share), (self.null, 1 - self.null)]
        pairs += [(error, error) for error in (self.excess_error, self.share_error)]
        return Preferences(*(np.concatenate((own, mirrored[..., q]), -1) for own, mirrored in pairs))


def find_names(preferences: Preferences, least: float) -> np.ndarray:
    """Return the place of each feature's name among the titles (M,), -1 for none.

    On the first half of the jets the property is chosen that tells most about where the feature is active: the relative
    entropy of its share and that of shuffled particles, so that of two properties that hold equally the rarer one is
    taken. On the second half its effect must be at least `least`, and significant at 5 % for all features and titles
    together (Bonferroni).
    """
    share, null, effect = preferences.share, preferences.null, preferences.effect
    gain = np.where(effect[0] >= least, relative_entropy(share[0], null[0]), -np.inf)
    gain = np.where(np.isfinite(gain), gain, -np.inf)
    chosen = gain.argmax(-1)
    rows = np.arange(len(chosen))
    z = deviations(share[1] - null[1], preferences.excess_error[1])[rows, chosen]
    needed = NormalDist().inv_cdf(1 - LEVEL / gain.size)
    holds = np.isfinite(gain[rows, chosen]) & (np.nan_to_num(effect[1][rows, chosen]) >= least) & (z > needed)
    return np.where(holds, chosen, -1)


def relative_entropy(share: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Return the relative entropy of two probabilities of a yes, in nats."""
    terms = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for p, q in ((share, null), (1 - share, 1 - null)):
            terms.append(np.where(p > 0, p * np.log(np.maximum(p, 1e-30) / q), 0 * p))
    return terms[0] + terms[1]
