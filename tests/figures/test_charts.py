"""Charts of studies show their numbers on the screen and on paper."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from part.errors import PartError
from part.figures.cell_texts import cell_texts
from part.figures.charts import Grid, HeadMap, Plot, Series, Surface, colour_limits
from part.figures.flame import Flame
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart as draw_matplotlib
from part.figures.palette import colormap
from part.figures.plotly.charts import draw_chart as draw_plotly

LUMA = (0.2126, 0.7152, 0.0722)
VALUES = np.array([[0.5, -0.25, 0.0], [1.0, np.nan, -1.5]])
MAP = HeadMap("Drop", "points", VALUES, np.full((2, 3), 0.1), signed=True, marked=VALUES > 0.7)
GRID = Grid("Species", "share", VALUES, ("electron", "muon"), ("a", "b", "c"), "query", "key")
X = np.array([1.0, 2.0, 3.0])
LINES = Plot(
    "Entropy",
    "jet pT [GeV]",
    "nats",
    (Series("one", X, X**2, X**2 - 1, X**2 + 1), Series("two", X, 2 * X, X, 3 * X, 1, "points")),
    log_y=True,
)
BARS = Plot("Shares", "share", "", (Series("", ("lnkT", "lnz"), X[:2], X[:2] - 0.5, X[:2] + 0.5, style="bars"),))
STEPS = Plot("Weights", "weight", "jets", (Series("", np.arange(4.0), X, style="steps"),))
SURFACE = Surface("Bias", "bias", X, X[:2], VALUES, "lnΔ", "lnkT", True, np.ones((5, 2)))
LEAVES = {("a", "x", "mm"): 3.0, ("a", "y"): 1.0, ("b", "mm"): 2.0, ("add",): 0.5}
FLAME = Flame("Time", "ms", "model", LEAVES, ("a", "b"))
POINTS = Plot("Roofline", "FLOP/byte", "FLOP/s", (Series("m", X, X, style="points", labels=("a", "b", "c"),
              printed_labels=("a", "", "c")),), log_x=True, log_y=True, x_ticks=(1.0, 3.0))  # fmt: skip
ALL = (MAP, GRID, LINES, BARS, STEPS, SURFACE, FLAME, POINTS)


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.title)
def test_every_chart_is_drawn_for_screen_and_paper(chart):
    for theme in ("light", "dark"):
        assert draw_plotly(chart, theme, 300).layout.height == 300
    figure = draw_matplotlib(chart)
    assert isinstance(figure, Figure)
    assert figure_bytes(figure, "pdf", {}).startswith(b"%PDF")
    assert figure.get_suptitle().startswith(chart.title[:3])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """Return the contrast ratio of two colours, red, green and blue from 0 to 1, by WCAG 2."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (one, other)]
    light = [float(colour @ np.array(LUMA)) for colour in linear]
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
def test_numbers_in_cells_can_be_read_on_every_colour(theme, signed):
    values = np.linspace(-1.0 if signed else 0.0, 1.0, 24).reshape(3, 8)
    chart = HeadMap("all colours", "", values, signed=signed)
    fills = colormap(signed, "light" if theme == "paper" else theme) / 255
    if theme == "paper":
        colours = [to_rgb(text.get_color()) for text in draw_matplotlib(chart).axes[0].texts]
    else:
        shown = [t for t in draw_plotly(chart, theme, 300).data if t.type == "heatmap"]
        # The last trace that has a cell is the one on top.
        on_top = [[t for t in shown if np.isfinite(np.array(t.z, float)[i])][-1] for i in np.ndindex(values.shape)]
        colours = [to_rgb(trace.textfont.color) for trace in on_top]
        written = [[bool(t.text[i][j]) and t.textfont.color for t in shown] for i, j in np.ndindex(values.shape)]
        assert all(texts[-1] == "white" or not any(texts[1:]) for texts in written)  # none is written over another
    assert len(set(colours)) == 2
    for value, colour in zip(np.linspace(0, 1, 24), colours, strict=True):
        assert contrast(np.array(colour), fills[round(255 * value)]) > 4.4  # black or white reaches 4.5 on any colour


