"""The class probabilities that a model gives a jet.

Shapes: C classes.
"""

from dataclasses import dataclass

import numpy as np

from part.figures import scale
from part.figures.heatmaps import LabelledArray
from part.figures.jet_view import JetView
from part.figures.view import View


@dataclass(frozen=True, eq=False)
class Prediction:
    """The class probabilities as bars, in the model's order of classes.

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
    def scale(self) -> str:
        return self.view.scale

    @property
    def limits(self) -> tuple[float, float]:
        """The limits of the probability axis; a logarithmic one ends at 1e-4."""
        return (1e-4, 1.0) if self.scale == "log" else (0.0, 1.0)

    @property
    def texts(self) -> list[str]:
        """The probabilities as written beside their bars."""
        return [format_probability(float(p)) for p in self.probabilities]

    @property
    def title(self) -> str:
        return "Prediction"

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
