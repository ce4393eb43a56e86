import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from helpers.jet_view import random_constituents, random_jet_view

from part.errors import PartError
from part.figures import scale
from part.figures.data import figure_data, shared_limits
from part.figures.mosaic_bytes import mosaic_bytes
from part.figures.view import ORDERS, QUANTITIES, View


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_matrix_holds_the_entries_of_the_trace(jet_view, order, quantity):
    data = figure_data(jet_view, View("matrix", quantity, layer=1, head=2, order=order))
    trace = jet_view.trace
    source = trace.scores_qk + trace.bias if quantity == "logits" else getattr(trace, quantity)
    for row, query in enumerate(data.order):
        for column, key in enumerate(data.order):
            assert data.values[row, column] == source[1, 2, query, key]


def test_queries_run_down_and_sum_to_one(jet_view):
    data = figure_data(jet_view, View(order="species"))
    np.testing.assert_allclose(data.values.sum(axis=1), 1, rtol=1e-5)


def test_logits_explain_the_pattern(jet_view):
    logits = figure_data(jet_view, View(quantity="logits")).values.astype(float)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(figure_data(jet_view, View()).values, expected, rtol=1e-4)


def test_a_mosaic_is_all_matrices(jet_view):
    data = figure_data(jet_view, View("mosaic", order="subjet"))
    for layer, head in np.ndindex(data.values.shape[:2]):
        matrix = figure_data(jet_view, View(layer=layer, head=head, order="subjet"))
        np.testing.assert_array_equal(data.values[layer, head], matrix.values)
        np.testing.assert_array_equal(data.pixels[layer, head], matrix.pixels)


@pytest.mark.parametrize("view", [View("mosaic"), View("mosaic", "bias"), View("mosaic", "value_norms")])
def test_pixels_stand_for_the_values(jet_view, view):
    data = figure_data(jet_view, view)
    position = scale.position(data.values, data.limits, data.scale)
    assert np.abs(data.pixels / 255 - position).max() <= 0.5 / 255 + 1e-6


def test_a_canvas_has_gaps_between_the_heads(jet_view):
    data = figure_data(jet_view, View("mosaic"))
    canvas, pitch = data.canvas()
    n = len(jet_view.constituents)
    np.testing.assert_array_equal(canvas[pitch : pitch + n, 2 * pitch : 2 * pitch + n], data.values[1, 2])
    assert np.isnan(canvas[n:pitch]).all()
    assert np.isfinite(canvas).sum() == data.values.size


def test_class_rows_start_with_the_class_token(jet_view):
    data = figure_data(jet_view, View("class", order="subjet"))
    assert data.values.shape == (2, 4, len(jet_view.constituents) + 1)
    np.testing.assert_array_equal(data.values[..., 0], jet_view.trace.class_pattern[..., 0])
    np.testing.assert_array_equal(data.values[..., 1:], jet_view.trace.class_pattern[..., 1 + data.order])
    assert data.limits == (1e-4, 1.0)


def test_class_rows_show_attention_for_any_quantity(jet_view):
    data = figure_data(jet_view, View("class", "bias"))
    assert (data.quantity, data.scale, data.limits) == ("pattern", "log", (1e-4, 1.0))


def test_signed_quantities_are_linear_and_symmetric(jet_view):
    data = figure_data(jet_view, View("mosaic", "bias", scale="log"))
    assert data.scale == "linear"
    assert data.limits[0] == -data.limits[1]


def test_models_side_by_side_share_limits(jet_view):
    other = random_jet_view(seed=5)
    figures = [figure_data(s, View(quantity="bias")) for s in (jet_view, other)]
    limits = shared_limits(figures)
    assert limits[1] == max(figure.limits[1] for figure in figures)
    shared = [figure_data(s, View(quantity="bias"), limits) for s in (jet_view, other)]
    assert [figure.limits for figure in shared] == [limits, limits]


def test_the_chosen_query_is_found_in_any_order(jet_view):
    for order in ORDERS:
        data = figure_data(jet_view, View(query=4, order=order))
        assert data.order[data.selected] == 4


def test_ticks_name_positions_and_groups(jet_view):
    marks = figure_data(random_jet_view(48), View()).ticks
    assert marks[0] == (0, "1")
    assert all(int(label) == position + 1 for position, label in marks)
    alone = replace(random_constituents(40), species=np.array([3, 4] + [0] * 38))
    data = figure_data(random_jet_view(40, constituents=alone), View(order="species"))
    assert [label for _, label in data.ticks] == ["h±", "e μ"]  # two single particles share a label


def test_bytes_for_the_canvas(jet_view):
    data = figure_data(jet_view, View("mosaic"))
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
def test_missing_heads_and_constituents_are_refused(jet_view, view, message):
    with pytest.raises(PartError, match=message):
        figure_data(jet_view, view)
    with pytest.raises(PartError, match=message):
        figure_data(jet_view, view, limits=(0.1, 1.0))


def test_a_model_without_bias_or_class_token_says_so(jet_view):
    bare = replace(jet_view, trace=replace(jet_view.trace, bias=None, class_pattern=None))
    assert bare.quantities == ("pattern", "scores_qk", "logits", "value_norms")
    assert bare.figures == ("matrix", "mosaic", "display", "prediction")
    with pytest.raises(PartError, match="toy has no interaction bias"):
        figure_data(bare, View(quantity="bias"))
    with pytest.raises(PartError, match="toy has no class token"):
        figure_data(bare, View("class"))
    logits, scores = (figure_data(bare, View(quantity=name)).values for name in ("logits", "scores_qk"))
    np.testing.assert_array_equal(logits, scores)
