"""One jet as one model saw it, as the page reads it: a JSON header with the arrays behind it, compressed."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from part.export.interactive.arrays import pack_trace
from part.figures.canvas.display import jet_payload
from part.figures.canvas.matrix import colour_ticks, constituent_tip
from part.figures.canvas.slots import slot_contents
from part.figures.canvas.table import table_payload
from part.figures.display import empty_display
from part.figures.heatmaps import ClassRows, Matrix, make_heatmap
from part.figures.jet_view import JetView
from part.figures.prediction import Prediction
from part.figures.view import COLOUR_TITLES, COLOURS, ORDERS, QUANTITY_TITLES, SCALES, SIGNED, THROUGH_SLOTS, View

Limits = Mapping[tuple[str, str], tuple[float, float]]


def block(jet_view: JetView, limits: Limits) -> bytes:
    """Return what the page shows of a jet and a model.

    Parameters
    ----------
    jet_view : JetView
        The jet as the model saw it.
    limits : mapping
        The limits of the colours by quantity and scale, which all models of the jet share.

    Returns
    -------
    bytes
        Gzip of the header's length (uint32), the header (JSON) and the arrays.
    """
    arrays = pack_trace(jet_view)
    header = _header(jet_view, limits) | {
        "columns": [(name, kept.kind, kept.values.shape, kept.step) for name, kept in arrays.items()]
    }
    head = json.dumps(header, ensure_ascii=False).encode()
    body = b"".join(kept.bytes for kept in arrays.values())
    return gzip.compress(len(head).to_bytes(4, "little") + head + body, mtime=0)


def _header(jet_view: JetView, limits: Limits) -> dict:
    particles = jet_view.constituents
    layers, heads, _, columns = jet_view.trace["pattern"].shape if jet_view.quantities else (0, 0, 0, 0)
    orders = [name for name in ORDERS if not particles.missing_order(name)]
    return {
        "n": len(particles),
        "layers": layers,
        "heads": heads,
        "keys": columns,
        "unlike": jet_view.unlike,
        "prediction": _prediction(jet_view),
        "quantities": [_quantity(name, limits) for name in jet_view.quantities],
        "orders": {name: _order(jet_view, name) for name in orders},
        "particles": [constituent_tip(jet_view, i) for i in range(len(particles))],
        "classRows": _class_rows(jet_view) if jet_view.trace.has("class_pattern") else None,
        "slots": _slots(jet_view) if jet_view.attends_to_slots else None,
        "throughSlots": THROUGH_SLOTS,
        "colours": _colours(jet_view),
    }


def _scale(limits: tuple[float, float], scale: str) -> dict:
    return {"scale": scale, "limits": limits, "ticks": colour_ticks(limits, scale)}


def _quantity(name: str, limits: Limits) -> dict:
    scales = {scale: "linear" if name in SIGNED else scale for scale in SCALES}
    return {"name": name, "title": QUANTITY_TITLES[name], "signed": name in SIGNED} | {
        chosen: _scale(limits[name, drawn], drawn) for chosen, drawn in scales.items()
    }


def _order(jet_view: JetView, name: str) -> dict:
    """Return an order of the constituents with its ticks and the borders of its groups."""
    rows = Matrix(jet_view, View(order=name), (0.0, 1.0))
    return {
        "title": rows.order_title,
        "order": rows.order.tolist(),
        "marks": rows.ticks,
        "borders": [start for _, start, _ in rows.groups if start],
    }


def _class_rows(jet_view: JetView) -> dict:
    rows = {scale: make_heatmap(ClassRows, jet_view, View("class", scale=scale)) for scale in SCALES}
    layers, heads, _ = rows["log"].file_order_values.shape
    return {"layers": layers, "heads": heads} | {scale: _scale(rows[scale].limits, scale) for scale in SCALES}


def _slots(jet_view: JetView) -> list[dict]:
    """Return what a layer's slots hold: the scale of the weights, and the largest of each slot in words."""
    order = np.arange(len(jet_view.constituents))
    layers = [Matrix(jet_view, View(order="file", layer=i), (0.0, 1.0)) for i in range(len(jet_view.trace["pattern"]))]
    return [
        _scale(layer.slot_weight_limits, "linear")
        | {"contents": [slot_contents(weights, order) for weights in layer.slot_weights.T]}
        for layer in layers
    ]


def _colours(jet_view: JetView) -> list[dict]:
    """Return the event display and the table with each meaning of the constituents' colours."""
    has_prongs = jet_view.partons is not None and jet_view.partons.n_prongs
    made = []
    for name in COLOURS if has_prongs else COLOURS[:1]:
        view = View("display", order="file", colour=name)
        display = jet_payload(empty_display(jet_view, view)) if jet_view.constituents.has_momenta else None
        table = table_payload(jet_view, replace(view, figure="matrix"), 0, "")
        kept = {key: table[key] for key in ("columns", "rows", "colours")}
        made.append({"name": name, "title": COLOUR_TITLES[name], "display": display, "table": kept})
    return made


def _prediction(jet_view: JetView) -> dict:
    shown = Prediction(jet_view, View("prediction")) if jet_view.classes else None
    bars = [] if shown is None else [(bar.name, bar.probability, bar.is_truth) for bar in shown.bars]
    return {"bars": bars, "classes": len(jet_view.classes), "numbers": list(jet_view.numbers.items())}
