"""What is lost without the bias, and what is left of it alone: in all layers, or in one.

The trained weights stay as they are; a model trained without a bias, such as ParTNoBias, is another matter.
Shapes: V switches, J jets, C classes, R replicas.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
from torch import Tensor

from part.analysis.bias.embedding import check_scores
from part.analysis.statistics.bootstrap import interval, replicas
from part.analysis.statistics.divergence import logit_drift
from part.analysis.statistics.metrics import accuracy, macro_auc, rejection, rejections_of
from part.analysis.statistics.running_mean import Moments
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import make_batch
from part.jets.schema import Dataset


@dataclass(frozen=True)
class Switch:
    """off: what is zero in the logits of a layer, "bias", "scores_qk" or "" for nothing. layer: None for all."""

    off: str = ""
    layer: int | None = None

    @property
    def title(self) -> str:
        return {"": "untouched", "bias": "bias off", "scores_qk": "bias only"}[self.off]

    @property
    def place(self) -> str:
        return "" if not self.off else "all layers" if self.layer is None else f"layer {self.layer + 1}"

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        """As a tap."""
        scope, _, what = name.rpartition(".")
        layer = scope.removeprefix("blocks.")
        here = layer.isdigit() and what == self.off and self.layer in (None, int(layer))
        return tensor.new_zeros(()).expand_as(tensor) if here else tensor


def switches(layers: int) -> tuple[Switch, ...]:
    """Untouched first; then the bias off and q·k off (bias only), each in all layers and in every one alone."""
    places = (None, *range(layers))
    return Switch(), *(Switch(off, layer) for off in ("bias", "scores_qk") for layer in places)


def switched(tagger: Tagger, jets: ak.Array, chosen: tuple[Switch, ...]) -> np.ndarray:
    """Probabilities (V, J, C) of the jets, all at once. Raises PartError for a model without bias or q·k."""
    check_scores(tagger)
    batch = make_batch(jets, tagger.features).to(tagger.device)
    return np.stack([tagger.logits(batch, switch).softmax(-1).cpu().numpy() for switch in chosen])


@dataclass(frozen=True)
class SwitchStudy:
    """replicas: bootstrap draws of the jets, the same for all switches."""

    replicas: int = 200
    block: ClassVar[int] = 16
    passes: ClassVar[int] = 1

    def __post_init__(self):
        if self.replicas < 2:
            raise PartError(f"{self.replicas} replicas give no interval; expected 2 or more.")

    def check(self, tagger: Tagger) -> None:
        check_scores(tagger)

    def begin(self, tagger: Tagger) -> "SwitchMeasurement":
        return SwitchMeasurement(self, tagger)


@dataclass(frozen=True, eq=False)
class Effect:
    """A quantity of the jets with one switch: its value and 95 % interval, and how it differs from the untouched.

    change: the difference, of rejections the ratio, with the interval of paired draws. nan: none, as of what is a
    change already, and of the ratio of two infinite rejections.
    """

    switch: Switch
    quantity: str
    value: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float


@dataclass(frozen=True, eq=False)
class SwitchFindings:
    """probabilities (V, J, C) and, if they are known, classes (J,), in the order that the jets were studied in."""

    switches: tuple[Switch, ...]
    probabilities: np.ndarray
    truth: np.ndarray | None
    effects: tuple[Effect, ...]

    @property
    def quantities(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(effect.quantity for effect in self.effects))

    def of(self, quantity: str) -> dict[Switch, Effect]:
        return {effect.switch: effect for effect in self.effects if effect.quantity == quantity}

    def rows(self) -> list[dict]:
        names = ("value", "low", "high", "change", "change_low", "change_high")
        return [
            {
                "switch": e.switch.title,
                "where": e.switch.place,
                "quantity": e.quantity,
                "jets": self.probabilities.shape[1],
            }
            | {name: float(value) if np.isfinite(value := getattr(e, name)) else None for name in names}
            for e in self.effects
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        titles = np.array([f"{switch.title} {switch.place}".strip() for switch in self.switches])
        known = {} if self.truth is None else {"truth": self.truth}
        return {"switches": titles, "probabilities": self.probabilities} | known


class SwitchMeasurement:
    def __init__(self, study: SwitchStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._switches = switches(tagger.config.layers)
        self._probabilities, self._truth = [], []

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        self._probabilities.append(switched(self._tagger, jets, self._switches))
        self._truth.append(truth)

    def next_pass(self) -> None:
        """One is enough."""

    def result(self) -> SwitchFindings:
        probabilities = np.concatenate(self._probabilities, 1)
        truth = None if any(known is None for known in self._truth) else np.concatenate(self._truth)
        effects = moved(self._switches, probabilities)
        if truth is not None:
            effects += quality(self._switches, probabilities, truth, self._tagger.dataset, self._study.replicas)
        return SwitchFindings(self._switches, probabilities, truth, effects)


def moved(chosen: tuple[Switch, ...], probabilities: np.ndarray) -> tuple[Effect, ...]:
    """How far jets move from what the untouched model, the first, says of them: share that change class, and the mean
    root mean square change of their logits. Intervals from the spread over jets."""
    classes = probabilities.argmax(-1)
    found = []
    for name, values in (
        ("share of jets that change class", classes != classes[0]),
        ("logit drift", np.stack([logit_drift(probabilities[0], p) for p in probabilities])),
    ):
        moments = Moments((len(chosen),))
        moments.add(values.T)
        mean = moments.result
        found += [
            Effect(switch, name, value, low, high, np.nan, np.nan, np.nan)
            for switch, value, low, high in zip(chosen, mean.value, *mean.interval, strict=True)
        ]
    return tuple(found)


def quality(
    chosen: tuple[Switch, ...], probabilities: np.ndarray, truth: np.ndarray, dataset: Dataset, count: int
) -> tuple[Effect, ...]:
    """Accuracy, macro AUC and rejections with each switch, by bootstrap over jets; see `bootstrap.replicas`."""
    drawn, points = replicas(probabilities, truth, dataset, count), rejections_of(dataset, truth)
    found = []
    for name, values in drawn.items():
        measured = np.array([_quantity(name, p, truth, points) for p in probabilities])
        compare = _ratio if name in points else np.subtract
        change, changes = compare(measured, measured[0]), compare(values, values[0])
        for v, switch in enumerate(chosen):
            spread = interval(changes[v]) if np.isfinite(changes[v]).all() else (np.nan, np.nan)
            found.append(Effect(switch, name, measured[v], *interval(values[v]), change[v], *spread))
    return tuple(found)


def _quantity(name: str, probabilities: np.ndarray, truth: np.ndarray, points: dict) -> float:
    if name in points:
        return rejection(probabilities, truth, *points[name])
    return accuracy(probabilities, truth) if name == "accuracy" else macro_auc(probabilities, truth)


def _ratio(values: np.ndarray, untouched: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.asarray(values) / untouched


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replicas", type=int, default=SwitchStudy().replicas, help="bootstrap draws")


def study_of(args: argparse.Namespace) -> SwitchStudy:
    return SwitchStudy(args.replicas)