def test_symbols_have_subscripts_on_the_screen_and_in_print():
    chart = Plot("Weights", "log10 weight", "jet pT [GeV]", (Series("", X, X),))
    layout = draw_plotly(chart, "light", 300).layout
    assert layout.xaxis.title.text == "log<sub>10</sub> weight"
    assert layout.yaxis.title.text == "jet p<sub>T</sub> [GeV]"
    (axes,) = draw_matplotlib(chart).axes
    assert axes.get_xlabel() == r"$\log_{10}$ weight"
    assert axes.get_ylabel() == r"jet $p_{\mathrm{T}}$ [GeV]"


def test_a_head_map_shows_its_numbers_and_frames():
    figure = draw_plotly(MAP, "light", 300)
    without_data, trace, *_ = figure.data
    np.testing.assert_array_equal(trace.z, VALUES)
    np.testing.assert_array_equal(without_data.z, np.where(np.isnan(VALUES), 0, np.nan))
    assert trace.colorbar.orientation == "h"
    assert figure.layout.xaxis.title.text == "Head"
    assert trace.colorbar.title.text == "points"
    assert trace.text[0][1] == "−0.25"
    assert trace.text[1][1] == ""
    assert (trace.zmin, trace.zmax) == (-1.5, 1.5)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, 1.5, 2.5)  # head 1 of layer 2
    axes = draw_matplotlib(MAP).axes[0]
    assert {text.get_text() for text in axes.texts} == {"0.50", "−0.25", "0.00", "1.00", "−1.50"}
    (patch,) = axes.patches
    assert patch.get_xy() == (-0.5, 0.5)


def test_where_a_surface_has_no_data_it_is_hatched():
    (hatched,) = draw_plotly(SURFACE, "dark", 300).layout.shapes
    assert (hatched.layer, hatched.xref, hatched.yref) == ("below", "paper", "paper")
    ends = np.array([word for word in hatched.path.split() if word not in "ML"], float)
    assert (ends.min(), ends.max()) == (0, 1)
    assert not draw_plotly(replace(SURFACE, values=np.ones((2, 3))), "dark", 300).layout.shapes
    assert [bool(draw_matplotlib(chart).axes[0].patch.get_hatch()) for chart in (SURFACE, MAP, GRID)] == [True] * 3
    assert not draw_matplotlib(replace(SURFACE, values=np.ones((2, 3)))).axes[0].patch.get_hatch()


@pytest.mark.parametrize("draw", [lambda chart: draw_plotly(chart, "light", 300), draw_matplotlib])
def test_lower_limits_are_arrows_that_point_upwards(draw):
    limits = Series(
        "m", X[:2], np.array([17.0, 34.0]), style="limits", labels=("none of 50 passes", "none of 100 passes")
    )
    figure = draw(Plot("Rejection", "pT", "1/ε", (limits,), log_y=True))
    if isinstance(figure, Figure):
        bars, arrows = (line.get_ydata().tolist() for line in figure.axes[0].lines[:2])
        assert (bars, arrows) == ([17, 34], [25.5, 51])
        return
    (arrows,) = figure.data
    assert (arrows.y[0], arrows.y[3]) == (17, 34)
    assert arrows.y[1] > arrows.y[0]
    assert arrows.customdata[0] == "none of 50 passes"


def test_a_grid_names_its_rows_and_columns():
    _, trace, *_ = draw_plotly(GRID, "dark", 300).data
    assert list(trace.y) == ["electron", "muon"]
    labels = [text.get_text() for text in draw_matplotlib(GRID).axes[0].get_xticklabels()]
    assert labels == ["a", "b", "c"]


