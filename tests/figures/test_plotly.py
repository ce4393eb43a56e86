import re

import numpy as np
import plotly.graph_objects as go
import pytest

from part.errors import PartError
from part.figures.data import figure_data
from part.figures.plotly import clicked_constituent, draw_plotly
from part.figures.view import FIGURES, View


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("figure", FIGURES)
def test_figures_leave_width_and_background_to_the_page(jet_view, figure, theme):
    drawing = draw_plotly(figure_data(jet_view, View(figure)), theme, height=300)
    assert isinstance(drawing, go.Figure)
    assert (drawing.layout.width, drawing.layout.height) == (None, 300)
    assert drawing.layout.paper_bgcolor == "rgba(0, 0, 0, 0)"
    assert draw_plotly(figure_data(jet_view, View(figure)), background="#fff").layout.paper_bgcolor == "#fff"


def test_a_heatmap_shows_the_logarithm_of_the_values(jet_view):
    data = figure_data(jet_view, View(layer=1, head=2))
    heatmap = draw_plotly(data).data[0]
    np.testing.assert_allclose(heatmap.z, np.log10(np.maximum(data.values, 1e-4)), rtol=1e-6)
    assert (heatmap.zmin, heatmap.zmax) == (-4, 0)
    assert heatmap.colorbar.tickvals == pytest.approx((-4, -3, -2, -1, 0))


def test_a_linear_heatmap_shows_the_values(jet_view):
    data = figure_data(jet_view, View(quantity="bias"))
    heatmap = draw_plotly(data).data[0]
    np.testing.assert_array_equal(heatmap.z, data.values)
    assert (heatmap.zmin, heatmap.zmax) == data.limits


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_explicit(jet_view, theme):
    colours = draw_plotly(figure_data(jet_view, View()), theme).data[0].colorscale
    assert all(re.fullmatch(r"rgb\(\d+, \d+, \d+\)", colour) for _, colour in colours)
    assert [colours[0][0], colours[-1][0]] == [0, 1]


def test_the_first_query_is_on_top(jet_view):
    low, high = draw_plotly(figure_data(jet_view, View())).layout.yaxis.range
    assert low > high


@pytest.mark.parametrize("order", ["pt", "species"])
def test_every_cell_responds_to_clicks_and_hover(jet_view, order):
    view = View(layer=1, head=2, order=order)
    data = figure_data(jet_view, view)
    points = draw_plotly(data).data[1]
    n = len(jet_view.constituents)
    assert isinstance(points, go.Scattergl)
    assert len(points.x) == len(points.y) == n * n
    k = 5 * n + 3  # query at position 5, key at position 3
    i, j = data.order[5], data.order[3]
    assert (points.y[k], points.x[k]) == (5, 3)
    particles, trace = jet_view.constituents, jet_view.trace
    expected = [i + 1, j + 1, particles.pt[i], particles.pt[j], particles.pair_delta_r[i, j]]
    expected += [array[1, 2, i, j] for array in (trace.pattern, trace.scores_qk, trace.bias)]
    np.testing.assert_allclose(points.customdata[k], expected, rtol=1e-6)
    assert points.text[k] == f"{particles.symbol(i)} → {particles.symbol(j)}"
    assert clicked_constituent(data, [{"x": 3, "y": 5}]) == i


def test_a_click_in_class_rows_chooses_the_constituent(jet_view):
    data = figure_data(jet_view, View("class"))
    assert clicked_constituent(data, [{"x": 4, "y": 1}]) == data.order[3]
    assert clicked_constituent(data, [{"x": 0, "y": 1}]) is None
    points = draw_plotly(data).data[1]
    tokens = len(jet_view.constituents) + 1
    k = 5 * tokens + 4  # layer 2, head 2
    np.testing.assert_allclose(points.customdata[k], [2, 2, data.values[1, 1, 4]], rtol=1e-6)
    assert points.text[k].startswith(f"{data.order[3] + 1}: ")


def test_a_click_in_a_display_chooses_particles_and_queries(jet_view):
    data = figure_data(jet_view, View("display"))
    arrows, particles = draw_plotly(data).data[:2]
    assert [clicked_constituent(data, [{"customdata": row}]) for row in arrows.customdata] == data.query.tolist()
    assert sorted(clicked_constituent(data, [{"customdata": row}]) for row in particles.customdata) == list(range(12))
    for row, x in zip(particles.customdata, particles.x, strict=True):
        assert x == data.deta[int(row[0]) - 1]
    assert clicked_constituent(data, []) is None
    assert clicked_constituent(figure_data(jet_view, View("prediction")), [{"x": 1, "y": 1}]) is None


def test_edges_lie_between_their_particles_the_strongest_on_top(jet_view):
    data = figure_data(jet_view, View("display", edges=10))
    lines = draw_plotly(data).layout.shapes[::-1]
    assert len(lines) == 10
    for line, i, j, within in zip(lines, data.query, data.key, data.within_subjet, strict=True):
        ends = (data.deta[i], data.dphi[i], data.deta[j], data.dphi[j])
        assert (line.x0, line.y0, line.x1, line.y1) == pytest.approx(ends)
        assert (line.line.dash is None) == within
    assert (np.diff([line.line.width for line in lines]) <= 0).all()


def test_bars_are_the_probabilities_and_the_own_class_is_bold(jet_view):
    data = figure_data(jet_view, View("prediction", scale="linear"))
    bars = draw_plotly(data, accent="#123456").data[0]
    np.testing.assert_array_equal(bars.x, jet_view.trace.probabilities)
    assert [name for name in bars.y if name.startswith("<b>")] == ["<b>t→bqq′</b>"]
    assert bars.marker.color == "#123456"


def test_small_probabilities_are_written_as_powers():
    from part.figures.prediction import format_probability

    assert [format_probability(p) for p in (0.9312, 0.0012, 9.4e-4, 2.2e-8, 0.0)] == [
        "0.931",
        "0.001",
        "9·10⁻⁴",
        "2·10⁻⁸",
        "<10⁻⁹",
    ]


def test_an_unknown_theme_is_refused(jet_view):
    with pytest.raises(PartError, match="no theme 'blue'; expected light or dark"):
        draw_plotly(figure_data(jet_view, View()), "blue")
