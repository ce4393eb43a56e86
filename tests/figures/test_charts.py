"""Charts of studies: what is drawn on the screen and on paper is what the numbers say."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from part.errors import PartError
from part.figures.charts import Flame, Grid, HeadMap, Plot, Series, Surface, cell_texts, colour_limits
from part.figures.matplotlib import save_paper
from part.figures.matplotlib.charts import draw_chart as draw_paper
from part.figures.plotly.charts import draw_chart as draw_screen

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
              beside=("a", "", "c")),), log_x=True, log_y=True, x_ticks=(1.0, 3.0))  # fmt: skip
ALL = (MAP, GRID, LINES, BARS, STEPS, SURFACE, FLAME, POINTS)


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.title)
def test_every_chart_is_drawn_for_screen_and_paper(chart):
    for theme in ("light", "dark"):
        assert draw_screen(chart, theme, 300).layout.height == 300
    figure = draw_paper(chart)
    assert isinstance(figure, Figure)
    assert save_paper(figure, "pdf", {}).startswith(b"%PDF")
    assert figure.get_suptitle().startswith(chart.title[:3])


def test_a_head_map_shows_its_numbers_and_frames():
    figure = draw_screen(MAP, "light", 300)
    (trace,) = figure.data
    np.testing.assert_array_equal(trace.z, VALUES)
    assert trace.text[0][1] == "−0.25"
    assert trace.text[1][1] == ""
    assert (trace.zmin, trace.zmax) == (-1.5, 1.5)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, 1.5, 2.5)  # head 1 of layer 2
    axes = draw_paper(MAP).axes[0]
    assert {text.get_text() for text in axes.texts} == {"0.50", "−0.25", "0.00", "1.00", "−1.50"}
    (patch,) = axes.patches
    assert patch.get_xy() == (-0.5, 0.5)


def test_a_grid_names_its_rows_and_columns():
    (trace,) = draw_screen(GRID, "dark", 300).data
    assert list(trace.y) == ["electron", "muon"]
    labels = [text.get_text() for text in draw_paper(GRID).axes[0].get_xticklabels()]
    assert labels == ["a", "b", "c"]


def test_intervals_are_bands_of_lines_and_bars_of_points():
    band, line, points = draw_screen(LINES, "light", 300).data
    np.testing.assert_array_equal(line.y, X**2)
    np.testing.assert_array_equal(band.y, [*(X**2 + 1), *(X**2 - 1)[::-1]])
    np.testing.assert_array_equal(points.error_y.array, X)
    axes = draw_paper(LINES).axes[0]
    assert axes.get_yscale() == "log"
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), X**2)


def test_bars_lie_with_their_names_from_the_top():
    (bar,) = draw_screen(BARS, "light", 300).data
    assert bar.orientation == "h"
    np.testing.assert_array_equal(bar.x, X[:2])
    np.testing.assert_array_equal(bar.error_x.array, [0.5, 0.5])
    axes = draw_paper(BARS).axes[0]
    assert [patch.get_width() for patch in axes.patches] == [1.0, 2.0]


def test_a_histogram_ends_at_its_last_edge():
    (trace,) = draw_screen(STEPS, "light", 300).data
    assert trace.line.shape == "hv"
    np.testing.assert_array_equal(trace.x, np.arange(4.0))
    np.testing.assert_array_equal(trace.y, [*X, X[-1]])


def test_colours_go_as_far_to_both_sides_where_values_are_signed():
    assert colour_limits(MAP) == (-1.5, 1.5)
    assert colour_limits(GRID) == (-1.5, 1.0)
    assert colour_limits(HeadMap("", "", np.zeros((2, 2)))) == (0.0, 1.0)
    assert colour_limits(HeadMap("", "", VALUES, limits=(0, 3))) == (0, 3)


def test_small_and_large_numbers_are_told_in_units_of_a_power_of_ten():
    assert cell_texts(np.array([[0.004, -0.0001]])) == ([["4.0", "−0.1"]], -3)
    assert cell_texts(np.array([[1234.0, -0.4]])) == ([["1.2", "0.0"]], 3)
    assert cell_texts(np.array([[12.3, np.nan]])) == ([["12.3", ""]], 0)


def test_what_is_no_chart_is_refused():
    with pytest.raises(PartError, match="no drawing of a str"):
        draw_paper("a text")


def test_a_flame_is_as_wide_as_the_sum_of_what_is_above_it():
    nodes = FLAME.nodes()
    assert nodes[()] == 6.5
    assert nodes["a",] == 4
    assert nodes["a", "x"] == nodes["a", "x", "mm"] == 3
    assert list(nodes).index(("a",)) < list(nodes).index(("a", "x"))
    assert [FLAME.colour(path) for path in ((), ("b", "mm"), ("add",))] == [None, 1, None]
    (trace,) = draw_screen(FLAME, "light", 300).data
    assert dict(zip(trace.ids, trace.values, strict=True))["a/x"] == 3
    assert dict(zip(trace.ids, trace.parents, strict=True)) | {} == {
        "/": "", "a": "/", "a/x": "a", "a/x/mm": "a/x", "a/y": "a", "b": "/", "b/mm": "b", "add": "/",
    }  # fmt: skip
    boxes = {(round(p.get_x(), 3), p.get_y(), round(p.get_width(), 3)) for p in draw_paper(FLAME).axes[0].patches}
    assert {(0.0, 0, 1.0), (0.0, 1, round(4 / 6.5, 3)), (round(4 / 6.5, 3), 1, round(2 / 6.5, 3))} < boxes


def test_points_say_what_they_are():
    (trace,) = draw_screen(POINTS, "light", 300).data
    assert list(trace.customdata) == ["a", "b", "c"]
    assert list(trace.text) == ["a", "", "c"]
    assert {text.get_text() for text in draw_paper(POINTS).axes[0].texts} == {"a", "", "c"}
    assert draw_screen(POINTS, "light", 300).layout.xaxis.tickvals == (1.0, 3.0)
