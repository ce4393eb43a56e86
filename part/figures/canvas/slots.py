"""The payload of one attention head over slots, beside the weights of the constituents in each slot.

Shapes: n constituents, K slots.
"""

import numpy as np

from part.figures import palette
from part.figures.canvas.matrix import colour_ticks, constituent_tip
from part.figures.canvas.packing import pack
from part.figures.heatmaps import Matrix
from part.figures.view import QUANTITY_TITLES

MAX_NAMED = 3  # of a slot's constituents


def slots_payload(data: Matrix, caption: str, theme: str, painted: str) -> bytes:
    """Return what the canvas of one head over slots draws; the parameters are those of `matrix_payload`."""
    jet_view, view, order = data.jet_view, data.view, data.order
    arrays = {name: jet_view.head(name, view.layer, view.head)[order] for name in jet_view.quantities}
    arrays["slot_weights"] = data.slot_weights
    header = {
        "key": painted,
        "n": len(order),
        "slots": data.values.shape[1],
        "title": view.title,
        "caption": caption,
        "quantities": [(name, QUANTITY_TITLES[name]) for name in jet_view.quantities],
        "panels": [
            _panel(view.quantity, data.quantity_title, data.limits, data.scale, view.signed, theme),
            _panel("slot_weights", "slot weights", data.slot_weight_limits, "linear", True, theme),
        ],
        "marks": data.ticks,
        "borders": [start for _, start, _ in data.groups if start],
        "particles": [constituent_tip(jet_view, int(i)) for i in order],
        "contents": [slot_contents(weights, order) for weights in data.slot_weights.T],
    }
    return pack(header, arrays)


def _panel(array: str, title: str, limits: tuple[float, float], scale: str, signed: bool, theme: str) -> dict:
    return {
        "array": array,
        "title": title,
        "limits": limits,
        "scale": scale,
        "ticks": colour_ticks(limits, scale),
        "palette": palette.colormap(signed, theme).ravel().tolist(),
    }


def slot_contents(weights: np.ndarray, order: np.ndarray) -> str:
    """Return the largest weights of a slot as text: "0.41 of 1, −0.22 of 5, …", constituents in file order from 1."""
    largest = np.argsort(-np.abs(weights), kind="stable")[:MAX_NAMED]
    texts = [f"{weights[i]:.2f} of {order[i] + 1}".replace("-", "−") for i in largest]
    return ", ".join(texts) + (", …" if len(weights) > MAX_NAMED else "")
