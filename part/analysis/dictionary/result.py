"""The result of the study `dictionary`.

Shapes: M features, K properties, C classes, O observables, Q measures, E examples, F features whose effect is measured.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from part.analysis.dictionary.properties import PROPERTIES, TITLES
from part.analysis.statistics.running_mean import Z95, Mean
from part.lazy import ShownInNotebooks

MEASURES = ("accuracy", "cross_entropy", "agreement")
STATES = ("unchanged", "written", "mean")
CHANGES = ("off", "doubled")
LEVEL = 0.05  # of a false claim among all


@dataclass(frozen=True, eq=False)
class DictionaryResult(ShownInNotebooks):
    """How well a dictionary writes a model's activations, and what its features mean.

    Attributes
    ----------
    model, dictionary, place : str
        The names of the model and of the dictionary, and where its activations are, in words.
    classes, observables : tuple of str
        The titles of the classes (C,), and the observables of jets (O,).
    jets, tokens : int
        The numbers of jets and of their particles.
    limit : int
        The most features that are active for a particle.
    least_effect : float
        The least effect of a feature with a name.
    explained : float
        The share of the activations' variance that is explained.
    quality, quality_error, recovered, recovered_error : ndarray
        MEASURES (Q, 3) of the model in STATES, and how far from the mean (0) to unchanged (1) the written activations
        get (Q,); with their standard errors. Without labels only the agreement with the model's prediction is known.
    importance : ndarray (M,)
        How much of the logit of the predicted class, relative to the mean of all logits, is due to a feature: the mean
        over jets of the size of its contribution to the activations times the slope of the logit in them.
    frequency, strength, energy : ndarray (M,)
        The share of the particles for which a feature is active, its mean weight where it is, in standard deviations of
        the activations, and its mean squared weight over all particles.
    histogram : ndarray (M, bins)
        How many weights are between `sums.EDGES`; the outermost bins hold the rest.
    entries, particles, strengths : ndarray (M, E)
        The jets that excite a feature most, their particle in file order and its weight; -1 where there are fewer.
    class_frequency : ndarray (M, C)
        The frequency of a feature in the jets of each class.
    effect, effect_error : ndarray (M, K)
        How much more than shuffled particles those with a property have of a feature's weight: 0 for shuffled ones, 1
        at most and -1 at least. On the half of the jets that tests names, with standard errors.
    name, share, share_error, null : ndarray (M,)
        The name's place in TITLES, -1 without one; its share on the half that tests, and that of shuffled particles.
    random : ndarray (K,)
        The effect that 95 % of as many random directions on the same activations stay below.
    random_names : int
        How many of these get a name.
    correlation : ndarray (M, O)
        Of a feature's mean weight in a jet with observables of the jet.
    chosen : ndarray (F,)
        The features of largest importance, whose effects on logits are measured.
    change : Mean (F, 2, C)
        By how much the logit of a class moves, relative to the mean of all logits, over the jets with the feature, if
        it is switched off and if its weight is doubled.
    """

    model: str
    dictionary: str
    place: str
    classes: tuple[str, ...]
    observables: tuple[str, ...]
    jets: int
    tokens: int
    limit: int
    least_effect: float
    explained: float
    quality: np.ndarray
    quality_error: np.ndarray
    recovered: np.ndarray
    recovered_error: np.ndarray
    importance: np.ndarray
    frequency: np.ndarray
    strength: np.ndarray
    energy: np.ndarray
    histogram: np.ndarray
    entries: np.ndarray
    particles: np.ndarray
    strengths: np.ndarray
    class_frequency: np.ndarray
    effect: np.ndarray
    effect_error: np.ndarray
    name: np.ndarray
    share: np.ndarray
    share_error: np.ndarray
    null: np.ndarray
    random: np.ndarray
    random_names: int
    correlation: np.ndarray
    chosen: np.ndarray
    change: Mean

    @property
    def features(self) -> int:
        return len(self.frequency)

    @property
    def active(self) -> float:
        """The mean number of active features of a particle."""
        return float(self.frequency.sum())

    @property
    def n_dead(self) -> int:
        """How many features are active for no particle of the sample."""
        return int((self.frequency == 0).sum())

    def title(self, feature: int) -> str:
        """Return what a feature is called, "" where no property holds."""
        return TITLES[int(self.name[feature])] if self.name[feature] >= 0 else ""

    def label(self, feature: int) -> str:
        """Return the name of a feature with its numbers, such as "leptons, 0.89 ± 0.01, null 0.04"."""
        if self.name[feature] < 0:
            return ""
        half = Z95 * self.share_error[feature]
        return f"{self.title(feature)}, {self.share[feature]:.2f} ± {half:.2f}, null {self.null[feature]:.2f}"

    def correlated(self, feature: int) -> list[int]:
        """Return the observables with which a feature is correlated, the strongest first.

        They are significant at 5 % for all features and observables together (Bonferroni), by Fisher's z.
        """
        value = self.correlation[feature]
        if self.jets <= 3:
            return []
        needed = NormalDist().inv_cdf(1 - LEVEL / (2 * self.correlation.size))
        z = np.arctanh(np.clip(np.nan_to_num(value), -1 + 1e-12, 1 - 1e-12)) * np.sqrt(self.jets - 3)
        return [int(o) for o in np.argsort(-np.abs(z)) if abs(z[o]) > needed]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each feature, the most important first; features and particles count from 1."""
        return [self._row(int(m)) for m in np.argsort(-self.importance, kind="stable")]

    def _row(self, m: int) -> dict[str, Any]:
        known = np.isfinite(self.effect[m])
        best = int(np.nanargmax(self.effect[m])) if known.any() else None
        seen = int(self.entries[m, 0]) >= 0
        of_jets = self.correlated(m)
        return {
            "feature": m + 1,
            "name": self.title(m) or None,
            "share": _plain(self.share[m]),
            "error": _plain(self.share_error[m]),
            "shuffled": _plain(self.null[m]),
            "importance": float(self.importance[m]),
            "frequency": float(self.frequency[m]),
            "strength": _plain(self.strength[m]),
            "energy": float(self.energy[m]),
            "property": None if best is None else PROPERTIES[best],
            "effect": None if best is None else _plain(self.effect[m, best]),
            "random": None if best is None else _plain(self.random[best]),
            "observable": self.observables[of_jets[0]] if of_jets else None,
            "correlation": _plain(self.correlation[m, of_jets[0]]) if of_jets else None,
            "entry": int(self.entries[m, 0]) if seen else None,
            "particle": int(self.particles[m, 0]) + 1 if seen else None,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the result by the names of the fields, and the names of its axes."""
        arrays = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        arrays |= {"change": self.change.value, "change_error": self.change.error, "change_jets": self.change.jets}
        numbers = ("explained", "active", "n_dead", "jets", "tokens", "random_names")
        arrays |= {name: np.array(getattr(self, name)) for name in numbers}
        axes = {"classes": self.classes, "observables": self.observables, "properties": PROPERTIES}
        axes |= {"titles": TITLES, "measures": MEASURES, "states": STATES, "changes": CHANGES}
        return arrays | {name: np.array(values) for name, values in axes.items()}


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
