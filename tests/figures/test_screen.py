import re

import numpy as np
import plotly.graph_objects as go
import pytest

from part.errors import PartError
from part.figures import View, draw_screen, figure_data, picked
from part.figures.view import FIGURES


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("figure", FIGURES)
def test_figures_leave_width_and_background_to_the_page(scene, figure, theme):
    drawn = draw_screen(figure_data(scene, View(figure)), theme, height=300)
    assert isinstance(drawn, go.Figure)
    assert (drawn.layout.width, drawn.layout.height) == (None, 300)
    assert drawn.layout.paper_bgcolor == "rgba(0, 0, 0, 0)"
    assert draw_screen(figure_data(scene, View(figure)), background="#fff").layout.paper_bgcolor == "#fff"


def test_a_heatmap_shows_the_logarithm_of_the_values(scene):
    data = figure_data(scene, View(layer=1, head=2))
    heatmap = draw_screen(data).data[0]
    np.testing.assert_allclose(heatmap.z, np.log10(np.maximum(data.values, 1e-4)), rtol=1e-6)
    assert (heatmap.zmin, heatmap.zmax) == (-4, 0)
    assert heatmap.colorbar.tickvals == pytest.approx((-4, -3, -2, -1, 0))


def test_a_linear_heatmap_shows_the_values(scene):
    data = figure_data(scene, View(quantity="bias"))
    heatmap = draw_screen(data).data[0]
    np.testing.assert_array_equal(heatmap.z, data.values)
    assert (heatmap.zmin, heatmap.zmax) == data.limits


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_explicit(scene, theme):
    colours = draw_screen(figure_data(scene, View()), theme).data[0].colorscale
    assert all(re.fullmatch(r"rgb\(\d+, \d+, \d+\)", colour) for _, colour in colours)
    assert [colours[0][0], colours[-1][0]] == [0, 1]


def test_the_first_query_is_on_top(scene):
    low, high = draw_screen(figure_data(scene, View())).layout.yaxis.range
    assert low > high


@pytest.mark.parametrize("order", ["pt", "species"])
def test_every_cell_answers_to_clicks_and_hover(scene, order):
    view = View(layer=1, head=2, order=order)
    data = figure_data(scene, view)
    points = draw_screen(data).data[1]
    n = len(scene.constituents)
    assert isinstance(points, go.Scattergl)
    assert len(points.x) == len(points.y) == n * n
    k = 5 * n + 3  # query at position 5, key at position 3
    i, j = data.order[5], data.order[3]
    assert (points.y[k], points.x[k]) == (5, 3)
    particles, trace = scene.constituents, scene.trace
    expected = [i + 1, j + 1, particles.pt[i], particles.pt[j], particles.pair_delta_r[i, j]]
    expected += [array[1, 2, i, j] for array in (trace.pattern, trace.scores_qk, trace.bias)]
    np.testing.assert_allclose(points.customdata[k], expected, rtol=1e-6)
    assert points.text[k] == f"{particles.symbol(i)} → {particles.symbol(j)}"
    assert picked(data, [{"x": 3, "y": 5}]) == i


def test_class_rows_answer_with_the_particle(scene):
    data = figure_data(scene, View("class"))
    assert picked(data, [{"x": 4, "y": 1}]) == data.order[3]
    assert picked(data, [{"x": 0, "y": 1}]) is None
    points = draw_screen(data).data[1]
    tokens = len(scene.constituents) + 1
    k = 5 * tokens + 4  # layer 2, head 2
    np.testing.assert_allclose(points.customdata[k], [2, 2, data.values[1, 1, 4]], rtol=1e-6)
    assert points.text[k].startswith(f"{data.order[3] + 1}: ")


def test_particles_and_edges_answer_with_their_number(scene):
    data = figure_data(scene, View("display"))
    arrows, particles = draw_screen(data).data[:2]
    assert [picked(data, [{"customdata": row}]) for row in arrows.customdata] == data.query.tolist()
    assert sorted(picked(data, [{"customdata": row}]) for row in particles.customdata) == list(range(12))
    for row, x in zip(particles.customdata, particles.x, strict=True):
        assert x == data.deta[int(row[0]) - 1]
    assert picked(data, []) is None
    assert picked(figure_data(scene, View("prediction")), [{"x": 1, "y": 1}]) is None


def test_edges_lie_between_their_particles_the_strongest_on_top(scene):
    data = figure_data(scene, View("display", edges=10))
    lines = draw_screen(data).layout.shapes[::-1]
    assert len(lines) == 10
    for line, i, j, within in zip(lines, data.query, data.key, data.within, strict=True):
        ends = (data.deta[i], data.dphi[i], data.deta[j], data.dphi[j])
        assert (line.x0, line.y0, line.x1, line.y1) == pytest.approx(ends)
        assert (line.line.dash is None) == within
    assert (np.diff([line.line.width for line in lines]) <= 0).all()


def test_bars_are_the_probabilities_and_the_own_class_is_bold(scene):
    data = figure_data(scene, View("prediction", scale="linear"))
    bars = draw_screen(data, accent="#123456").data[0]
    np.testing.assert_array_equal(bars.x, scene.trace.probabilities)
    assert [name for name in bars.y if name.startswith("<b>")] == ["<b>t→bqq′</b>"]
    assert bars.marker.color == "#123456"


def test_small_probabilities_are_written_as_powers():
    from part.figures.prediction import text_of

    assert [text_of(p) for p in (0.9312, 0.0012, 9.4e-4, 2.2e-8, 0.0)] == [
        "0.931",
        "0.001",
        "9·10⁻⁴",
        "2·10⁻⁸",
        "<10⁻⁹",
    ]


def test_an_unknown_theme_is_refused(scene):
    with pytest.raises(PartError, match="no theme 'blue'; expected light or dark"):
        draw_screen(figure_data(scene, View()), "blue")
