"""The class probabilities that a model gives a jet.

Shapes: C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from part.figures import scale
from part.figures.heatmaps import LabelledArray
from part.figures.jet_view import JetView
from part.figures.view import View
from part.jets.class_groups import ClassGroup, class_group

MAX_CLASSES = 12  # of a drawing; of more classes the strongest are drawn, and the jet's own
N_STRONGEST = 10


def strongest_classes(
    probabilities: np.ndarray,
    truth: int | None = None,
    most: int = MAX_CLASSES,
    kept: int = N_STRONGEST,
    chosen: Sequence[int] = (),
) -> np.ndarray:
    """Return the classes that a drawing shows.

    Parameters
    ----------
    probabilities : np.ndarray
        (..., C), of one prediction or of several that are drawn together.
    truth : int, optional
        The jet's own class, which is always shown.
    most, kept : int
        All classes are shown, in their order, if there are at most `most`; otherwise the `kept` strongest, the
        strongest first, and the jet's own.
    chosen : sequence of int
        Further classes that are always shown.

    Returns
    -------
    np.ndarray
        Class indices.
    """
    largest = probabilities.reshape(-1, probabilities.shape[-1]).max(0)
    if len(largest) <= most:
        return np.arange(len(largest))
    strongest = np.argsort(-largest, kind="stable")[:kept].tolist()
    wanted = [*strongest, *([] if truth is None else [truth]), *chosen]
    return np.array(list(dict.fromkeys(wanted)), np.int64)


@dataclass(frozen=True)
class Bar:
    """A class, or a group of classes whose probabilities are summed; `is_truth` says whether the jet's own is in it."""

    name: str
    probability: float
    is_truth: bool


@dataclass(frozen=True, eq=False)
class Prediction:
    """The class probabilities as bars, in the model's order of classes; of many classes the strongest are drawn.

    Groups that the view names are drawn first, and classes that it names in any case.

    Parameters
    ----------
    jet_view : JetView
        The jet as the model saw it.
    view : View
        Whether the axis is logarithmic, and which classes and groups are drawn beside the strongest.

    Raises
    ------
    PartError
        If the view names a class or a group that the model does not have.
    """

    jet_view: JetView
    view: View
    groups: tuple[ClassGroup, ...] = field(init=False)
    chosen: tuple[int, ...] = field(init=False)

    def __post_init__(self):
        named = [class_group(self.jet_view.dataset, text) for text in self.view.classes]
        object.__setattr__(self, "groups", tuple(group for group in named if len(group) > 1))
        object.__setattr__(self, "chosen", tuple(group.members[0] for group in named if len(group) == 1))

    @property
    def titles(self) -> tuple[str, ...]:
        return self.jet_view.classes

    @property
    def probabilities(self) -> np.ndarray:
        return self.jet_view.trace.probabilities

    @property
    def bars(self) -> list[Bar]:
        """What is drawn, from the top."""
        probabilities, truth = self.probabilities, self.jet_view.truth
        shown = strongest_classes(probabilities, truth, chosen=self.chosen).tolist()
        groups = [Bar(f"Σ {g.name}", float(g.probability(probabilities)), truth in g.members) for g in self.groups]
        return groups + [Bar(self.titles[i], float(probabilities[i]), i == truth) for i in shown]

    @property
    def scale(self) -> str:
        return self.view.scale

    @property
    def limits(self) -> tuple[float, float]:
        """The limits of the probability axis; a logarithmic one ends at 1e-4."""
        return (1e-4, 1.0) if self.scale == "log" else (0.0, 1.0)

    @property
    def title(self) -> str:
        n_shown, n = len(self.bars) - len(self.groups), len(self.titles)
        return "Prediction" if n_shown == n else f"Prediction, {n_shown} of {n} classes"

    def arrays(self) -> dict[str, LabelledArray]:
        """Return the arrays (C,) that are exported; the groups that are drawn follow the classes."""
        groups, logits = self.groups, self.jet_view.trace.logits
        titles = np.array([*self.titles, *(f"Σ {group.name}" for group in groups)])
        probabilities = [self.probabilities, *(group.probability(self.probabilities)[None] for group in groups)]
        logits = [logits, *(group.logit(logits)[None] for group in groups)]
        return {
            "titles": LabelledArray(titles, ("class",), "", "class"),
            "probabilities": LabelledArray(np.concatenate(probabilities), ("class",), "1", "probability"),
            "logits": LabelledArray(np.concatenate(logits), ("class",), "1", "logit"),
        }


def format_probability(probability: float) -> str:
    """Return three digits after the point, or a power of ten for small probabilities."""
    if probability >= 0.001:
        return f"{probability:.3f}"
    if probability < 1e-9:
        return "<10⁻⁹"
    digit, exponent = f"{probability:.0e}".split("e")
    return f"{digit}·10{scale.superscript(int(exponent))}"
