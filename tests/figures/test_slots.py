"""Models whose particles attend to slots: every figure says so, and pairs are seen through the slots."""

import csv
import io
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from helpers.scene import over_slots

from part.figures import View, draw_paper, draw_screen, figure_data, mosaic_bytes, table
from part.figures.export_tables import describe, to_csv
from part.figures.matplotlib import save_paper
from part.figures.view import ORDERS, QUANTITIES


@pytest.fixture
def slotted(scene):
    return replace(scene, trace=over_slots(scene.trace))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_rows_are_put_in_order_and_slots_stay(slotted, quantity, order):
    data = figure_data(slotted, View("matrix", quantity, layer=1, head=2, order=order))
    trace = slotted.trace
    source = trace.scores_qk + trace.bias if quantity == "logits" else getattr(trace, quantity)
    np.testing.assert_array_equal(data.values, source[1, 2][data.order])
    np.testing.assert_array_equal(data.made_of, trace.mixing[1].T[data.order])
    assert data.axes == ("query", "slot")


def test_signed_limits_hold_every_entry(slotted):
    """No diagonal is left out, as it is where particles meet themselves."""
    data = figure_data(slotted, View("matrix", "bias"))
    assert data.limits[1] == np.abs(data.values).max()
    assert data.made_of_limits[1] == np.abs(data.made_of).max()


def test_edges_go_through_the_slots(slotted):
    data = figure_data(slotted, View("display", layer=2, head=1, edges=500))
    expected = slotted.trace.pattern[2, 1] @ slotted.trace.mixing[2]
    np.testing.assert_array_equal(data.weight, expected[data.query, data.key])
    assert data.signed
    assert data.limits[0] == -data.limits[1] < 0
    assert data.title == "Layer 3, head 2: strongest attention through slots"
    received = table(slotted, View(layer=2, head=1))["attention received"]
    np.testing.assert_allclose(received, expected.mean(axis=0)[slotted.constituents.order("pt")], rtol=1e-6)


def test_a_mosaic_has_square_tiles_of_all_heads(slotted):
    data = figure_data(slotted, View("mosaic", order="subjet"))
    n, slots = len(slotted.constituents), 5
    canvas, pitch = data.canvas()
    tile = canvas[pitch : pitch + n, 2 * pitch : 2 * pitch + n]
    np.testing.assert_array_equal(tile, data.values[1, 2][:, np.arange(n) * slots // n])
    content = mosaic_bytes(data)
    (length,) = struct.unpack("<I", content[:4])
    header = json.loads(content[4 : 4 + length])
    shape = tuple(header[name] for name in ("layers", "heads", "n", "columns"))
    np.testing.assert_array_equal(np.frombuffer(content[4 + length :], np.uint8).reshape(shape), data.pixels)


@pytest.mark.parametrize("figure", ["matrix", "mosaic", "display", "class", "prediction"])
@pytest.mark.parametrize("order", ["pt", "subjet"])
def test_every_figure_can_be_drawn(slotted, figure, order):
    data = figure_data(slotted, View(figure, order=order, query=4))
    assert save_paper(draw_paper(data), "pdf", {}).startswith(b"%PDF")
    assert draw_screen(data).to_json()


def test_numbers_name_the_slots(slotted):
    data = figure_data(slotted, View("matrix", order="pt"))
    told = describe(data)
    assert told["values"]["axes"] == ["query", "slot"]
    assert told["mixing"]["axes"] == ["layer", "slot", "constituent"]
    rows = list(csv.DictReader(io.StringIO(to_csv(data).decode())))
    assert len(rows) == data.values.size
    row = rows[7]  # the second query's third slot
    assert (int(row["query_index"]), int(row["slot_index"])) == (data.order[1], 2)
    assert float(row["attention"]) == pytest.approx(data.values[1, 2])
