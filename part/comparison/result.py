"""The result of a comparison: how good each model is, what it costs, and where the models differ.

The first model is the reference that the others are compared with.
Shapes: M models, J jets, C classes, L layers, H heads, R replicas.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.binomial import Rate, wilson
from part.analysis.statistics.calibration import Reliability, reliability
from part.analysis.statistics.divergence import AttentionChange, agreement, jensen_shannon, logit_drift, outcomes
from part.benchmarking.cost import Cost
from part.errors import PartError
from part.jets.labels import UNKNOWN
from part.jets.schema import Dataset
from part.progress import ProgressCallback, no_progress

REPLICAS = 200
GAIN_MEASURES = ("accuracy", "macro_auc")  # measures whose difference from the first model is reported


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models on the same jets, as `compare_jets` and `compare_files` return it.

    Parameters
    ----------
    names : tuple of str (M,)
    dataset : Dataset
    probabilities : ndarray (M, J, C)
    truth : ndarray (J,) or None
        Class indices, -1 for jets of no class, which are left out of all that needs them. Without any there is no
        quality.
    replicas : dict of str to ndarray (M, R)
        Bootstrap replicas by the name of a measure; empty if none were drawn.
    costs : tuple of Cost (M,)
    attention : tuple (M,)
        The change of each model's attention from the first, or the sentence why it cannot be compared; None for the
        first model itself.
    attention_jets : int
        The number of jets that the attention was compared on.
    columns : mapping of str to ndarray (J,)
        Other numbers of the jets by name.
    """

    names: tuple[str, ...]
    dataset: Dataset
    probabilities: np.ndarray
    truth: np.ndarray | None
    replicas: dict[str, np.ndarray]
    costs: tuple[Cost, ...]
    attention: tuple[AttentionChange | str | None, ...]
    attention_jets: int
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.probabilities.shape[1]

    @cached_property
    def labelled(self) -> np.ndarray:
        """Which jets (J,) belong to a class, for what has no meaning without one.

        Raises
        ------
        PartError
            If none does.
        """
        if self.truth is None:
            raise PartError("The jets of this comparison have no labels of the models' classes.")
        return self.truth != UNKNOWN

    @cached_property
    def labels(self) -> np.ndarray:
        """The class indices of the jets that are `labelled`."""
        return self.truth[self.labelled] if self.truth is not None else np.empty(0, int)

    @property
    def without_class(self) -> int:
        """The number of jets of no class among jets with labels."""
        return 0 if self.truth is None else int((~self.labelled).sum())

    @cached_property
    def classes(self) -> np.ndarray:
        """The class (M, J) that each model predicts for each jet."""
        return self.probabilities.argmax(-1)

    @cached_property
    def quality(self) -> tuple[dict, ...]:
        """The measures of `metrics.measure` and the calibration error of each model; empty without labels."""
        if self.truth is None:
            return ()
        measured = [metrics.measure(p[self.labelled], self.labels, self.dataset) for p in self.probabilities]
        return tuple(
            m | {"calibration_error": round(r.expected_error, 5)}
            for m, r in zip(measured, self.reliability, strict=True)
        )

    @cached_property
    def reliability(self) -> tuple[Reliability, ...]:
        return tuple(reliability(p[self.labelled], self.labels) for p in self.probabilities)

    def with_costs(self, costs: Sequence[Cost]) -> "Comparison":
        """Return this comparison with other costs (M,), and with the quality that was computed already."""
        _ = self.quality, self.rejection_counts
        other = copy.copy(self)
        object.__setattr__(other, "costs", tuple(costs))  # a new object that nobody has seen yet
        return other

    def interval(self, model: int, name: str) -> tuple[float, float] | None:
        """Return the interval of a measure of `quality`, or None if there is none.

        That of the accuracy is Wilson's, those of others are from bootstrap replicas.
        """
        if name == "accuracy" and self.replicas:
            right = int((self.classes[model, self.labelled] == self.labels).sum())
            low, high = wilson(np.array(right), np.array(len(self.labels)))
            return float(low), float(high)
        return bootstrap.interval(self.replicas[name][model]) if name in self.replicas else None

    def gain(self, model: int, name: str) -> tuple[float, float] | None:
        """Return the interval of a model's measure minus the first's, on the same draws; None without replicas."""
        if name not in self.replicas:
            return None
        return bootstrap.interval(self.replicas[name][model] - self.replicas[name][0])

    @cached_property
    def divergence(self) -> np.ndarray:
        """The Jensen-Shannon divergence [nats] of the models' probabilities for each jet (J,), from 0 to ln M."""
        return jensen_shannon(self.probabilities)

    @cached_property
    def agreement(self) -> np.ndarray:
        """The fraction of jets (M, M) that two models predict as the same class."""
        return agreement(self.classes)

    def outcomes(self, model: int) -> dict[str, int] | None:
        """Return how many jets the first model and this one predict right, or None without labels."""
        if self.truth is None:
            return None
        return outcomes(*(self.classes[m, self.labelled] == self.labels for m in (0, model)))

    def drift(self, model: int) -> np.ndarray:
        """Return the distance of each jet's logits (J,) from the first model's, see `divergence.logit_drift`."""
        return logit_drift(self.probabilities[0], self.probabilities[model])

    def most_different(self, count: int) -> np.ndarray:
        """Return the jets of largest divergence, the largest first."""
        return np.argsort(-self.divergence, kind="stable")[:count]

    def confusion(self, model: int) -> np.ndarray:
        """Return the number of jets (C, C) by their class (row) and the predicted one (column)."""
        return metrics.confusion(self.classes[model, self.labelled], self.labels, len(self.dataset.classes))

    @cached_property
    def rejections(self) -> dict[str, tuple[int, int, float]]:
        """The signal, background and efficiency of each rejection in `quality`, by its name."""
        return {} if self.truth is None else metrics.working_points(self.dataset, self.labels)

    @cached_property
    def rejection_counts(self) -> tuple[dict[str, dict], ...]:
        """What stands behind the rejections of each model, see `metrics.rejection_counts`; empty without labels."""
        if self.truth is None:
            return ()
        return tuple(metrics.rejection_counts(p[self.labelled], self.labels, self.dataset) for p in self.probabilities)

    @cached_property
    def signals(self) -> tuple[int, ...]:
        """The classes that have a ROC curve against the background on these jets."""
        present = set() if self.truth is None else set(np.unique(self.labels).tolist())
        background = metrics.background_class(self.dataset)
        return tuple(sorted(present - {background})) if background in present else ()

    @cached_property
    def background_jets(self) -> int:
        """The number of background jets."""
        return int((self.labels == metrics.background_class(self.dataset)).sum())

    @property
    def same_class(self) -> Rate:
        """How many jets (M, M) two models predict as the same class, see `agreement`."""
        return Rate(np.round(self.agreement * len(self)), np.array(len(self)))

    def roc(self, model: int, signal: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the signal and background efficiencies along the ROC curve of a class."""
        background = metrics.background_class(self.dataset)
        kind = np.isin(self.labels, (signal, background))
        scores = metrics.discriminant(self.probabilities[model, self.labelled][kind], signal, background)
        return metrics.roc_curve(scores, self.labels[kind] == signal)

    def roc_rate(self, model: int, signal: int) -> tuple[np.ndarray, Rate]:
        """Return the signal efficiencies along the ROC curve, and how many background jets pass at each."""
        efficiency, background = self.roc(model, signal)
        return efficiency, Rate(np.round(background * self.background_jets), np.array(self.background_jets))


def build_comparison(
    names: Sequence[str],
    dataset: Dataset,
    probabilities: np.ndarray,
    truth: np.ndarray | None,
    costs: Sequence[Cost],
    attention: Sequence[AttentionChange | str | None],
    attention_jets: int,
    replicas: int = REPLICAS,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> Comparison:
    """Draw the bootstrap replicas and return the comparison.

    Parameters
    ----------
    names, dataset, probabilities, truth, costs, attention, attention_jets
        See `Comparison`.
    replicas, seed : int
        The number of bootstrap replicas and their seed; 0 replicas give no intervals.
    progress : callable
        Receives "Bootstrap draws", how many are done, and their number.
    """
    drawn: dict[str, np.ndarray] = {}
    if truth is not None and replicas:
        progress("Bootstrap draws", 0, replicas)
        known = truth != UNKNOWN
        drawn = bootstrap.replicas(
            probabilities[:, known],
            truth[known],
            dataset,
            replicas,
            seed,
            lambda done: progress("Bootstrap draws", done, replicas),
        )
    return Comparison(
        tuple(names), dataset, probabilities, truth, drawn, tuple(costs), tuple(attention), attention_jets
    )
