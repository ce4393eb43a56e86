"""The jet in the η-φ plane with attention as edges.

Shapes: n constituents in file order, E edges, strongest first.
"""

from dataclasses import dataclass

import numpy as np

from part.errors import PartError
from part.figures import scale
from part.figures.heatmaps import Numbers
from part.figures.scene import Scene
from part.figures.view import QUANTITY_TITLES, SIGNED, THROUGH_SLOTS, View, lower_first


@dataclass(frozen=True, eq=False)
class Display:
    """Edges run from query to key, a particle's attention to itself left out.

    query, key (E,) constituents; weight (E,) in the quantity's unit; strength (E,) in [0, 1] on the scale of
    `limits`, which models side by side share; within (E,) bool: both ends in one subjet.
    """

    scene: Scene
    view: View
    query: np.ndarray
    key: np.ndarray
    weight: np.ndarray
    limits: tuple[float, float]

    @property
    def deta(self) -> np.ndarray:
        return self.scene.constituents.deta

    @property
    def dphi(self) -> np.ndarray:
        return self.scene.constituents.dphi

    @property
    def pt(self) -> np.ndarray:
        return self.scene.constituents.pt

    @property
    def subjet(self) -> np.ndarray:
        return self.scene.constituents.subjet

    @property
    def species(self) -> np.ndarray:
        return self.scene.constituents.species

    @property
    def size(self) -> np.ndarray:
        """Diameter of each marker over that of the hardest constituent: areas go with pT."""
        return np.sqrt(self.pt / self.pt.max())

    @property
    def scale(self) -> str:
        return "linear" if self.signed else self.view.scale

    @property
    def signed(self) -> bool:
        return self.view.signed or self.scene.over_slots

    @property
    def strength(self) -> np.ndarray:
        if self.signed:
            return np.clip(np.abs(self.weight) / self.limits[1], 0.0, 1.0)
        return scale.position(self.weight, self.limits, self.scale)

    @property
    def within(self) -> np.ndarray:
        return self.subjet[self.query] == self.subjet[self.key]

    @property
    def selected(self) -> int | None:
        return self.view.query

    @property
    def quantity_title(self) -> str:
        return THROUGH_SLOTS if self.scene.over_slots else QUANTITY_TITLES[self.view.quantity]

    @property
    def title(self) -> str:
        if not self.scene.quantities:
            return "Constituents"
        quantity = lower_first(self.quantity_title)
        if self.selected is None:
            return f"{self.view.title}: strongest {quantity}"
        return f"{self.view.title}: {quantity} from constituent {self.selected + 1}"

    @property
    def extent(self) -> float:
        """Half the side of the square, centred on the jet axis, that holds 99 % of the pT and the chosen query.

        A soft track that curls to an end cap may lie several radii away; all the rest would be one spot beside it.
        """
        distance = self._distance
        nearest = np.argsort(distance, kind="stable")
        held = np.searchsorted(np.cumsum(self.pt[nearest]), 0.99 * self.pt.sum())
        farthest = distance[nearest[min(held, len(nearest) - 1)]]
        if self.selected is not None:
            farthest = max(farthest, distance[self.selected])
        return float(max(np.ceil(1.05 * farthest / 0.05) * 0.05, 0.1))

    @property
    def outside(self) -> int:
        """How many constituents lie beyond the square."""
        return int((self._distance > self.extent).sum())

    @property
    def _distance(self) -> np.ndarray:
        """From the axis, as a square measures it."""
        return np.maximum(np.abs(self.deta), np.abs(self.dphi))

    def numbers(self) -> dict[str, Numbers]:
        return {
            "query": Numbers(self.query, ("edge",), "1", "constituent in file order that asks"),
            "key": Numbers(self.key, ("edge",), "1", "constituent in file order that answers"),
            "weight": Numbers(self.weight, ("edge",), "1", self.quantity_title),
            "within_subjet": Numbers(self.within, ("edge",), "1", "whether both are in one subjet"),
        }


def display(scene: Scene, view: View, limits: tuple[float, float] | None = None) -> Display:
    """The strongest edges of a head, or of one query in it; PartError if the model has not what is asked.

    A model without attention between particles gives a display without edges.
    """
    n = len(scene.constituents)
    if view.query is not None and view.query >= n:
        raise PartError(f"The jet has {n} constituents; there is no constituent {view.query + 1}.")
    drawn = "linear" if view.signed or scene.over_slots else view.scale
    if not scene.quantities:
        none = np.empty(0, np.int64)
        return Display(scene, view, none, none, np.empty(0, np.float32), scale.ATTENTION_LIMITS[drawn])
    values = scene.between(view.quantity, view.layer, view.head)
    if limits is None or scene.over_slots:  # given ones are those of the slots
        limits = scale.limits(values, SIGNED[0] if scene.over_slots else view.quantity, drawn)
    query, key = strongest(values, view.edges, view.query)
    return Display(scene, view, query, key, values[query, key], scale.check_limits(limits, drawn))


def strongest(values: np.ndarray, edges: int, query: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(query, key) of the at most `edges` entries of values (n, n) largest in size, not on the diagonal.

    Given a query, only those of its row. Of equal ones the first come first.
    """
    size = np.abs(values).astype(np.float64)
    np.fill_diagonal(size, -1.0)
    if query is not None:
        size[np.arange(len(size)) != query] = -1.0
    order = np.argsort(-size, axis=None, kind="stable")
    order = order[: min(edges, int((size >= 0).sum()))]
    return np.unravel_index(order, values.shape)
