"""The payload of one attention head: over particles here, over slots in `slots`."""

import numpy as np

from part.figures import palette, scale
from part.figures.canvas.packing import pack
from part.figures.heatmaps import ClassRows, Matrix, make_heatmap
from part.figures.jet_view import JetView
from part.figures.view import QUANTITY_TITLES, View


def matrix_payload(data: Matrix, caption: str, theme: str, painted: str) -> bytes:
    """Return what the canvas of one head over particles draws, with the class token's rows.

    Parameters
    ----------
    data : Matrix
        The head.
    caption, theme : str
        The line above, and "light" or "dark".
    painted : str
        What the canvas reports as drawn.
    """
    jet_view, view, order = data.jet_view, data.view, data.order
    shown = np.ix_(order, order)
    arrays = {name: jet_view.head(name, view.layer, view.head)[shown] for name in jet_view.quantities}
    header = {
        "key": painted,
        "n": len(order),
        "title": view.title,
        "caption": caption,
        "quantity": data.quantity_title,
        "quantities": [(name, QUANTITY_TITLES[name]) for name in jet_view.quantities],
        "scale": data.scale,
        "limits": data.limits,
        "ticks": colour_ticks(data.limits, data.scale),
        "palette": palette.colormap(view.signed, theme).ravel().tolist(),
        "orderTitle": data.order_title,
        "marks": data.ticks,
        "borders": [start for _, start, _ in data.groups if start],
        "particles": [constituent_tip(jet_view, int(i)) for i in order],
    }
    class_header, class_arrays = _class_rows(jet_view, view, theme)
    return pack(header | class_header, arrays | {"shown": arrays[view.quantity]} | class_arrays)


def colour_ticks(limits: tuple[float, float], scale_name: str) -> list[tuple[float, str]]:
    """Return the ticks of a colour bar: position from 0 at its lower end to 1, and label."""
    marks = scale.ticks(limits, scale_name)
    positions = scale.position(np.array([value for value, _ in marks]), limits, scale_name)
    return [(float(position), label) for position, (_, label) in zip(positions, marks, strict=True)]


def constituent_tip(jet_view: JetView, i: int) -> dict:
    """Return what a hover shows of a constituent."""
    particles = jet_view.constituents
    numbers = {"pt": (particles.pt, 4), "deta": (particles.deta, 5), "dphi": (particles.dphi, 5)}
    known = numbers if particles.has_momenta else {}  # JSON has no NaN
    return {"number": i + 1, "species": particles.species_title(i)} | {
        name: round(float(values[i]), digits) for name, (values, digits) in known.items()
    }


def _class_rows(jet_view: JetView, view: View, theme: str) -> tuple[dict, dict[str, np.ndarray]]:
    if not jet_view.trace.has("class_pattern"):
        return {"classRows": 0}, {}
    rows = make_heatmap(ClassRows, jet_view, View("class", scale=view.scale, order=view.order))
    layers, heads, tokens = rows.values.shape
    header = {
        "classRows": layers * heads,
        "classLayers": layers,
        "classScale": rows.scale,
        "classLimits": rows.limits,
        "classTicks": colour_ticks(rows.limits, rows.scale),
        "classPalette": palette.colormap(False, theme).ravel().tolist(),
    }
    return header, {"class_pattern": rows.values.reshape(layers * heads, tokens)}
