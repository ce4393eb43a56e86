"""Colours and markers with a meaning, the same on screen and on paper.

Species by marker, subjets by colour, the sign of an edge by red and blue.
"""

import numpy as np

from part.errors import PartError

COLUMN = 3.4  # inches, a column of most journals
SUBJETS = ("#3f90da", "#ffa90e", "#832db6", "#94a4a2")  # tell apart under the common colour blindnesses
# In the order of schema.SPECIES, the last one for unknown (index -1).
SYMBOLS = ("h±", "h⁰", "γ", "e", "μ", "?")
MARKERS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon")
MATPLOTLIB_MARKERS = ("o", "s", "D", "^", "*", "h")
MARKER_SCALE = (1.0, 0.9, 0.85, 1.1, 1.4, 1.0)  # so that equal pT looks equally large
POSITIVE, NEGATIVE = "#d6604d", "#4393c3"  # of RdBu
WIDEST = 4.0  # px, an edge of full strength
ARROW_AT = 0.62  # where on its way from query to key an edge carries its arrow head


def subjet_colour(index: int) -> str:
    return SUBJETS[min(int(index), len(SUBJETS) - 1)]


def edge_width(strength: np.ndarray, widest: float = WIDEST) -> np.ndarray:
    """In the unit of `widest`, the width at full strength."""
    return widest * (0.08 + 0.92 * np.square(strength))


def edge_opacity(strength: np.ndarray) -> np.ndarray:
    return 0.08 + 0.62 * np.asarray(strength)


def edge_colours(weight: np.ndarray, signed: bool, neutral: str) -> list[str]:
    """Hex colours: by sign if the quantity has one."""
    if not signed:
        return [neutral] * len(weight)
    return [POSITIVE if value >= 0 else NEGATIVE for value in weight]


def rgba(colour: str, opacity: float) -> str:
    """ "#rrggbb" and an opacity -> "rgba(r, g, b, opacity)"; PartError for another kind of colour."""
    digits = colour.removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise PartError(f"The colour is {colour!r}; expected #rrggbb.") from None
    return f"rgba({red}, {green}, {blue}, {opacity:.3f})"
