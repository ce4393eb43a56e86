"""The state of the page Explore."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.library import view_options
from app.state.selection import MAX_JETS
from app.state.url import one_of, texts, url_field, whole_number

MAX_EDGES = 200
MAX_SHOWN = 8


def read_zoom(values: Sequence[str]) -> tuple[int, float, float, float]:
    """Return what `write_zoom` wrote."""
    jet, *square = values[-1].split(":")
    x, y, half = map(float, square)
    if not math.isfinite(x) or not math.isfinite(y) or not 0 < half < 100:
        raise ValueError
    return int(jet), x, y, half


def write_zoom(value: tuple[int, float, float, float]) -> str:
    return ":".join([str(value[0]), *(f"{number:.4g}" for number in value[1:])])


@dataclass(frozen=True)
class ExploreState:
    """The choices of Explore.

    Attributes
    ----------
    quantity, scale : str
        What is drawn for each pair of query and key, and the scale of its colours, as in `part.figures.view.View`.
    edges : int
        The largest number of edges in the event display.
    shown_classes : tuple of str
        Classes whose bars are drawn whatever their probabilities.
    colour : str
        What the colours of the constituents in the event display stand for.
    zoom : tuple or None
        A jet, and the square in which its event display is shown: Δη and Δφ of the middle, and half of the side.
    marked : str
        The measure of each head that bars in the mosaic show, "" for none.
    arranged : str
        How that measure arranges the heads: "" not at all, "layers" within their layers, "all" over all layers.
    n_averaged : int
        The number of jets over which attention is averaged.
    first_class, second_class : str
        The classes or groups whose attention is compared, "" for none.
    """

    quantity: str = url_field("pattern", one_of(view_options.QUANTITIES), name="show")
    scale: str = url_field("log", one_of(view_options.SCALES))
    edges: int = url_field(40, whole_number(1, MAX_EDGES))
    shown_classes: tuple[str, ...] = url_field((), texts(MAX_SHOWN), name="shown")
    colour: str = url_field("subjet", one_of(view_options.COLOURS))
    zoom: tuple[int, float, float, float] | None = url_field(None, read_zoom, write=write_zoom)
    marked: str = url_field("")
    arranged: str = url_field("", one_of(("", "layers", "all")))
    n_averaged: int = url_field(200, whole_number(1, MAX_JETS), name="averaged")
    first_class: str = url_field("", name="of")
    second_class: str = url_field("", name="minus")
