"""The choice of what a figure shows, the same on the page, on the command line and in an exported script.

Layers, heads and constituents count from 0 here, and from 1 where people read them.
"""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from part.errors import PartError

FIGURES = ("matrix", "mosaic", "class", "display", "prediction")
QUANTITIES = ("pattern", "scores_qk", "bias", "logits", "value_norms")
SCALES = ("log", "linear")
ORDERS = ("pt", "subjet", "species", "file")
COLOURS = ("subjet", "deltaR", "kt")
SIGNED = ("scores_qk", "bias", "logits")

QUANTITY_TITLES = {
    "pattern": "Attention",
    "scores_qk": "q·k/√d",
    "bias": "Interaction bias",
    "logits": "q·k/√d + bias",
    "value_norms": "Value-weighted attention",
}
THROUGH_SLOTS = "Attention through slots"
ORDER_TITLES = {"pt": "by pT", "subjet": "by subjet", "species": "by species", "file": "as in file"}

COLOUR_TITLES = {"subjet": "subjet", "deltaR": "prong by ΔR", "kt": "prong by kT"}


@dataclass(frozen=True)
class View:
    """A figure and what it shows.

    Parameters
    ----------
    figure : str
        "matrix": one head; "mosaic": all heads; "class": the rows of the class token; "display": the jet in the
        η-φ plane with attention as edges; "prediction": the class probabilities.
    quantity : str
        What is drawn for each pair of query and key, one of `QUANTITIES`.
    layer, head : int
        The head of "matrix" and "display".
    scale : str
        "log" or "linear", of colours, edges or bars. Signed quantities are always linear.
    order : str
        The order of the constituents, one of `ORDERS`.
    query : int or None
        A chosen constituent in file order.
    edges : int
        The largest number of edges in a display.
    colour : str
        What a constituent's colour in a display stands for: its "subjet", or its prong, matched by "deltaR" or by the
        "kt" history; see `part.jets.truth.match`. Jets without prongs are coloured by subjet.
    zoom : tuple of float, optional
        The square that a display shows: Δη and Δφ of its middle and half of its side; by default one around the axis
        that holds 99 % of the pT and all edges.
    classes : tuple of str
        Classes, and groups of them, that a prediction draws beside the strongest; see `part.jets.class_groups`.

    Raises
    ------
    PartError
        If a value is not one of these.
    """

    figure: str = "matrix"
    quantity: str = "pattern"
    layer: int = 0
    head: int = 0
    scale: str = "log"
    order: str = "pt"
    query: int | None = None
    edges: int = 40
    colour: str = "subjet"
    zoom: tuple[float, float, float] | None = None
    classes: tuple[str, ...] = ()

    def __post_init__(self):
        for name, choices in (
            ("figure", FIGURES),
            ("quantity", QUANTITIES),
            ("scale", SCALES),
            ("order", ORDERS),
            ("colour", COLOURS),
        ):
            if getattr(self, name) not in choices:
                raise PartError(f"The view's {name} is {getattr(self, name)!r}; expected one of {', '.join(choices)}.")
        for name, least in (("layer", 0), ("head", 0), ("edges", 1), ("query", 0)):
            value = getattr(self, name)
            if value is None and name == "query":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise PartError(f"The view's {name} is {value!r}; expected a whole number not smaller than {least}.")

        if self.zoom is not None and not _is_square(self.zoom):
            raise PartError(f"The view's zoom is {self.zoom}; expected Δη, Δφ and half a side, which is above 0.")

    @property
    def signed(self) -> bool:
        """Return whether the quantity has both signs, so that its scale is linear with symmetric limits."""
        return self.quantity in SIGNED

    @property
    def title(self) -> str:
        """The head as people read it, such as "Layer 4, head 6"."""
        return f"Layer {self.layer + 1}, head {self.head + 1}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "View":
        """Invert `to_dict`; missing keys take their defaults. Raise PartError for an unknown key."""
        if unknown := sorted(set(values) - {field.name for field in fields(cls)}):
            raise PartError(f"A view has no {', '.join(unknown)}.")
        values |= {"classes": tuple(values.get("classes", ()))}  # a list in JSON
        if values.get("zoom") is not None:
            values |= {"zoom": tuple(values["zoom"])}
        return cls(**values)


def _is_square(zoom: object) -> bool:
    if not isinstance(zoom, tuple) or len(zoom) != 3 or not all(isinstance(number, int | float) for number in zoom):
        return False
    return all(map(math.isfinite, zoom)) and zoom[2] > 0


def lower_first(title: str) -> str:
    """Return a title as it reads within a sentence."""
    return title[0].lower() + title[1:]
