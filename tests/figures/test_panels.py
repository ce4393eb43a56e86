import numpy as np
import pytest
from helpers.jet_view import random_jet_view, random_trace, with_slots

from part.errors import PartError
from part.export.panels import panel_limits
from part.figures.data import figure_data
from part.figures.matplotlib import draw_models
from part.figures.style import COLUMN, TWO_COLUMNS
from part.figures.view import View


def panels(figure: str, width: float = TWO_COLUMNS, **view):
    views = [random_jet_view(model=f"model {i}", seed=i) for i in range(3)]
    chosen = View(figure, **view)
    limits = panel_limits(views, chosen)
    return draw_models([figure_data(jet_view, chosen, limits) for jet_view in views], width)


@pytest.mark.parametrize(("figure", "view"), [("matrix", {"quantity": "bias"}), ("mosaic", {}), ("class", {})])
def test_heatmaps_share_their_limits_and_one_colour_bar(figure, view):
    drawn = panels(figure, scale="linear", **view)
    *maps, bar = drawn.axes
    assert [axes.get_title() for axes in maps] == ["model 0", "model 1", "model 2"]
    assert len({(axes.images[0].norm.vmin, axes.images[0].norm.vmax) for axes in maps}) == 1
    assert bar.get_ylabel() in ("Attention", "Interaction bias")


def test_displays_share_their_axes_and_one_legend():
    drawn = panels("display", edges=5)
    assert len({axes.get_xlim() for axes in drawn.axes}) == 1
    assert len(drawn.legends) == 1
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert {"within a subjet", "between subjets", "query → key", "1"} <= set(texts)


@pytest.mark.parametrize(("width", "shape"), [(TWO_COLUMNS, (1, 3)), (COLUMN, (2, 2))])
def test_the_width_decides_how_many_are_beside_each_other(width, shape):
    drawn = panels("matrix", width)
    assert drawn.get_figwidth() == width
    assert drawn.axes[0].get_gridspec().get_geometry() == shape


def test_slots_and_particles_can_be_beside_each_other():
    views = [random_jet_view(), random_jet_view(trace=with_slots(random_trace()))]
    for figure in ("matrix", "display"):
        limits = panel_limits(views, View(figure))
        drawn = draw_models([figure_data(jet_view, View(figure), limits) for jet_view in views])
        assert len(drawn.axes) == 3 if figure == "matrix" else 2


def test_predictions_and_figures_of_other_limits_are_refused():
    views = [random_jet_view(), random_jet_view(seed=3)]
    with pytest.raises(PartError, match="Only heads, the class token and event displays"):
        draw_models([figure_data(jet_view, View("prediction")) for jet_view in views])
    with pytest.raises(PartError, match="different limits"):
        draw_models([figure_data(jet_view, View("matrix", "bias")) for jet_view in views])
    with pytest.raises(PartError, match="width is 40"):
        draw_models([figure_data(views[0], View())], 40)
    assert np.isfinite(panel_limits(views, View("mosaic", "bias"))).all()
