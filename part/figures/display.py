"""The jet in the η-φ plane with attention as edges.

Shapes: n constituents in file order, E edges, strongest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from part.errors import PartError
from part.figures import scale
from part.figures.arrays import LabelledArray
from part.figures.constituent_colours import colour_by, constituent_colours
from part.figures.jet_view import JetView
from part.figures.palette import prong_colour, subjet_colour
from part.figures.particles import UNKNOWN_MARK, Constituents
from part.figures.strongest_edges import strongest_edges
from part.figures.view import QUANTITY_TITLES, SIGNED, THROUGH_SLOTS, View, lower_first

BORDER = 0.97  # of half the square's side, where constituents beyond it are drawn


@dataclass(frozen=True, eq=False)
class Display:
    """A jet and its strongest edges, from query to key; a particle's attention to itself is left out.

    Parameters
    ----------
    jet_view : JetView
        The jet as the model saw it.
    view : View
        The quantity, the head, the scale and the chosen query.
    query, key : np.ndarray
        The constituents (E,) that an edge joins, in file order.
    weight : np.ndarray
        The quantity (E,) of each edge.
    limits : tuple of float
        The weights at strength 0 and 1; models that are compared share them.
    """

    jet_view: JetView
    view: View
    query: np.ndarray
    key: np.ndarray
    weight: np.ndarray
    limits: tuple[float, float]

    @property
    def deta(self) -> np.ndarray:
        return self.jet_view.constituents.deta

    @property
    def dphi(self) -> np.ndarray:
        return self.jet_view.constituents.dphi

    @property
    def pt(self) -> np.ndarray:
        return self.jet_view.constituents.pt

    @property
    def subjet(self) -> np.ndarray:
        return self.jet_view.constituents.subjet

    @property
    def mark(self) -> np.ndarray:
        return self.jet_view.constituents.mark

    @property
    def colour_by(self) -> str:
        """What the colour of a constituent stands for, one of `part.figures.view.COLOURS`."""
        return colour_by(self.jet_view, self.view)

    @property
    def colours(self) -> list[str]:
        """The colour of each constituent (n,)."""
        return constituent_colours(self.jet_view, self.view)

    @property
    def parton_colours(self) -> list[str | None]:
        """The colour of each parton (m,) where constituents have those of prongs; None for that of the text."""
        partons = self.jet_view.partons
        if partons is None:
            return []
        if self.colour_by == "subjet":
            return [None] * len(partons)
        return [prong_colour(i) if i < partons.n_prongs else None for i in range(len(partons))]

    def colour_titles(self) -> list[tuple[str, str]]:
        """Return what the colours stand for, of those that occur: (title, colour)."""
        partons = self.jet_view.partons
        if self.colour_by == "subjet" or partons is None:
            return [(f"subjet {i + 1}", subjet_colour(i)) for i in sorted(set(self.subjet.tolist()))]
        occurring = sorted(
            set(partons.prong(self.colour_by).tolist()) | set(range(partons.n_prongs)), key=lambda i: (i < 0, i)
        )
        titles = ["prong " + partons.prong_title(i) if i >= 0 else "no prong" for i in occurring]
        return list(zip(titles, map(prong_colour, occurring), strict=True))

    @property
    def relative_size(self) -> np.ndarray:
        """The diameter of each marker over that of the leading constituent; areas are proportional to pT."""
        return np.sqrt(self.pt / self.pt.max())

    @property
    def scale(self) -> str:
        return "linear" if self.signed else self.view.scale

    @property
    def signed(self) -> bool:
        return self.view.signed or self.jet_view.attends_to_slots

    @property
    def strength(self) -> np.ndarray:
        """The strength of each edge (E,) in [0, 1] on the scale of `limits`."""
        if self.signed:
            return np.clip(np.abs(self.weight) / self.limits[1], 0.0, 1.0)
        return scale.position(self.weight, self.limits, self.scale) if len(self.weight) else np.zeros(0)

    @property
    def within_subjet(self) -> np.ndarray:
        """Return whether both ends of an edge are in one subjet (E,)."""
        return self.subjet[self.query] == self.subjet[self.key]

    @property
    def selected(self) -> int | None:
        return self.view.query

    @property
    def quantity_title(self) -> str:
        return THROUGH_SLOTS if self.jet_view.attends_to_slots else QUANTITY_TITLES[self.view.quantity]

    @property
    def title(self) -> str:
        if not self.jet_view.quantities:
            return "Constituents"
        quantity = lower_first(self.quantity_title)
        if self.selected is None:
            return f"{self.view.title}: strongest {quantity}"
        return f"{self.view.title}: {quantity} from constituent {self.selected + 1}"

    @property
    def square(self) -> tuple[float, float, float]:
        """The square that is shown: Δη and Δφ of its middle, and half of its side."""
        return self.view.zoom or (0.0, 0.0, self.extent)

    @property
    def extent(self) -> float:
        """The half side of the square around the jet axis that holds 99 % of the pT and the prongs, for all heads.

        A soft track may lie several jet radii away; if the square held it, all other constituents would be one spot.
        """
        distance = self._distance
        nearest = np.argsort(distance, kind="stable")
        last = np.searchsorted(np.cumsum(self.pt[nearest]), 0.99 * self.pt.sum())
        farthest = distance[nearest[min(last, len(nearest) - 1)]]
        if (partons := self.jet_view.partons) is not None and partons.n_prongs:
            prongs = np.stack([partons.deta, partons.dphi])[:, : partons.n_prongs]
            farthest = max(farthest, 1.1 * np.abs(prongs).max())  # with its ring and its symbol
        return max(_rounded_up(farthest), 0.1)

    @property
    def drawn(self) -> np.ndarray:
        """Δη and Δφ (2, n) at which constituents are drawn: those beyond the square at its border, in their direction.

        Where the view zooms in, what is beyond its square is not drawn.
        """
        place, distance = np.stack([self.deta, self.dphi]), self._distance
        is_beyond = (distance > self.extent) & (self.view.zoom is None)
        return np.where(is_beyond, place * BORDER * self.extent / np.maximum(distance, self.extent), place)

    @property
    def n_outside(self) -> int:
        """The number of constituents beyond the square."""
        x, y, half = self.square
        return int((np.maximum(np.abs(self.deta - x), np.abs(self.dphi - y)) > half).sum())

    @property
    def _distance(self) -> np.ndarray:
        """The distance from the axis along the larger of Δη and Δφ (n,)."""
        return np.maximum(np.abs(self.deta), np.abs(self.dphi))

    def arrays(self) -> dict[str, LabelledArray]:
        """Return the arrays (E,) that are exported, with those of the partons."""
        partons = {} if self.jet_view.partons is None else self.jet_view.partons.arrays()
        edges = {
            "query": LabelledArray(self.query, ("edge",), "1", "query, a constituent in file order"),
            "key": LabelledArray(self.key, ("edge",), "1", "key, a constituent in file order"),
            "weight": LabelledArray(self.weight, ("edge",), "1", self.quantity_title),
            "within_subjet": LabelledArray(self.within_subjet, ("edge",), "1", "whether both are in one subjet"),
        }
        return edges | partons


def _rounded_up(distance: float) -> float:
    """Return a half side with a margin around a distance, in steps of 0.05."""
    return float(np.ceil(1.05 * distance / 0.05) * 0.05)


def short_titles(titles: Sequence[str]) -> list[str]:
    """Return titles such as "prong 1 b", "prong 2 u" for narrow places: of a row only the first one needs the word."""
    word = titles[0].split()[0] + " "
    return [title if i == 0 else title.removeprefix(word) for i, title in enumerate(titles)]


def legend_marks(particles: Constituents) -> dict[int, str]:
    """Return what each marker in a jet stands for; unknown particles need no explanation."""
    return {mark: title for mark, title in particles.mark_titles().items() if mark != UNKNOWN_MARK}


def make_display(jet_view: JetView, view: View, limits: tuple[float, float] | None = None) -> Display:
    """Find the strongest edges of a head, or of one query in it.

    Parameters
    ----------
    jet_view, view, limits
        See `part.figures.data.figure_data`.

    Returns
    -------
    Display
        It has no edges if the model has no attention between particles.

    Raises
    ------
    PartError
        If the model or the jet does not have what the view shows.
    """
    if not jet_view.constituents.has_momenta:
        raise PartError("The data config does not say the momenta of the constituents, so the jet cannot be drawn.")
    n = len(jet_view.constituents)
    if view.query is not None and view.query >= n:
        raise PartError(f"The jet has {n} constituents; there is no constituent {view.query + 1}.")
    if not jet_view.quantities:
        return empty_display(jet_view, view)
    drawn_scale = "linear" if view.signed or jet_view.attends_to_slots else view.scale
    values = jet_view.pair_weights(view.quantity, view.layer, view.head)
    if limits is None or jet_view.attends_to_slots:  # the given limits are for attention to slots, not through them
        limits = scale.limits(values, SIGNED[0] if jet_view.attends_to_slots else view.quantity, drawn_scale)
    query, key = strongest_edges(values, view.edges, view.query)
    return Display(jet_view, view, query, key, values[query, key], scale.check_limits(limits, drawn_scale))


def empty_display(jet_view: JetView, view: View) -> Display:
    """Return the jet without edges."""
    none = np.empty(0, np.int64)
    return Display(jet_view, view, none, none, np.empty(0, np.float32), (0.0, 1.0))
