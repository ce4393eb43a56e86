"""The kinds of charts that studies are drawn as: numbers and texts, the same for the screen and for paper.

Shapes: L layers, H heads, R rows, C columns, X and Y points along the axes, n constituents.
"""

from dataclasses import dataclass

import numpy as np

from part.figures.display import Display
from part.figures.flame import Flame
from part.figures.graph import Graph

STYLES = ("line", "points", "steps", "bars", "limits")


@dataclass(frozen=True, eq=False)
class HeadMap:
    """A number per head.

    Parameters
    ----------
    title, unit : str
        Texts.
    values, error : np.ndarray
        Numbers (L, H) and their standard errors.
    signed : bool
        Whether the numbers have both signs; zero then fades into the background.
    marked : np.ndarray, optional
        Cells (L, H) with a frame.
    columns : tuple of str, optional
        Titles of the columns, if they are not the heads from 1.
    limits : tuple of float, optional
        The numbers at the ends of the colour scale, by default those of `colour_limits`.
    texts, notes : tuple of tuple of str, optional
        What the cells say in place of their numbers, a line for each "\\n", and what a hover adds to a number.
    of_class_token : bool
        Whether the heads are those by which a class token reads the particles, not those of the layers.
    quantity : str
        What the numbers are, beside the colours, where the unit does not say it.
    sentence : str
        What the chart shows and how sure that is, see `part.figures.sentences`; "" where nothing is significant.
    about : str
        The kind of chart, whose explanation is in `part.figures.about`.
    """

    title: str
    unit: str
    values: np.ndarray
    error: np.ndarray | None = None
    signed: bool = False
    marked: np.ndarray | None = None
    columns: tuple[str, ...] | None = None
    limits: tuple[float, float] | None = None
    texts: tuple[tuple[str, ...], ...] | None = None
    notes: tuple[tuple[str, ...], ...] | None = None
    of_class_token: bool = False
    quantity: str = ""
    sentence: str = ""
    about: str = ""


@dataclass(frozen=True, eq=False)
class Grid:
    """A number per row and column.

    Parameters
    ----------
    title, unit, row_title, column_title : str
        Texts.
    values, error : np.ndarray
        Numbers (R, C), NaN for empty cells, and their standard errors.
    rows, columns : tuple of str
        Titles of the rows and the columns.
    signed, limits, quantity, sentence, about
        See `HeadMap`.
    """

    title: str
    unit: str
    values: np.ndarray
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_title: str = ""
    column_title: str = ""
    error: np.ndarray | None = None
    signed: bool = False
    limits: tuple[float, float] | None = None
    quantity: str = ""
    sentence: str = ""
    about: str = ""


@dataclass(frozen=True, eq=False)
class Series:
    """One curve, histogram or set of bars.

    Parameters
    ----------
    name : str
        The entry in the legend.
    x : np.ndarray or tuple of str
        Positions (X,); edges (X + 1,) of "steps"; names of "bars".
    y, low, high : np.ndarray
        Numbers (X,) and their interval.
    colour : int or None
        Index into the theme's series, None for faint.
    style : str
        One of `STYLES`; "limits" are lower limits, drawn as arrows upwards from their numbers.
    dashed : bool
        Whether a "line" is dashed.
    labels : tuple of str
        What each of the "points" is, for the hover.
    printed_labels : tuple of str
        The labels that are written beside the points, "" for the others.
    by_sign : bool
        Whether "bars" have the colours of positive and of negative edges in place of their own.
    in_legend : bool
        Whether the legend names it; the hover does in any case.
    """

    name: str
    x: np.ndarray | tuple[str, ...]
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    colour: int | None = 0
    style: str = "line"
    dashed: bool = False
    labels: tuple[str, ...] = ()
    printed_labels: tuple[str, ...] = ()
    by_sign: bool = False
    in_legend: bool = True

    @property
    def half(self) -> np.ndarray:
        """Half of the width of the interval (X,), NaN where there is none."""
        if self.low is None or self.high is None:
            return np.full(np.shape(self.y), np.nan)
        return (self.high - self.low) / 2


@dataclass(frozen=True, eq=False)
class Plot:
    """Curves, histograms or bars on common axes; bars are horizontal, in the order of their names from the top.

    Parameters
    ----------
    title, x_title, y_title : str
        Texts.
    series : tuple of Series
        What is drawn, either all of it bars or none.
    log_x, log_y : bool
        Whether the axes are logarithmic.
    x_range, y_range : tuple of float, optional
        The ends of the axes.
    x_ticks : tuple of float, optional
        The ticks of the x axis.
    sentence, about : str
        See `HeadMap`.
    """

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    x_ticks: tuple[float, ...] | None = None
    sentence: str = ""
    about: str = ""


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of two numbers.

    Parameters
    ----------
    title, unit, x_title, y_title : str
        Texts.
    x, y : np.ndarray
        Ascending positions (X,) and (Y,).
    values : np.ndarray
        Numbers (Y, X).
    points : np.ndarray, optional
        Positions (P, 2) of a sample, drawn as dots.
    signed, limits, sentence, about
        See `HeadMap`.
    """

    title: str
    unit: str
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    x_title: str
    y_title: str
    signed: bool = False
    points: np.ndarray | None = None
    limits: tuple[float, float] | None = None
    sentence: str = ""
    about: str = ""


@dataclass(frozen=True, eq=False)
class Plane:
    """A number per constituent of a jet, in the η-φ plane.

    Parameters
    ----------
    title, unit : str
        Texts.
    jet : Display
        The jet; its edges are not drawn.
    values, error : np.ndarray
        Numbers (n,) in file order and their standard errors.
    signed, limits, sentence, about
        See `HeadMap`.
    """

    title: str
    unit: str
    jet: Display
    values: np.ndarray
    error: np.ndarray | None = None
    signed: bool = False
    limits: tuple[float, float] | None = None
    sentence: str = ""
    about: str = ""


Chart = HeadMap | Grid | Plot | Surface | Plane | Flame | Graph


def colour_limits(chart: HeadMap | Grid | Surface | Plane) -> tuple[float, float]:
    """Return the limits of the colours: from 0 to the largest value, or symmetric where values are signed."""
    if chart.limits is not None:
        return chart.limits
    finite = chart.values[np.isfinite(chart.values)]
    if chart.signed:
        largest = float(np.abs(finite).max(initial=0)) or 1.0
        return -largest, largest
    return min(float(finite.min(initial=0)), 0.0), float(finite.max(initial=0)) or 1.0
