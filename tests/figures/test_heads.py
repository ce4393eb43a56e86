import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from helpers.scene import made_up_constituents, made_up_scene

from part.errors import PartError
from part.figures import View, figure_data, mosaic_bytes, scale, shared_limits
from part.figures.view import ORDERS, QUANTITIES


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_matrix_holds_the_entries_of_the_trace(scene, order, quantity):
    data = figure_data(scene, View("matrix", quantity, layer=1, head=2, order=order))
    trace = scene.trace
    source = trace.scores_qk + trace.bias if quantity == "logits" else getattr(trace, quantity)
    for row, query in enumerate(data.order):
        for column, key in enumerate(data.order):
            assert data.values[row, column] == source[1, 2, query, key]


def test_queries_run_down_and_sum_to_one(scene):
    data = figure_data(scene, View(order="species"))
    np.testing.assert_allclose(data.values.sum(axis=1), 1, rtol=1e-5)


def test_logits_explain_the_pattern(scene):
    logits = figure_data(scene, View(quantity="logits")).values.astype(float)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(figure_data(scene, View()).values, expected, rtol=1e-4)


def test_a_mosaic_is_all_matrices(scene):
    data = figure_data(scene, View("mosaic", order="subjet"))
    for layer, head in np.ndindex(data.values.shape[:2]):
        matrix = figure_data(scene, View(layer=layer, head=head, order="subjet"))
        np.testing.assert_array_equal(data.values[layer, head], matrix.values)
        np.testing.assert_array_equal(data.pixels[layer, head], matrix.pixels)


@pytest.mark.parametrize("view", [View("mosaic"), View("mosaic", "bias"), View("mosaic", "value_norms")])
def test_pixels_stand_for_the_values(scene, view):
    data = figure_data(scene, view)
    position = scale.position(data.values, data.limits, data.scale)
    assert np.abs(data.pixels / 255 - position).max() <= 0.5 / 255 + 1e-6


def test_a_canvas_has_gaps_between_the_heads(scene):
    data = figure_data(scene, View("mosaic"))
    canvas, pitch = data.canvas()
    n = len(scene.constituents)
    np.testing.assert_array_equal(canvas[pitch : pitch + n, 2 * pitch : 2 * pitch + n], data.values[1, 2])
    assert np.isnan(canvas[n:pitch]).all()
    assert np.isfinite(canvas).sum() == data.values.size


def test_class_rows_start_with_the_class_token(scene):
    data = figure_data(scene, View("class", order="subjet"))
    assert data.values.shape == (2, 4, len(scene.constituents) + 1)
    np.testing.assert_array_equal(data.values[..., 0], scene.trace.class_pattern[..., 0])
    np.testing.assert_array_equal(data.values[..., 1:], scene.trace.class_pattern[..., 1 + data.order])
    assert data.limits == (1e-4, 1.0)


def test_class_rows_show_attention_whatever_the_quantity(scene):
    data = figure_data(scene, View("class", "bias"))
    assert (data.quantity, data.scale, data.limits) == ("pattern", "log", (1e-4, 1.0))


def test_signed_quantities_are_linear_and_symmetric(scene):
    data = figure_data(scene, View("mosaic", "bias", scale="log"))
    assert data.scale == "linear"
    assert data.limits[0] == -data.limits[1]


def test_models_side_by_side_share_limits(scene):
    other = made_up_scene(seed=5)
    figures = [figure_data(s, View(quantity="bias")) for s in (scene, other)]
    limits = shared_limits(figures)
    assert limits[1] == max(figure.limits[1] for figure in figures)
    again = [figure_data(s, View(quantity="bias"), limits) for s in (scene, other)]
    assert [figure.limits for figure in again] == [limits, limits]


def test_the_chosen_query_is_found_in_any_order(scene):
    for order in ORDERS:
        data = figure_data(scene, View(query=4, order=order))
        assert data.order[data.selected] == 4


def test_ticks_name_positions_and_groups(scene):
    marks = figure_data(made_up_scene(48), View()).ticks
    assert marks[0] == (0, "1")
    assert all(int(label) == position + 1 for position, label in marks)
    alone = replace(made_up_constituents(40), species=np.array([3, 4] + [0] * 38))
    data = figure_data(made_up_scene(40, constituents=alone), View(order="species"))
    assert [label for _, label in data.ticks] == ["h±", "e μ"]  # two single particles share a label


def test_bytes_for_the_canvas(scene):
    data = figure_data(scene, View("mosaic"))
    content = mosaic_bytes(data, "dark", key="k1")
    (length,) = struct.unpack("<I", content[:4])
    header = json.loads(content[4 : 4 + length])
    shape = tuple(header[name] for name in ("layers", "heads", "n", "n"))
    np.testing.assert_array_equal(np.frombuffer(content[4 + length :], np.uint8).reshape(shape), data.pixels)
    assert (header["key"], header["low"], header["high"]) == ("k1", 1e-4, 1.0)
    assert len(header["palette"]) == 768
    assert header["ticks"][0] == [0, "≤10⁻⁴"]
    assert header["ticks"][-1] == [255, "1"]


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (View(layer=3), "toy has 3 layers; there is no layer 4"),
        (View(head=9), "toy has 4 heads; there is no head 10"),
        (View(query=12), "12 constituents; there is no constituent 13"),
        (View("display", layer=8), "there is no layer 9"),
        (View("display", query=99), "there is no constituent 100"),
    ],
)
def test_what_is_not_there_is_refused(scene, view, message):
    with pytest.raises(PartError, match=message):
        figure_data(scene, view)
    with pytest.raises(PartError, match=message):
        figure_data(scene, view, limits=(0.1, 1.0))


def test_a_model_without_bias_or_class_token_says_so(scene):
    bare = replace(scene, trace=replace(scene.trace, bias=None, class_pattern=None))
    assert bare.quantities == ("pattern", "scores_qk", "logits", "value_norms")
    assert bare.figures == ("matrix", "mosaic", "display", "prediction")
    with pytest.raises(PartError, match="toy has no interaction bias"):
        figure_data(bare, View(quantity="bias"))
    with pytest.raises(PartError, match="toy has no class token"):
        figure_data(bare, View("class"))
    logits, scores = (figure_data(bare, View(quantity=name)).values for name in ("logits", "scores_qk"))
    np.testing.assert_array_equal(logits, scores)
