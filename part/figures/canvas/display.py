"""The event display's payload."""

from dataclasses import replace

import numpy as np

from part.figures import palette, style
from part.figures.display import Display, empty_display, make_display, short_titles
from part.figures.jet_view import JetView
from part.figures.view import View

PARTON_SHAPES = ("ring", "cross", "plus")  # by the kinds of partons
SHORT_NAMES = ("charged", "neutral", "γ", "e", "μ", "particle")  # by the species' marks, unknown last


def display_payload(
    jet_view: JetView, view: View, limits: tuple[float, float] | None, accent: str, height: int, painted: str
) -> dict:
    """Return what the event display draws: the jet in the η-φ plane with attention as edges.

    Parameters
    ----------
    jet_view, view, limits
        See `figure_data`.
    accent : str
        The colour of the edges of quantities without a sign.
    height : int
        Pixels.
    painted : str
        What the canvas reports as drawn, "jet/...".
    """
    return _payload(make_display(jet_view, replace(view, figure="display"), limits), accent, height, painted)


def jet_alone_payload(
    jet_view: JetView, title: str, height: int, painted: str, extent: float, selected: int | None = None
) -> dict:
    """Return what the event display draws of a jet without attention; see `display_payload`.

    Parameters
    ----------
    jet_view, height, painted
        See `display_payload`.
    title : str
        What the jet is.
    extent : float
        Half of the side of the square.
    selected : int, optional
        A constituent with a ring.
    """
    data = empty_display(jet_view, View("display", query=selected))
    more = {"title": title, "extent": extent, "quantity": "", "weights": []}
    return _payload(data, "", height, painted) | more


def jet_extent(jet_view: JetView) -> float:
    """Return half of the side of the square that shows a jet without attention."""
    return empty_display(jet_view, View("display")).extent


def _payload(data: Display, accent: str, height: int, painted: str) -> dict:
    return jet_payload(data) | {
        "key": painted,
        "jet": painted.split("/")[0],
        "title": data.title,
        "height": height,
        "selected": data.selected,
        "quantity": data.quantity_title if data.jet_view.quantities else "",
        "accent": accent,
        "signed": data.signed,
        "scale": data.scale,
        "limits": data.limits,
        "weights": _selected_weights(data),
        "edges": [
            list(edge) for edge in zip(data.query.tolist(), data.key.tolist(), data.weight.tolist(), strict=True)
        ],
    }


def jet_payload(data: Display) -> dict:
    """Return what the event display draws whatever the head and the chosen constituent: constituents and partons."""
    particles, mark = data.jet_view.constituents, data.mark
    return {
        "extent": data.extent,
        "deta": _rounded(data.deta, 5),
        "dphi": _rounded(data.dphi, 5),
        "pt": _rounded(data.pt, 4),
        "size": _rounded(data.relative_size * np.array(style.MARKER_SCALE)[mark], 4),
        "marker": [style.MARKERS[i] for i in mark],
        "colour": data.colours,
        "subjet": particles.subjet.tolist(),
        "prong": _prongs(data),
        "partons": _partons(data),
        "names": [particles.species_title(i) for i in range(len(particles))],
        "signs": [palette.POSITIVE, palette.NEGATIVE],
        "legend": _legend(data),
    }


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return np.round(values.astype(float), digits).tolist()


def _selected_weights(data: Display) -> list[float]:
    if data.selected is None or data.view.quantity not in data.jet_view.quantities:
        return []
    values = data.jet_view.pair_weights(data.view.quantity, data.view.layer, data.view.head)[data.selected]
    return [float(f"{value:.4g}") for value in values]


def _legend(data: Display) -> list[tuple[str, str | None, str]]:
    marks = data.jet_view.constituents.mark_titles(SHORT_NAMES)
    shapes = [(style.MARKERS[mark], None, title) for mark, title in marks.items()]
    if (partons := data.jet_view.partons) is not None:
        shapes += [(PARTON_SHAPES[kind], None, title) for kind, title in partons.kind_titles().items()]
    titles, colours = zip(*data.colour_titles(), strict=True)
    return shapes + [("circle", colour, title) for title, colour in zip(short_titles(titles), colours, strict=True)]


def _prongs(data: Display) -> list[str]:
    """Return the prong of each constituent, by the matching that colours it; empty without prongs."""
    partons = data.jet_view.partons
    if partons is None or not partons.n_prongs:
        return []
    matching = "deltaR" if data.colour_by == "subjet" else data.colour_by
    return [partons.prong_title(i) for i in partons.prong(matching)]


def _partons(data: Display) -> list[list]:
    """Return shape, position, relative size, colour, symbol and description of each parton."""
    if (partons := data.jet_view.partons) is None:
        return []
    columns = (
        [PARTON_SHAPES[kind] for kind in partons.kind],
        _rounded(partons.deta, 5),
        _rounded(partons.dphi, 5),
        _rounded(partons.relative_size, 4),
        data.parton_colours,
        [partons.symbol(i) for i in range(len(partons))],
        [partons.describe(i) for i in range(len(partons))],
    )
    return [list(parton) for parton in zip(*columns, strict=True)]
