"""The constituents as a table; a click on a row chooses the particle."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.components.canvas.canvas import asset, clicked, script
from app.services.models import figures

_component = st.components.v2.component(
    "partscope_table", html=asset("table.html"), css=asset("table.css"), js=script("table.js")
)


def constituents_table(
    scene: figures.Scene,
    view: figures.View,
    height: int,
    key: str,
    painted: str,
    on_particle: Callable[[int], None],
) -> None:
    """In the view's order, with what the chosen query gives to each. on_particle(file index)."""
    payload = _payload(scene, view, height, painted)
    _component(data=payload, key=key, on_particle_change=clicked(key, on_particle))


def _payload(scene: figures.Scene, view: figures.View, height: int, painted: str) -> dict:
    columns = _columns(scene, view)
    numbers = columns["#"]
    return {
        "key": painted,
        "height": height,
        "columns": [(heading, values.dtype.kind == "U") for heading, values in columns.items()],
        "rows": [list(row) for row in zip(*(_texts(values) for values in columns.values()), strict=True)],
        "numbers": numbers.tolist(),
        "colours": [figures.style.subjet_colour(i) for i in scene.constituents.subjet[numbers - 1]],
        "chosen": None if view.query is None else view.query + 1,
    }


def _columns(scene: figures.Scene, view: figures.View) -> dict[str, np.ndarray]:
    """What matters most first, for the table may be narrow: the attention before the angles."""
    columns = figures.table(scene, view)
    places = columns["#"] - 1
    if "species" in columns:
        columns["species"] = np.array([scene.constituents.symbol(i) for i in places])
    if view.query is not None and view.quantity in scene.quantities:
        weights = scene.between(view.quantity, view.layer, view.head)[view.query]
        columns[f"from {view.query + 1}"] = weights[places]
    if "attention received" in columns:
        columns["received"] = columns.pop("attention received")
    first = ["#", "species", "pT [GeV]", f"from {(view.query or 0) + 1}", "received", "subjet"]
    names = [name for name in first if name in columns]
    return {name: columns[name] for name in [*names, *(name for name in columns if name not in names)]}


def _texts(values: np.ndarray) -> list[str]:
    if values.dtype.kind == "U":
        return values.tolist()
    if values.dtype.kind in "iu" or not np.mod(values, 1).any():
        return [f"{value:.0f}".replace("-", "−") for value in values.tolist()]
    return ["" if np.isnan(value) else f"{value:.3g}".replace("-", "−") for value in values.tolist()]
