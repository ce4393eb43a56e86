"""What a comparison found: how good each model is, what it costs, and where they part.

The first model is the one that the others are compared with.
Shapes: M models, J jets, C classes, L layers, H heads, R replicas.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.calibration import Reliability, reliability
from part.analysis.statistics.divergence import AttentionChange, agreement, jensen_shannon, logit_drift, outcomes
from part.benchmarking.cost import Cost
from part.jets.schema import Dataset

REPLICAS = 200
GAINS = ("accuracy", "macro_auc")  # what differences between models are told of


@dataclass(frozen=True, eq=False)
class Comparison:
    """names, costs (M); probabilities (M, J, C); truth (J,) class indices, or None and there is no quality.

    replicas: name of a measure -> (M, R), {} if there are none. attention: of each model against the first, or
    the sentence why there is nothing to compare; of the first against itself, None. attention_jets: how many.
    """

    names: tuple[str, ...]
    dataset: Dataset
    probabilities: np.ndarray
    truth: np.ndarray | None
    replicas: dict[str, np.ndarray]
    costs: tuple[Cost, ...]
    attention: tuple[AttentionChange | str | None, ...]
    attention_jets: int

    def __len__(self) -> int:
        return self.probabilities.shape[1]

    @cached_property
    def classes(self) -> np.ndarray:
        """What each model takes each jet for (M, J)."""
        return self.probabilities.argmax(-1)

    @cached_property
    def quality(self) -> tuple[dict, ...]:
        """What `metrics.measure` tells of each model, and its expected calibration error."""
        if self.truth is None:
            return ()
        measured = [metrics.measure(p, self.truth, self.dataset) for p in self.probabilities]
        return tuple(
            m | {"calibration_error": round(r.expected_error, 5)}
            for m, r in zip(measured, self.reliability, strict=True)
        )

    @cached_property
    def reliability(self) -> tuple[Reliability, ...]:
        return tuple(reliability(p, self.truth) for p in self.probabilities)

    def interval(self, model: int, name: str) -> tuple[float, float] | None:
        """Of a measure of `quality`, where there are replicas of it."""
        return bootstrap.interval(self.replicas[name][model]) if name in self.replicas else None

    def gain(self, model: int, name: str) -> tuple[float, float] | None:
        """The interval of a model's measure minus the first's, on the same jets."""
        if name not in self.replicas:
            return None
        return bootstrap.interval(self.replicas[name][model] - self.replicas[name][0])

    @cached_property
    def divergence(self) -> np.ndarray:
        """How far the models' probabilities for each jet are apart (J,), 0 to ln M."""
        return jensen_shannon(self.probabilities)

    @cached_property
    def agreement(self) -> np.ndarray:
        return agreement(self.classes)

    def outcomes(self, model: int) -> dict[str, int] | None:
        """Jets that the first model and this one get right."""
        if self.truth is None:
            return None
        return outcomes(*(self.classes[m] == self.truth for m in (0, model)))

    def drift(self, model: int) -> np.ndarray:
        """How far the logits of each jet are from the first model's (J,)."""
        return logit_drift(self.probabilities[0], self.probabilities[model])

    def most_different(self, count: int) -> np.ndarray:
        """The jets on which the models disagree most, most first."""
        return np.argsort(-self.divergence, kind="stable")[:count]

    def confusion(self, model: int) -> np.ndarray:
        """Jets (C, C) by their class (row) and the one the model takes them for."""
        return metrics.confusion(self.classes[model], self.truth, len(self.dataset.classes))

    @cached_property
    def rejections(self) -> dict[str, tuple[int, int, float]]:
        """Name -> signal, background, efficiency of the rejections that `quality` tells."""
        return {} if self.truth is None else metrics.rejections_of(self.dataset, self.truth)

    @cached_property
    def signals(self) -> tuple[int, ...]:
        """The classes that can be told apart from the background with these jets."""
        present = set() if self.truth is None else set(np.unique(self.truth).tolist())
        background = metrics.background_of(self.dataset)
        return tuple(sorted(present - {background})) if background in present else ()

    @cached_property
    def background_jets(self) -> int:
        """How many there are: no larger rejection can be told from an infinite one."""
        return int((self.truth == metrics.background_of(self.dataset)).sum())

    def roc(self, model: int, signal: int) -> tuple[np.ndarray, np.ndarray]:
        """Shares of signal and background jets that pass."""
        background = metrics.background_of(self.dataset)
        kind = np.isin(self.truth, (signal, background))
        scores = metrics.discriminant(self.probabilities[model, kind], signal, background)
        return metrics.roc_curve(scores, self.truth[kind] == signal)


def compare(
    names: Sequence[str],
    dataset: Dataset,
    probabilities: np.ndarray,
    truth: np.ndarray | None,
    costs: Sequence[Cost],
    attention: Sequence[AttentionChange | str | None],
    attention_jets: int,
    count: int = REPLICAS,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Put together what was found of each model.

    count, seed: of the bootstrap's draws, 0 for none. told: how many are done.
    """
    drawn = {}
    if truth is not None and count:
        drawn = bootstrap.replicas(probabilities, truth, dataset, count, seed, told)
    return Comparison(
        tuple(names), dataset, probabilities, truth, drawn, tuple(costs), tuple(attention), attention_jets
    )
