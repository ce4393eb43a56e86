"""The same figure of several models as panels beside each other, with one colour bar or one legend."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from part.errors import PartError
from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import ClassRows, Heatmap, Matrix, Mosaic
from part.figures.matplotlib.display import display_panel, draw_legend
from part.figures.matplotlib.heatmaps import class_panel, colorbar, matrix_panel, mosaic_panel, slots_panel
from part.figures.matplotlib.style import headed_figure, tex
from part.figures.style import COLUMN
from part.figures.view import lower_first

ROW = 4  # panels beside each other in a figure wider than a column; a column holds half as many
NARROW = 2.0  # inches: numbers of an axis no longer fit beside each other
PANEL_ASPECT: dict[type, float] = {Matrix: 1.0, Mosaic: 1.0, ClassRows: 0.6, Display: 1.0}  # height over width


def draw_panels(figures: Sequence[FigureData], width: float) -> Figure:
    """Draw the same figure of several models.

    Parameters
    ----------
    figures : sequence of figure data
        Heatmaps, or event displays, of one view and one jet, with the same limits.
    width : float
        Inches.

    Raises
    ------
    PartError
        If the figures are of another kind, such as predictions, or do not share their limits.
    """
    first = figures[0]
    if type(first) not in PANEL_ASPECT or any(type(data) is not type(first) for data in figures):
        raise PartError("Only heads, the class token and event displays are drawn as panels; expected one of them.")
    if any(data.limits != first.limits for data in figures if not _has_own_limits(data)):
        raise PartError("The figures have different limits; expected the same, see `part.figures.shared_limits`.")
    columns = min(len(figures), ROW if width > 1.5 * COLUMN else ROW // 2)
    rows = -(-len(figures) // columns)
    height = rows * (0.88 * width / columns * PANEL_ASPECT[type(first)] + 0.2) + (
        0.7 if isinstance(first, Display) else 0.15
    )
    heading = [f"{first.jet_view.heading}", _title(first)]
    figure = headed_figure(heading, width, height)
    panels = figure.subplots(rows, columns, squeeze=False)
    extent = max((data.extent for data in figures if isinstance(data, Display)), default=None)
    drawn = [_panel(axes, data, extent) for axes, data in zip(panels.flat, figures, strict=False)]
    for i, axes in enumerate(panels.flat):
        if i >= len(figures):
            axes.remove()
            continue
        axes.set_title(tex(figures[i].jet_view.model), fontsize=7, pad=12 if isinstance(first, Mosaic) else 4)
        if i % columns:
            axes.set_ylabel("")
        if isinstance(first, Display) and width / columns < NARROW:
            _thin_out(axes)
    if isinstance(first, Heatmap) and drawn[0] is not None:
        colorbar(figure, list(panels.flat[: len(figures)]), drawn[0], first)
    elif isinstance(first, Display):
        draw_legend(figure, first, width)
    return figure


def _thin_out(axes: Axes) -> None:
    """Keep every second number of the horizontal axis, zero among them."""
    marks = [(value, label.get_text()) for value, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)]
    zero = min(range(len(marks)), key=lambda i: abs(marks[i][0]))
    kept = marks[zero % 2 :: 2]
    axes.set_xticks([value for value, _ in kept], [label for _, label in kept])


def _has_own_limits(data: FigureData) -> bool:
    """Return whether a display shows weights through slots, whose limits are not those of attention."""
    return isinstance(data, Display) and data.jet_view.attends_to_slots


def _title(data: FigureData) -> str:
    return "All heads" if isinstance(data, Mosaic) else lower_first(data.title).capitalize()


def _panel(axes: Axes, data: FigureData, extent: float | None) -> AxesImage | None:
    match data:
        case Matrix() if data.jet_view.attends_to_slots:
            return slots_panel(axes, data)
        case Matrix():
            return matrix_panel(axes, data)
        case Mosaic():
            return mosaic_panel(axes, data)
        case ClassRows():
            return class_panel(axes, data)
        case Display():
            display_panel(axes, data, extent)
    return None
