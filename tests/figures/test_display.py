from dataclasses import replace

import numpy as np
import pytest
from helpers.jet_view import random_jet_view

from part.errors import PartError
from part.figures import palette, style
from part.figures.data import figure_data
from part.figures.display import BORDER, make_display
from part.figures.matplotlib.display import draw_display as draw_matplotlib
from part.figures.palette import LIGHT
from part.figures.plotly.display import draw_display as draw_plotly
from part.figures.view import View


def test_edges_are_the_largest_off_the_diagonal(jet_view):
    data = figure_data(jet_view, View("display", layer=1, head=2, edges=20))
    values = jet_view.trace.pattern[1, 2].copy()
    assert (data.query != data.key).all()
    np.testing.assert_array_equal(data.weight, values[data.query, data.key])
    np.fill_diagonal(values, -1)
    np.testing.assert_array_equal(data.weight, np.sort(values, axis=None)[::-1][:20])
    assert len(set(zip(data.query, data.key, strict=True))) == 20


def test_edges_of_signed_quantities_are_the_largest_in_size(jet_view):
    data = figure_data(jet_view, View("display", "bias", edges=30))
    assert (np.diff(np.abs(data.weight)) <= 0).all()
    assert (data.weight < 0).any()
    assert (data.weight > 0).any()


def test_a_query_shows_its_own_row(jet_view):
    data = figure_data(jet_view, View("display", query=3, edges=500))
    assert set(data.query) == {3}
    assert sorted(data.key) == [i for i in range(len(jet_view.constituents)) if i != 3]


def test_strength_is_comparable_between_models(jet_view):
    view = View("display", "value_norms", edges=15)
    limits = (1e-4, 2.0)
    first, second = (figure_data(s, view, limits) for s in (jet_view, random_jet_view(seed=4)))
    weight = np.concatenate((first.weight, second.weight))
    strength = np.concatenate((first.strength, second.strength))
    order = np.argsort(weight)
    assert (np.diff(strength[order]) >= 0).all()
    assert strength.min() >= 0
    assert strength.max() <= 1
    assert (np.diff(style.edge_width(strength[order])) >= 0).all()
    assert (np.diff(style.edge_opacity(strength[order])) >= 0).all()


def test_subjets_and_areas(jet_view):
    data = figure_data(jet_view, View("display"))
    np.testing.assert_array_equal(data.within_subjet, data.subjet[data.query] == data.subjet[data.key])
    np.testing.assert_allclose(data.relative_size**2 * data.pt.max(), data.pt)


@pytest.fixture
def with_track(jet_view):
    """The jet whose softest constituent is far away."""
    particles = jet_view.constituents
    softest = int(particles.pt.argmin())
    deta, dphi, pt = particles.deta.copy(), particles.dphi.copy(), particles.pt.copy()
    deta[softest], dphi[softest], pt[softest] = 3.0, -1.5, 1e-3
    return replace(jet_view, constituents=replace(particles, deta=deta, dphi=dphi, pt=pt)), softest


def test_the_square_is_the_same_for_all_heads_and_a_distant_constituent_is_at_its_border(with_track):
    jet_view, softest = with_track
    data = figure_data(jet_view, View("display", edges=200))
    assert softest in data.key
    assert data.extent < 1.5
    assert data.n_outside == 1
    inside = np.maximum(np.abs(data.deta), np.abs(data.dphi)) <= data.extent
    assert not inside[softest]
    assert data.pt[inside].sum() >= 0.99 * data.pt.sum()
    np.testing.assert_array_equal(data.drawn[:, inside], np.stack([data.deta, data.dphi])[:, inside])
    assert data.drawn[:, softest] == pytest.approx([BORDER * data.extent, -0.5 * BORDER * data.extent])
    for view in (View("display", layer=1, head=2), View("display", query=softest), View("display", "bias", edges=1)):
        assert figure_data(jet_view, view).extent == data.extent


def test_where_the_user_zooms_nothing_is_moved(with_track):
    jet_view, _ = with_track
    data = figure_data(jet_view, View("display", zoom=(0.0, 0.0, 5.0)))
    np.testing.assert_array_equal(data.drawn, [data.deta, data.dphi])
    assert data.n_outside == 0


def test_all_drawings_have_the_edges_end_where_constituents_are_drawn(with_track):
    jet_view, softest = with_track
    data = figure_data(jet_view, View("display", query=softest, edges=1))
    place = pytest.approx(data.drawn[:, softest])
    (edge,) = draw_plotly(data, LIGHT, 300, None, None).layout.shapes
    assert [edge.x0, edge.y0] == place
    axes = draw_matplotlib(data, 3.4).axes[0]
    line = next(line for line in axes.lines if len(line.get_xdata()) == 2)
    assert [line.get_xdata()[0], line.get_ydata()[0]] == place
    assert "1 soft constituent at the border" in [text.get_text() for text in axes.texts]


def test_a_lone_particle_has_no_edges():
    data = figure_data(random_jet_view(1), View("display"))
    assert len(data.weight) == len(data.strength) == 0


def test_a_model_without_attention_still_shows_the_jet(jet_view):
    absent = dict.fromkeys(("scores_qk", "bias", "pattern", "value_norms"))
    without_attention = replace(jet_view, trace=replace(jet_view.trace, **absent))
    data = figure_data(without_attention, View("display"))
    assert len(data.weight) == 0
    assert data.title == "Constituents"
    assert without_attention.figures == ("class", "display", "prediction")


def test_edges_are_coloured_by_sign():
    assert palette.edge_colours(np.array([1.0, -1.0]), True, "#000000") == [palette.POSITIVE, palette.NEGATIVE]
    assert palette.edge_colours(np.array([1.0, 2.0]), False, "#123456") == ["#123456", "#123456"]


def test_colours_must_be_hexadecimal():
    assert palette.rgba("#ff8000", 0.5) == "rgba(255, 128, 0, 0.500)"
    with pytest.raises(PartError, match="expected #rrggbb"):
        palette.rgba("red", 1.0)


@pytest.mark.parametrize("zoom", [None, (0.1, -0.2, 0.15)])
def test_figures_show_the_square_that_the_view_asks_for(jet_view, zoom):
    display = make_display(jet_view, View("display", layer=1, head=2, zoom=zoom))
    x, y, half = display.square
    assert (x, y, half) == (zoom or (0, 0, display.extent))
    inside = (np.abs(display.deta - x) <= half) & (np.abs(display.dphi - y) <= half)
    assert display.n_outside == (~inside).sum()
    layout = draw_plotly(display, LIGHT, 300, None, None).layout
    assert layout.xaxis.range == pytest.approx((x - half, x + half))
    assert layout.yaxis.range == pytest.approx((y - half, y + half))
    axes = draw_matplotlib(display, 3.4).axes[0]
    assert (*axes.get_xlim(), *axes.get_ylim()) == pytest.approx((x - half, x + half, y - half, y + half))
