"""Every colour of the figures, by what it stands for: on a light page, on a dark page and on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from part.errors import PartError

TRANSPARENT = "rgba(0, 0, 0, 0)"


@dataclass(frozen=True)
class Theme:
    """The colours of a page.

    Attributes
    ----------
    name : str
        "light" or "dark".
    text : str
        Titles, labels and lines between groups.
    faint : str
        Axes, ticks and series in the background.
    grid : str
        Grid lines.
    background : str
        The page.
    accent : str
        The chosen constituent, and bars and training curves.
    edge : str
        Attention edges whose quantity has no sign.
    series : tuple of str
        Curves and bars of a chart in their order; series beyond them repeat the colours.
    colormaps : tuple of str
        Names of matplotlib's, or of `OWN_COLORMAPS`, for values of one sign and of both. Small values fade into the
        background.
    """

    name: str
    text: str
    faint: str
    grid: str
    background: str
    accent: str
    edge: str
    series: tuple[str, ...]
    colormaps: tuple[str, str]


LIGHT = Theme(
    name="light",
    text="#31333f",
    faint="#6b6f7b",
    grid="rgba(110, 115, 130, 0.18)",
    background="#ffffff",
    accent="#2a6fdb",
    edge="#3c4254",
    series=("#2a6fdb", "#c8601a", "#2f8f5b", "#8e44ad", "#b7791f", "#c0395b", "#4b8ea3", "#6b6f7b"),
    colormaps=("magma_r", "RdBu_r"),
)
DARK = Theme(
    name="dark",
    text="#fafafa",
    faint="#a3a8b4",
    grid="rgba(160, 165, 180, 0.18)",
    background="#0e1117",
    accent="#6ea8fe",
    edge="#d5d9e2",
    series=("#6ea8fe", "#f2a15f", "#63c794", "#c58be0", "#e0b354", "#f07f9d", "#7fc2d6", "#a3a8b4"),
    colormaps=("viridis", "blue-grey-red"),
)
# matplotlib's diverging maps for dark pages have a black middle, in which zero reads as a hole; here it is grey.
OWN_COLORMAPS = {"blue-grey-red": ("#cfe6ff", "#5aa2ea", "#2f6bb0", "#4a505b", "#b04a3a", "#ec8a6c", "#ffdccf")}
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

# The subjets, the leading first and the last for all others; distinguishable under common colour blindnesses.
SUBJETS = ("#3f90da", "#ffa90e", "#832db6", "#94a4a2")
# The prongs, the leading first and the last for all others; a constituent of none is grey.
PRONGS = ("#3f90da", "#ffa90e", "#832db6", "#bd1f01", "#92dadd", "#a96b59")
UNMATCHED = "#94a4a2"
POSITIVE, NEGATIVE = "#d6604d", "#4393c3"  # edges of signed quantities, from the colormap RdBu

# Paper follows the light theme; these are the exceptions.
PAPER_FAINT = "#8b8f9b"  # series in the background
PAPER_BAR = "#9aa3b5"  # bars of classes other than the jet's own
PAPER_BLOCK = "#d5d8df"  # parts of a flame chart without a colour of their own
PAPER_NOTE, PAPER_MARKER, PAPER_OUTLINE = "0.35", "0.45", "0.4"  # greys: notes, legend markers, rims of markers
LIGHT_TEXT, DARK_TEXT = "white", "black"  # on dark and on light fills, on pages as well


def get_theme(name: str) -> Theme:
    """Return the theme "light" or "dark". Raise PartError for another name."""
    if name not in THEMES:
        raise PartError(f"There is no theme {name!r}; expected {' or '.join(THEMES)}.")
    return THEMES[name]


@cache
def colormap(signed: bool, theme: str = "light") -> np.ndarray:
    """Return the colours of a heatmap.

    Parameters
    ----------
    signed : bool
        Whether the values have both signs; zero is then in the middle.
    theme : str
        "light", also for paper, or "dark".

    Returns
    -------
    np.ndarray
        Red, green and blue (256, 3) uint8 from the lower to the upper limit, read-only.
    """
    name = get_theme(theme).colormaps[int(signed)]
    if name in OWN_COLORMAPS:
        shades = LinearSegmentedColormap.from_list(name, OWN_COLORMAPS[name])
    else:
        shades = matplotlib.colormaps[name]
    colours = shades(np.arange(256), bytes=True)[:, :3]
    colours.flags.writeable = False
    return colours


def is_dark(fills: np.ndarray) -> np.ndarray:
    """Return on which fills (..., 3), red, green and blue from 0 to 1, white has more contrast than black (WCAG 2)."""
    linear = np.where(fills <= 0.04045, fills / 12.92, ((fills + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return (luminance + 0.05) ** 2 < 1.05 * 0.05


def series_colours(theme: str, accents: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the colours of a chart's series in their order; `accents` replace the first ones."""
    return *accents, *get_theme(theme).series[len(accents) :]


def subjet_colour(index: int) -> str:
    return SUBJETS[min(int(index), len(SUBJETS) - 1)]


def prong_colour(index: int) -> str:
    """Return the colour of a prong, or of constituents that belong to none (-1)."""
    return PRONGS[min(int(index), len(PRONGS) - 1)] if index >= 0 else UNMATCHED


def edge_colours(weight: np.ndarray, signed: bool, neutral: str) -> list[str]:
    """Return a colour per edge: by the sign of its weight if the quantity has both, otherwise `neutral`."""
    if not signed:
        return [neutral] * len(weight)
    return [POSITIVE if value >= 0 else NEGATIVE for value in weight]


def rgba(colour: str, opacity: float) -> str:
    """Return "rgba(r, g, b, opacity)" for "#rrggbb". Raise PartError for another kind of colour."""
    digits = colour.removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise PartError(f"The colour is {colour!r}; expected #rrggbb.") from None
    return f"rgba({red}, {green}, {blue}, {opacity:.3f})"