def test_intervals_are_bands_of_lines_and_bars_of_points():
    band, line, points = draw_plotly(LINES, "light", 300).data
    np.testing.assert_array_equal(line.y, X**2)
    np.testing.assert_array_equal(band.y, [*(X**2 + 1), *(X**2 - 1)[::-1]])
    np.testing.assert_array_equal(points.error_y.array, X)
    axes = draw_matplotlib(LINES).axes[0]
    assert axes.get_yscale() == "log"
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), X**2)


def test_bars_are_horizontal_with_names_from_the_top():
    (bar,) = draw_plotly(BARS, "light", 300).data
    assert bar.orientation == "h"
    np.testing.assert_array_equal(bar.x, X[:2])
    np.testing.assert_array_equal(bar.error_x.array, [0.5, 0.5])
    axes = draw_matplotlib(BARS).axes[0]
    assert [patch.get_width() for patch in axes.patches] == [1.0, 2.0]


def test_a_histogram_ends_at_its_last_edge():
    (trace,) = draw_plotly(STEPS, "light", 300).data
    assert trace.line.shape == "hv"
    np.testing.assert_array_equal(trace.x, np.arange(4.0))
    np.testing.assert_array_equal(trace.y, [*X, X[-1]])


def test_colour_limits_are_symmetric_where_values_are_signed():
    assert colour_limits(MAP) == (-1.5, 1.5)
    assert colour_limits(GRID) == (-1.5, 1.0)
    assert colour_limits(HeadMap("", "", np.zeros((2, 2)))) == (0.0, 1.0)
    assert colour_limits(HeadMap("", "", VALUES, limits=(0, 3))) == (0, 3)


def test_small_and_large_numbers_have_a_power_of_ten_as_unit():
    assert cell_texts(np.array([[0.004, -0.0001]])) == ([["4.0", "−0.1"]], -3)
    assert cell_texts(np.array([[1234.0, -0.4]])) == ([["1.2", "0.0"]], 3)
    assert cell_texts(np.array([[12.3, np.nan]])) == ([["12.3", ""]], 0)


def test_other_objects_are_refused():
    for draw in (draw_matplotlib, lambda chart: draw_plotly(chart, "light", 300)):
        with pytest.raises(PartError, match="no drawing of a str"):
            draw("a text")


def test_a_flame_is_as_wide_as_the_sum_of_what_is_above_it():
    nodes = FLAME.nodes()
    assert nodes[()] == 6.5
    assert nodes["a",] == 4
    assert nodes["a", "x"] == nodes["a", "x", "mm"] == 3
    assert list(nodes).index(("a",)) < list(nodes).index(("a", "x"))
    assert [FLAME.colour(path) for path in ((), ("b", "mm"), ("add",))] == [None, 1, None]
    (trace,) = draw_plotly(FLAME, "light", 300).data
    assert dict(zip(trace.ids, trace.values, strict=True))["a/x"] == 3
    assert dict(zip(trace.ids, trace.parents, strict=True)) | {} == {
        "/": "", "a": "/", "a/x": "a", "a/x/mm": "a/x", "a/y": "a", "b": "/", "b/mm": "b", "add": "/",
    }  # fmt: skip
    boxes = {(round(p.get_x(), 3), p.get_y(), round(p.get_width(), 3)) for p in draw_matplotlib(FLAME).axes[0].patches}
    assert {(0.0, 0, 1.0), (0.0, 1, round(4 / 6.5, 3)), (round(4 / 6.5, 3), 1, round(2 / 6.5, 3))} < boxes


def test_points_have_labels():
    (trace,) = draw_plotly(POINTS, "light", 300).data
    assert list(trace.customdata) == ["a", "b", "c"]
    assert list(trace.text) == ["a", "", "c"]
    assert {text.get_text() for text in draw_matplotlib(POINTS).axes[0].texts} == {"a", "", "c"}
    assert draw_plotly(POINTS, "light", 300).layout.xaxis.tickvals == (1.0, 3.0)
