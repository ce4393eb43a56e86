"""Markers and edges, the same on screen and on paper: a marker per species, width and opacity by attention."""

import numpy as np

COLUMN = 3.4  # inches, the width of a column in most journals
TWO_COLUMNS = 7.0
SYMBOLS = ("h±", "h⁰", "γ", "e", "μ", "?")  # in the order of schema.SPECIES; the last one is for unknown particles
# By `Constituents.mark`: the species, unknown particles, and tokens of the second and of further collections.
MARKERS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon", "triangle-down", "pentagon")
MATPLOTLIB_MARKERS = ("o", "s", "D", "^", "*", "h", "v", "p")
MARKER_SCALE = (1.0, 0.9, 0.85, 1.1, 1.4, 1.0, 1.1, 1.0)  # makes equal pT look equally large
MARKER_CHARACTERS = "●■◆▲★⬢▼⬟"
# Partons over the constituents: rings as large as their pT says, or small crosses of what leaves no constituents.
PARTON_KINDS = ("prong", "neutrino", "resonance")
PARTON_MARKERS = ("circle-open", "x-thin", "cross-thin")
MATPLOTLIB_PARTON_MARKERS = ("o", "x", "+")
ACCENTS = {  # the colours of models that are shown together, in their order
    "light": ("#2563c9", "#c8601a", "#14805e", "#7d3fc8"),
    "dark": ("#7fb0ff", "#f2a15f", "#53cfa6", "#bd95f5"),
}
MAX_EDGE_WIDTH = 4.0  # px
ARROW_POSITION = 0.62  # of the way from query to key, where an edge carries its arrow head


def edge_width(strength: np.ndarray, max_width: float = MAX_EDGE_WIDTH) -> np.ndarray:
    """Return widths for strengths in [0, 1], in the unit of `max_width`."""
    return max_width * (0.08 + 0.92 * np.square(strength))


def edge_opacity(strength: np.ndarray) -> np.ndarray:
    return 0.08 + 0.62 * np.asarray(strength)
