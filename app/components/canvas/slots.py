"""One head over slots, beside what the slots are made of, as a canvas with hover; a click chooses a query.

Shapes: n constituents, K slots.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.components.canvas.canvas import asset, clicked, pack, script
from app.components.canvas.matrix import particle, ticks
from app.services.models import figures

NAMED = 3  # of a slot's constituents

_component = st.components.v2.component(
    "partscope_slots",
    html=asset("matrix.html"),
    css=asset("matrix.css") + asset("tip.css"),
    js=script("slots.js"),
)


def slots(
    data: figures.Matrix, caption: str, theme: str, key: str, painted: str, on_particle: Callable[[int], None]
) -> None:
    """As `matrix`, for a model whose particles attend to slots."""
    payload = _payload(data, caption, theme, painted)
    _component(data=payload, key=key, on_particle_change=clicked(key, on_particle))


def _payload(data: figures.Matrix, caption: str, theme: str, painted: str) -> bytes:
    scene, view, order = data.scene, data.view, data.order
    arrays = {name: scene.head(name, view.layer, view.head)[order] for name in scene.quantities}
    arrays["made_of"] = data.made_of
    header = {
        "key": painted,
        "n": len(order),
        "slots": data.values.shape[1],
        "title": view.title,
        "caption": caption,
        "quantities": [(name, figures.view.QUANTITY_TITLES[name]) for name in scene.quantities],
        "panels": [
            _panel(view.quantity, data.quantity_title, data.limits, data.scale, view.quantity, theme),
            _panel("made_of", "made of", data.made_of_limits, "linear", figures.view.SIGNED[0], theme),
        ],
        "marks": data.ticks,
        "borders": [start for _, start, _ in data.groups if start],
        "particles": [particle(scene, int(i)) for i in order],
        "contents": [_contents(weights, order) for weights in data.made_of.T],
    }
    return pack(header, arrays)


def _panel(array: str, title: str, limits: tuple[float, float], scale: str, colours: str, theme: str) -> dict:
    return {
        "array": array,
        "title": title,
        "limits": limits,
        "scale": scale,
        "ticks": ticks(limits, scale),
        "palette": figures.palette(colours, theme).ravel().tolist(),
    }


def _contents(weights: np.ndarray, order: np.ndarray) -> str:
    """The largest parts of a slot for people: "0.41 of 1, −0.22 of 5, …", constituents as in the file, from 1."""
    largest = np.argsort(-np.abs(weights), kind="stable")[:NAMED]
    parts = [f"{weights[i]:.2f} of {order[i] + 1}".replace("-", "−") for i in largest]
    return ", ".join(parts) + (", …" if len(weights) > NAMED else "")
