"""The class probabilities that a model gives a jet.

Shapes: C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from part.figures import scale
from part.figures.heatmaps import LabelledArray
from part.figures.jet_view import JetView
from part.figures.view import View

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


@dataclass(frozen=True, eq=False)
class Prediction:
    """The class probabilities as bars, in the model's order of classes; of many classes the strongest are drawn.

    Parameters
    ----------
    jet_view : JetView
        The jet as the model saw it.
    view : View
        Whether the axis is logarithmic.
    """

    jet_view: JetView
    view: View

    @property
    def titles(self) -> tuple[str, ...]:
        return self.jet_view.classes

    @property
    def probabilities(self) -> np.ndarray:
        return self.jet_view.trace.probabilities

    @property
    def truth(self) -> int | None:
        """The index of the jet's own class, None if it is unknown."""
        return self.jet_view.truth

    @property
    def shown(self) -> np.ndarray:
        """The indices of the classes that are drawn."""
        return strongest_classes(self.probabilities, self.truth)

    @property
    def scale(self) -> str:
        return self.view.scale

    @property
    def limits(self) -> tuple[float, float]:
        """The limits of the probability axis; a logarithmic one ends at 1e-4."""
        return (1e-4, 1.0) if self.scale == "log" else (0.0, 1.0)

    @property
    def texts(self) -> list[str]:
        """The probabilities as written beside the bars that are drawn."""
        return [format_probability(float(p)) for p in self.probabilities[self.shown]]

    @property
    def title(self) -> str:
        n_shown, n = len(self.shown), len(self.titles)
        return "Prediction" if n_shown == n else f"Prediction, {n_shown} of {n} classes"

    def arrays(self) -> dict[str, LabelledArray]:
        """Return the arrays (C,) that are exported."""
        return {
            "titles": LabelledArray(np.array(self.titles), ("class",), "", "class"),
            "probabilities": LabelledArray(self.probabilities, ("class",), "1", "probability"),
            "logits": LabelledArray(self.jet_view.trace.logits, ("class",), "1", "logit"),
        }


def format_probability(probability: float) -> str:
    """Return three digits after the point, or a power of ten for small probabilities."""
    if probability >= 0.001:
        return f"{probability:.3f}"
    if probability < 1e-9:
        return "<10⁻⁹"
    digit, exponent = f"{probability:.0e}".split("e")
    return f"{digit}·10{scale.superscript(int(exponent))}"
