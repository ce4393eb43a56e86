"""The jet in the η-φ plane with attention as edges, as SVG; a click chooses a particle."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.components.canvas.canvas import asset, clicked, script
from app.services.models import figures

_component = st.components.v2.component(
    "partscope_display",
    html=asset("display.html"),
    css=asset("display.css") + asset("tip.css"),
    js=script("display.js"),
)
_SHORT = ("charged", "neutral", "γ", "e", "μ", "particle")  # in the order of SPECIES, unknown last


def display(
    data: figures.Display,
    accent: str,
    height: int,
    key: str,
    painted: str,
    on_particle: Callable[[int], None],
) -> None:
    """accent: colour of the edges of quantities without a sign. on_particle(file index)."""
    payload = _payload(data, accent, height, painted)
    _component(data=payload, key=key, on_particle_change=clicked(key, on_particle))


def _payload(data: figures.Display, accent: str, height: int, painted: str) -> dict:
    particles = data.scene.constituents
    species = particles.species
    return {
        "key": painted,
        "jet": painted.split("/")[0],
        "title": data.title,
        "caption": _caption(data),
        "height": height,
        "extent": data.extent,
        "all": _all(data),
        "deta": _rounded(data.deta, 5),
        "dphi": _rounded(data.dphi, 5),
        "pt": _rounded(data.pt, 4),
        "size": _rounded(data.size * np.array(figures.style.MARKER_SCALE)[species], 4),
        "marker": [figures.style.MARKERS[i] for i in species],
        "colour": [figures.style.subjet_colour(i) for i in particles.subjet],
        "subjet": particles.subjet.tolist(),
        "names": [particles.species_title(i) for i in range(len(particles))],
        "selected": data.selected,
        "quantity": data.quantity_title,
        "weights": _from_selected(data),
        "edges": _edges(data, accent),
        "legend": _legend(data),
    }


def _caption(data: figures.Display) -> str:
    if not data.scene.quantities:
        shown = f"{len(data.scene.constituents)} constituents"
    elif data.selected is None:
        shown = f"{len(data.weight)} strongest edges"
    else:
        shown = f"edges from {data.selected + 1}"
    return f"{shown} · {data.outside} outside (double-click)" if data.outside else shown


def _all(data: figures.Display) -> float:
    """Half the side of the square that holds every constituent."""
    return 1.05 * float(max(np.abs(data.deta).max(), np.abs(data.dphi).max(), data.extent / 1.05))


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return np.round(values.astype(float), digits).tolist()


def _from_selected(data: figures.Display) -> list[float]:
    if data.selected is None or data.view.quantity not in data.scene.quantities:
        return []
    values = data.scene.between(data.view.quantity, data.view.layer, data.view.head)[data.selected]
    return [float(f"{value:.4g}") for value in values]


def _edges(data: figures.Display, accent: str) -> list[list]:
    strength = data.strength
    colours = figures.style.edge_colours(data.weight, data.signed, accent)
    columns = (
        data.query.tolist(),
        data.key.tolist(),
        _rounded(figures.style.edge_width(strength), 2),
        _rounded(figures.style.edge_opacity(strength), 2),
        colours,
        data.within.tolist(),
    )
    return [list(edge) for edge in zip(*columns, strict=True)]


def _legend(data: figures.Display) -> list[tuple[str, str | None, str]]:
    present = sorted(set(data.species.tolist()), key=lambda i: (i < 0, i))
    shapes = [(figures.style.MARKERS[i], None, _SHORT[i]) for i in present]
    subjets = range(int(data.subjet.max()) + 1)
    return shapes + [("circle", figures.style.subjet_colour(i), f"{i + 1}" if i else "subjet 1") for i in subjets]
