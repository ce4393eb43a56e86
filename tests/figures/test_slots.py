"""Figures of models whose particles attend to slots; weights of pairs are sums over slots."""

import csv
import io
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from helpers.jet_view import with_slots

from part.figures.constituent_table import tabulate_constituents
from part.figures.data import figure_data
from part.figures.export_tables import describe, to_csv
from part.figures.matplotlib import draw_matplotlib, figure_bytes
from part.figures.mosaic_bytes import mosaic_bytes
from part.figures.plotly import draw_plotly
from part.figures.view import ORDERS, QUANTITIES, View


@pytest.fixture
def slot_view(jet_view):
    return replace(jet_view, trace=with_slots(jet_view.trace))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_rows_are_put_in_order_and_slots_stay(slot_view, quantity, order):
    data = figure_data(slot_view, View("matrix", quantity, layer=1, head=2, order=order))
    trace = slot_view.trace
    source = trace.scores_qk + trace.bias if quantity == "logits" else getattr(trace, quantity)
    np.testing.assert_array_equal(data.values, source[1, 2][data.order])
    np.testing.assert_array_equal(data.slot_weights, trace.mixing[1].T[data.order])
    assert data.axes == ("query", "slot")


def test_signed_limits_hold_every_entry(slot_view):
    """No diagonal is left out, as it is where particles meet themselves."""
    data = figure_data(slot_view, View("matrix", "bias"))
    assert data.limits[1] == np.abs(data.values).max()
    assert data.slot_weight_limits[1] == np.abs(data.slot_weights).max()


def test_edges_go_through_the_slots(slot_view):
    data = figure_data(slot_view, View("display", layer=2, head=1, edges=500))
    expected = slot_view.trace.pattern[2, 1] @ slot_view.trace.mixing[2]
    np.testing.assert_array_equal(data.weight, expected[data.query, data.key])
    assert data.signed
    assert data.limits[0] == -data.limits[1] < 0
    assert data.title == "Layer 3, head 2: strongest attention through slots"
    received = tabulate_constituents(slot_view, View(layer=2, head=1))["attention received"]
    np.testing.assert_allclose(received, expected.mean(axis=0)[slot_view.constituents.order("pt")], rtol=1e-6)


def test_a_mosaic_has_square_tiles_of_all_heads(slot_view):
    data = figure_data(slot_view, View("mosaic", order="subjet"))
    n, slots = len(slot_view.constituents), 5
    canvas, pitch = data.canvas()
    tile = canvas[pitch : pitch + n, 2 * pitch : 2 * pitch + n]
    np.testing.assert_array_equal(tile, data.values[1, 2][:, np.arange(n) * slots // n])
    content = mosaic_bytes(data)
    (length,) = struct.unpack("<I", content[:4])
    header = json.loads(content[4 : 4 + length])
    shape = tuple(header[name] for name in ("layers", "heads", "n", "columns"))
    np.testing.assert_array_equal(np.frombuffer(content[4 + length :], np.uint8).reshape(shape), data.pixels)


@pytest.mark.slow
@pytest.mark.parametrize("figure", ["matrix", "mosaic", "display", "class", "prediction"])
@pytest.mark.parametrize("order", ["pt", "subjet"])
def test_every_figure_can_be_drawn(slot_view, figure, order):
    data = figure_data(slot_view, View(figure, order=order, query=4))
    assert figure_bytes(draw_matplotlib(data), "pdf", {}).startswith(b"%PDF")
    assert draw_plotly(data).to_json()


def test_numbers_name_the_slots(slot_view):
    data = figure_data(slot_view, View("matrix", order="pt"))
    description = describe(data)
    assert description["values"]["axes"] == ["query", "slot"]
    assert description["mixing"]["axes"] == ["layer", "slot", "constituent"]
    rows = list(csv.DictReader(io.StringIO(to_csv(data).decode())))
    assert len(rows) == data.values.size
    row = rows[7]  # the second query's third slot
    assert (int(row["query"]), int(row["slot"])) == (data.order[1] + 1, 3)
    assert float(row["attention"]) == pytest.approx(data.values[1, 2])
