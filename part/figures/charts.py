"""What studies are drawn as: numbers and words, for the screen and for paper alike.

Shapes: L layers, H heads, R rows, C columns, X and Y points along the axes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from part.figures.display import Display

STYLES = ("line", "points", "steps", "bars")


@dataclass(frozen=True, eq=False)
class HeadMap:
    """A number for each head. values, error (L, H); signed: of either sign, white at 0. marked (L, H): framed cells.

    columns: what the columns are, if they are not the heads from 1 on. limits: of the colours; the largest if None.
    """

    title: str
    unit: str
    values: np.ndarray
    error: np.ndarray | None = None
    signed: bool = False
    marked: np.ndarray | None = None
    columns: tuple[str, ...] | None = None
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """A number for each pair of a row and a column. values, error (R, C); nan: none."""

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


@dataclass(frozen=True, eq=False)
class Series:
    """One curve. x, y (X,); low, high (X,): its interval. colour: which of the colours, None for faint.

    style: "steps" has edges x (X + 1,); "bars" has texts for x. dashed: of "line", its second kind.
    labels: of "points", what they are; beside: the same where it is written beside them, "" elsewhere.
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
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Plot:
    """Curves, histograms or bars on common axes; bars lie, in the order of their names from the top.

    x_ticks: where the x axis has its ticks, if that matters.
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


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of two numbers. x (X,), y (Y,) ascending, values (Y, X); points (P, 2): where the sample lies."""

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


@dataclass(frozen=True, eq=False)
class Plane:
    """A number for each constituent of a jet, in the η-φ plane. values, error (N,) in file order."""

    title: str
    unit: str
    jet: Display
    values: np.ndarray
    error: np.ndarray | None = None
    signed: bool = False
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Flame:
    """What a whole is made of, level below level, in the order given.

    leaves: by their path from the top, `root` itself left out. coloured: the parts of the whole that have a colour
    each, with all below them.
    """

    title: str
    unit: str
    root: str
    leaves: Mapping[tuple[str, ...], float]
    coloured: tuple[str, ...]

    def colour(self, path: tuple[str, ...]) -> int | None:
        """Which of the colours a part has, if any."""
        return self.coloured.index(path[0]) if path and path[0] in self.coloured else None

    def nodes(self) -> dict[tuple[str, ...], float]:
        """Every path, () for the root, with the sum of what lies below it; children after their parents."""
        sums: dict[tuple[str, ...], float] = {(): 0.0}
        for path, value in self.leaves.items():
            for depth in range(len(path) + 1):
                sums[path[:depth]] = sums.get(path[:depth], 0.0) + value
        return sums


Chart = HeadMap | Grid | Plot | Surface | Plane | Flame


def colour_limits(chart: HeadMap | Grid | Surface | Plane) -> tuple[float, float]:
    """From 0 to the largest value, or as far to both sides where values are signed."""
    if chart.limits is not None:
        return chart.limits
    finite = chart.values[np.isfinite(chart.values)]
    if chart.signed:
        largest = float(np.abs(finite).max(initial=0)) or 1.0
        return -largest, largest
    return min(float(finite.min(initial=0)), 0.0), float(finite.max(initial=0)) or 1.0


def cell_texts(values: np.ndarray) -> tuple[list[list[str]], int]:
    """Short numbers for the cells of a map, "" for none, and the power of ten that they are in units of."""
    largest = float(np.nanmax(np.abs(values), initial=0)) or 1.0
    power = int(np.floor(np.log10(largest))) if largest < 0.01 or largest >= 1000 else 0
    scaled = values / 10.0**power
    top = float(np.nanmax(np.abs(scaled), initial=0))
    digits = 2 if top < 1.95 and not power else 1 if top < 19.5 else 0
    rounded = np.round(scaled, digits) + 0.0  # no negative zero
    return [["" if np.isnan(v) else f"{v:.{digits}f}".replace("-", "−") for v in row] for row in rounded], power
