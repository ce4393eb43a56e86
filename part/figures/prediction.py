"""What the model takes the jet for.

Shapes: C classes.
"""

from dataclasses import dataclass

import numpy as np

from part.figures import scale
from part.figures.heatmaps import Numbers
from part.figures.scene import Scene
from part.figures.view import View


@dataclass(frozen=True, eq=False)
class Prediction:
    """titles (C,), probabilities (C,) in the model's order of classes; truth: index of the jet's, or None."""

    scene: Scene
    view: View

    @property
    def titles(self) -> tuple[str, ...]:
        return self.scene.classes

    @property
    def probabilities(self) -> np.ndarray:
        return self.scene.trace.probabilities

    @property
    def truth(self) -> int | None:
        return self.scene.truth

    @property
    def scale(self) -> str:
        return self.view.scale

    @property
    def limits(self) -> tuple[float, float]:
        """Of the probability axis; a logarithmic one ends at 1e-4."""
        return (1e-4, 1.0) if self.scale == "log" else (0.0, 1.0)

    @property
    def texts(self) -> list[str]:
        """Each probability as written beside its bar."""
        return [text_of(float(p)) for p in self.probabilities]

    @property
    def title(self) -> str:
        return "Prediction"

    def numbers(self) -> dict[str, Numbers]:
        return {
            "titles": Numbers(np.array(self.titles), ("class",), "", "class"),
            "probabilities": Numbers(self.probabilities, ("class",), "1", "probability"),
            "logits": Numbers(self.scene.trace.logits, ("class",), "1", "logit"),
        }


def text_of(probability: float) -> str:
    """Three digits after the point, or a power of ten."""
    if probability >= 0.001:
        return f"{probability:.3f}"
    if probability < 1e-9:
        return "<10⁻⁹"
    digit, exponent = f"{probability:.0e}".split("e")
    return f"{digit}·10{scale.superscript(int(exponent))}"
