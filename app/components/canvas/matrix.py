"""One head's matrix with the class token's rows under it, as a canvas with hover; a click chooses a query."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.components.canvas.canvas import asset, clicked, pack, script
from app.services.models import figures

_component = st.components.v2.component(
    "partscope_matrix",
    html=asset("matrix.html"),
    css=asset("matrix.css") + asset("tip.css"),
    js=script("matrix.js"),
)


def matrix(
    data: figures.Matrix, caption: str, theme: str, key: str, painted: str, on_particle: Callable[[int], None]
) -> None:
    """data: the chosen head. painted: what the canvas says of itself once drawn. onparticle(file index)."""
    payload = _payload(data, caption, theme, painted)
    _component(data=payload, key=key, on_particle_change=clicked(key, on_particle))


def _payload(data: figures.Matrix, caption: str, theme: str, painted: str) -> bytes:
    scene, view, order = data.scene, data.view, data.order
    shown = np.ix_(order, order)
    arrays = {name: scene.head(name, view.layer, view.head)[shown] for name in scene.quantities}
    header = {
        "key": painted,
        "n": len(order),
        "title": view.title,
        "caption": caption,
        "quantity": data.quantity_title,
        "quantities": [(name, figures.view.QUANTITY_TITLES[name]) for name in scene.quantities],
        "scale": data.scale,
        "limits": data.limits,
        "ticks": ticks(data.limits, data.scale),
        "palette": figures.palette(view.quantity, theme).ravel().tolist(),
        "orderTitle": data.order_title,
        "marks": data.ticks,
        "borders": [start for _, start, _ in data.groups if start],
        "particles": [particle(scene, int(i)) for i in order],
    }
    class_header, class_arrays = _class_rows(scene, view, theme)
    return pack(header | class_header, arrays | {"shown": arrays[view.quantity]} | class_arrays)


def ticks(limits: tuple[float, float], scale: str) -> list[tuple[float, str]]:
    """Of a colour bar: (place from 0 at its lower end to 1, label)."""
    marks = figures.scale.ticks(limits, scale)
    places = figures.scale.position(np.array([value for value, _ in marks]), limits, scale)
    return [(float(place), label) for place, (_, label) in zip(places, marks, strict=True)]


def particle(scene: figures.Scene, i: int) -> dict:
    """What a hover tells of a constituent."""
    particles = scene.constituents
    return {
        "number": i + 1,
        "species": particles.species_title(i),
        "pt": round(float(particles.pt[i]), 4),
        "deta": round(float(particles.deta[i]), 5),
        "dphi": round(float(particles.dphi[i]), 5),
    }


def _class_rows(scene: figures.Scene, view: figures.View, theme: str) -> tuple[dict, dict[str, np.ndarray]]:
    if not scene.trace.has("class_pattern"):
        return {"classRows": 0}, {}
    rows = figures.figure_data(scene, figures.View("class", scale=view.scale, order=view.order))
    layers, heads, tokens = rows.values.shape
    header = {
        "classRows": layers * heads,
        "classLayers": layers,
        "classScale": rows.scale,
        "classLimits": rows.limits,
        "classPalette": figures.palette("pattern", theme).ravel().tolist(),
    }
    return header, {"class_pattern": rows.values.reshape(layers * heads, tokens)}
