"""The study `bias_switch`: what is lost without the bias, and what is left with it alone, in all layers or in one.

The trained weights are unchanged; a model trained without a bias, such as ParTNoBias, answers another question.
Shapes: V ablations, J jets, C classes, R replicas.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
from torch import Tensor

from part.analysis.bias.embedding import check_scores
from part.analysis.statistics.bootstrap import interval, replicas
from part.analysis.statistics.divergence import logit_drift
from part.analysis.statistics.metrics import accuracy, macro_auc, rejection, working_points
from part.analysis.statistics.running_mean import RunningMean
from part.errors import PartError
from part.inference.checks import check_outputs
from part.inference.tagger import Tagger
from part.jets.features import make_batch
from part.jets.hashing import jet_hashes
from part.jets.labels import known_classes
from part.jets.schema import Dataset
from part.lazy import ShownInNotebooks
from part.options import option


@dataclass(frozen=True)
class BiasAblation:
    """A tap that sets one term of the attention logits to zero.

    Parameters
    ----------
    removed : str
        The term: "bias", "scores_qk", or "" for nothing.
    layer : int, optional
        The only layer where this happens; by default all.
    """

    removed: str = ""
    layer: int | None = None

    @property
    def title(self) -> str:
        return {"": "untouched", "bias": "bias off", "scores_qk": "bias only"}[self.removed]

    @property
    def place(self) -> str:
        return "" if not self.removed else "all layers" if self.layer is None else f"layer {self.layer + 1}"

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        """Record or replace a tensor, as every tap does."""
        scope, _, what = name.rpartition(".")
        layer = scope.removeprefix("blocks.")
        applies = layer.isdigit() and what == self.removed and self.layer in (None, int(layer))
        return tensor.new_zeros(()).expand_as(tensor) if applies else tensor


def bias_ablations(layers: int) -> tuple[BiasAblation, ...]:
    """Return no ablation first, then without the bias and without q·k, each in all layers and in every single one."""
    layer_choices = (None, *range(layers))
    return BiasAblation(), *(BiasAblation(term, layer) for term in ("bias", "scores_qk") for layer in layer_choices)


def ablated_probabilities(tagger: Tagger, jets: ak.Array, ablations: tuple[BiasAblation, ...]) -> np.ndarray:
    """Return the probabilities (V, J, C) of jets under each ablation. Raises PartError without a bias or q·k."""
    check_scores(tagger)
    batch = make_batch(jets, tagger.features).to(tagger.device)
    logits = [tagger.logits(batch, ablation) for ablation in ablations]
    check_outputs(logits[0], tagger.model, tagger.name, jets)
    return np.stack([outputs.softmax(-1).cpu().numpy() for outputs in logits])


@dataclass(frozen=True)
class BiasAblationStudy:
    """Probabilities and quality without the bias, and with the bias alone.

    Parameters
    ----------
    replicas : int
        Bootstrap draws of the jets, the same for all ablations.
    """

    replicas: int = option("bootstrap draws", 200)
    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 1

    def __post_init__(self):
        if self.replicas < 2:
            raise PartError(f"{self.replicas} replicas give no interval; expected 2 or more.")

    def check(self, tagger: Tagger) -> None:
        check_scores(tagger)

    def accumulator(self, tagger: Tagger) -> "BiasAblationAccumulator":
        return BiasAblationAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class Effect:
    """A quantity under one ablation: its value with a 95 % interval, and its change from the unchanged model.

    The change is the difference, for rejections the ratio, with the interval of paired draws. It is NaN for quantities
    that are changes themselves and for the ratio of two infinite rejections.
    """

    ablation: BiasAblation
    quantity: str
    value: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float


@dataclass(frozen=True, eq=False)
class BiasAblationResult(ShownInNotebooks):
    """The result of the study `bias_switch`.

    Attributes
    ----------
    ablations : tuple of BiasAblation
        V of them; the first removes nothing.
    probabilities : ndarray (V, J, C)
        In the order of the jets' `jet_hashes`.
    truth : ndarray (J,) or None
        Class indices, where they are known; -1 for jets of no class.
    effects : tuple of Effect
    """

    ablations: tuple[BiasAblation, ...]
    probabilities: np.ndarray
    truth: np.ndarray | None
    effects: tuple[Effect, ...]

    @property
    def quantities(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(effect.quantity for effect in self.effects))

    def by_ablation(self, quantity: str) -> dict[BiasAblation, Effect]:
        return {effect.ablation: effect for effect in self.effects if effect.quantity == quantity}

    def rows(self) -> list[dict]:
        names, jets = ("value", "low", "high", "change", "change_low", "change_high"), self.probabilities.shape[1]
        return [
            {"switch": e.ablation.title, "where": e.ablation.place, "quantity": e.quantity, "jets": jets}
            | {name: float(value) if np.isfinite(value := getattr(e, name)) else None for name in names}
            for e in self.effects
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        titles = np.array([f"{ablation.title} {ablation.place}".strip() for ablation in self.ablations])
        arrays = {"switches": titles, "probabilities": self.probabilities}
        return arrays if self.truth is None else arrays | {"truth": self.truth}


class BiasAblationAccumulator:
    def __init__(self, study: BiasAblationStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._ablations = bias_ablations(tagger.config.layers)
        self._hashes: list[np.ndarray] = []
        self._probabilities: list[np.ndarray] = []
        self._truth: list[np.ndarray | None] = []

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        self._probabilities.append(ablated_probabilities(self._tagger, jets, self._ablations))
        self._hashes.append(jet_hashes(jets))
        self._truth.append(labels)

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray | None]]:
        return self._hashes, self._probabilities, self._truth

    def merge(self, sums: tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray | None]]) -> None:
        hashes, probabilities, truth = sums
        self._hashes += hashes
        self._probabilities += probabilities
        self._truth += truth

    def result(self) -> BiasAblationResult:
        # Sorted by content, so that the bootstrap draws do not depend on the order in which jets were read.
        order = np.argsort(np.concatenate(self._hashes), kind="stable")
        probabilities = np.concatenate(self._probabilities, 1)[:, order]
        labels = [labels for labels in self._truth if labels is not None]
        truth = np.concatenate(labels)[order] if len(labels) == len(self._truth) else None
        effects = changes(self._ablations, probabilities)
        known = known_classes(truth)
        if truth is not None and known is not None:
            of_known = probabilities[:, known]
            effects += quality(self._ablations, of_known, truth[known], self._tagger.dataset, self._study.replicas)
        return BiasAblationResult(self._ablations, probabilities, truth, effects)


def changes(ablations: tuple[BiasAblation, ...], probabilities: np.ndarray) -> tuple[Effect, ...]:
    """Return how predictions (V, J, C) differ from those of the unchanged model, which comes first.

    The quantities are the share of jets that change class and the mean root mean square change of their logits, with
    intervals from the spread over jets.
    """
    classes = probabilities.argmax(-1)
    effects = []
    for name, values in (
        ("share of jets that change class", classes != classes[0]),
        ("logit drift", np.stack([logit_drift(probabilities[0], p) for p in probabilities])),
    ):
        running = RunningMean((len(ablations),))
        running.add(values.T)
        mean = running.result
        effects += [
            Effect(ablation, name, value, low, high, np.nan, np.nan, np.nan)
            for ablation, value, low, high in zip(ablations, mean.value, *mean.interval, strict=True)
        ]
    return tuple(effects)


def quality(
    ablations: tuple[BiasAblation, ...], probabilities: np.ndarray, truth: np.ndarray, dataset: Dataset, count: int
) -> tuple[Effect, ...]:
    """Return accuracy, macro AUC and rejections under each ablation, by bootstrap over jets (`bootstrap.replicas`)."""
    drawn, points = replicas(probabilities, truth, dataset, count), working_points(dataset, truth)
    effects = []
    for name, values in drawn.items():
        values_now = np.array([_quantity(name, p, truth, points) for p in probabilities])
        compare = _ratio if name in points else np.subtract
        change, changes = compare(values_now, values_now[0]), compare(values, values[0])
        for v, ablation in enumerate(ablations):
            spread = interval(changes[v]) if np.isfinite(changes[v]).all() else (np.nan, np.nan)
            effects.append(Effect(ablation, name, values_now[v], *interval(values[v]), change[v], *spread))
    return tuple(effects)


def _quantity(name: str, probabilities: np.ndarray, truth: np.ndarray, points: dict) -> float:
    if name in points:
        return rejection(probabilities, truth, *points[name])
    return accuracy(probabilities, truth) if name == "accuracy" else macro_auc(probabilities, truth)


def _ratio(values: np.ndarray, unchanged: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.asarray(values) / unchanged
