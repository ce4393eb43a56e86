"""A number per constituent of a jet: in the plane, or as bars of a jet that cannot be drawn.

Shapes: n constituents.
"""

import numpy as np

from part.figures.charts import Plane, Plot, Series
from part.figures.display import empty_display
from part.figures.jet_view import JetView
from part.figures.view import View

MOST_BARS = 20


def of_constituents(
    title: str, unit: str, values: np.ndarray, jet_view: JetView, sentence: str, about: str
) -> Plane | Plot:
    """Return the jet coloured by some numbers (n,), or bars of the largest of a jet that cannot be drawn."""
    if jet_view.constituents.has_momenta:
        jet = empty_display(jet_view, View("display"))
        return Plane(title, unit, jet, values, signed=True, sentence=sentence, about=about)
    top = np.argsort(-np.abs(values), kind="stable")[:MOST_BARS]
    names = tuple(jet_view.constituents.numbered(i) for i in top)
    bars = Series("", names, values[top], style="bars")
    return Plot(title, unit, "", (bars,), sentence=sentence, about=about)
