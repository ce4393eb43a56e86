"""Heatmaps of heads: the matrix of one, the mosaic of all, and the rows of the class token.

Shapes: L layers, H heads, n constituents, K slots; in display order unless said otherwise. Where particles attend to
slots, the last axis of a matrix is K in place of n, and only the queries are reordered.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from part.errors import PartError
from part.figures import scale
from part.figures.arrays import LabelledArray
from part.figures.jet_view import JetView
from part.figures.particles import short_title
from part.figures.view import ORDER_TITLES, QUANTITY_TITLES, SIGNED, View

HeatmapKind = TypeVar("HeatmapKind", bound="Heatmap")


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Values over constituents.

    Parameters
    ----------
    jet_view : JetView
        The jet as the model saw it.
    view : View
        The quantity, the head and the order of the constituents.
    limits : tuple of float
        The values at the ends of the colour scale.
    """

    jet_view: JetView
    view: View
    limits: tuple[float, float]

    @property
    def file_order_values(self) -> np.ndarray:
        """The values with the constituents in file order."""
        raise NotImplementedError

    def reorder(self, array: np.ndarray) -> np.ndarray:
        """Return an array in display order; its last two axes are query and key in file order."""
        if self.jet_view.attends_to_slots:
            return array[..., self.order, :]
        return array[..., self.order[:, None], self.order]

    @cached_property
    def values(self) -> np.ndarray:
        """The values in display order."""
        return self.reorder(self.file_order_values)

    @property
    def pixels(self) -> np.ndarray:
        """The values as uint8, 0 at the lower and 255 at the upper limit."""
        return self.reorder(scale.encode(self.file_order_values, self.limits, self.scale))

    @cached_property
    def order(self) -> np.ndarray:
        """The constituent (in file order) at each display position (n,)."""
        return self.jet_view.constituents.order(self.view.order)

    @property
    def labels(self) -> np.ndarray:
        """The numbers of the constituents as people read them (n,): the position in the file, from 1."""
        return self.order + 1

    @property
    def groups(self) -> tuple[tuple[str, int, int], ...]:
        """The (title, first, stop) display positions of each subjet or species."""
        return self.jet_view.constituents.groups(self.view.order)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The (display position, label) of each tick: the middle of a group, or at most about eight constituents."""
        groups, n = self.groups, len(self.order)
        if not groups:
            step = next(step for step in (1, 2, 5, 10, 20, 50) if n <= 8 * step)
            return [(position - 1.0, str(position)) for position in [1, *range(step, n + 1, step)] if n > 0]
        merged: list[tuple[float, str]] = []
        for title, first, stop in groups:
            middle, label = (first + stop - 1) / 2, short_title(title)
            if merged and middle - merged[-1][0] < n / 16:  # labels would overlap, so both share one tick
                middle, label = (merged[-1][0] + middle) / 2, f"{merged.pop()[1]} {label}"
            merged.append((middle, label))
        return merged

    @property
    def order_title(self) -> str:
        return ORDER_TITLES[self.view.order]

    @property
    def quantity(self) -> str:
        return self.view.quantity

    @property
    def signed(self) -> bool:
        """Return whether the quantity has both signs."""
        return self.quantity in SIGNED

    @property
    def scale(self) -> str:
        """The scale as drawn; signed quantities have no logarithm."""
        return "linear" if self.signed else self.view.scale

    @property
    def quantity_title(self) -> str:
        return QUANTITY_TITLES[self.quantity]

    @property
    def unit(self) -> str:
        return "1"

    @property
    def title(self) -> str:
        return self.view.title

    @property
    def selected(self) -> int | None:
        """The display position of the chosen query."""
        if self.view.query is None:
            return None
        return int(np.flatnonzero(self.order == self.view.query)[0])

    @property
    def axes(self) -> tuple[str, ...]:
        return ("query", "slot" if self.jet_view.attends_to_slots else "key")

    def arrays(self) -> dict[str, LabelledArray]:
        """Return the arrays that are exported."""
        arrays = {
            "values": LabelledArray(self.values, self.axes, self.unit, self.quantity_title),
            "order": LabelledArray(self.order, ("position",), "1", "constituent in file order at each position"),
        }
        if "slot" in self.axes:
            meaning = "weight of each constituent, in file order, in each slot"
            axes = ("layer", "slot", "constituent")
            arrays["mixing"] = LabelledArray(self.jet_view.trace["mixing"], axes, "1", meaning)
        return arrays


@dataclass(frozen=True, eq=False)
class Matrix(Heatmap):
    """One head: values (n, n) [query, key], or (n, K) [query, slot]."""

    @property
    def file_order_values(self) -> np.ndarray:
        return self.jet_view.head(self.view.quantity, self.view.layer, self.view.head)

    @property
    def slot_weights(self) -> np.ndarray:
        """The weight of each constituent in each slot of the layer (n, K), of either sign."""
        return self.jet_view.trace["mixing"][self.view.layer].T[self.order]

    @property
    def slot_weight_limits(self) -> tuple[float, float]:
        return scale.limits(self.slot_weights, SIGNED[0], "linear", square=False)


@dataclass(frozen=True, eq=False)
class Mosaic(Heatmap):
    """All heads: values (L, H, n, n)."""

    @property
    def axes(self) -> tuple[str, ...]:
        return ("layer", "head", *super().axes)

    @cached_property
    def file_order_values(self) -> np.ndarray:
        return self.jet_view.pairs(self.view.quantity)

    @property
    def title(self) -> str:
        layers, heads = self.file_order_values.shape[:2]
        return f"{layers} layers × {heads} heads"

    def canvas(self) -> tuple[np.ndarray, int]:
        """Return all heads in one array with NaN between them, and the distance between neighbours in cells."""
        layers, heads, *shape = self.file_order_values.shape
        side = max(shape)  # tiles are square even where there are fewer slots than particles
        rows, columns = (np.arange(side) * count // side for count in shape)
        gap = max(1, side // 20)
        tiles = np.full((layers, side + gap, heads, side + gap), np.nan, np.float32)
        tiles[:, :side, :, :side] = self.values[..., rows[:, None], columns].transpose(0, 2, 1, 3)
        return tiles.reshape(layers * (side + gap), heads * (side + gap))[:-gap, :-gap], side + gap


@dataclass(frozen=True, eq=False)
class ClassRows(Heatmap):
    """The class token's attention: values (L_class, H, 1 + n), the token itself first."""

    axes = ("class layer", "head", "token")

    @property
    def file_order_values(self) -> np.ndarray:
        if not self.jet_view.trace.has("class_pattern"):
            raise PartError(f"{self.jet_view.model} has no class token, whose attention could be shown.")
        return self.jet_view.trace["class_pattern"]

    def reorder(self, array: np.ndarray) -> np.ndarray:
        return array[..., np.append(0, self.order + 1)]

    @property
    def quantity(self) -> str:
        return "pattern"

    @property
    def title(self) -> str:
        return "Class token"


def make_heatmap(
    kind: type[HeatmapKind], jet_view: JetView, view: View, limits: tuple[float, float] | None = None
) -> HeatmapKind:
    """Compute a heatmap.

    Parameters
    ----------
    kind : type
        Matrix, Mosaic or ClassRows.
    jet_view, view, limits
        See `part.figures.data.figure_data`.

    Returns
    -------
    Matrix, Mosaic or ClassRows

    Raises
    ------
    PartError
        If the model or the jet does not have what the view shows.
    """
    n = len(jet_view.constituents)
    if view.query is not None and view.query >= n:
        raise PartError(f"The jet has {n} constituents; there is no constituent {view.query + 1}.")
    figure = kind(jet_view, view, limits or (0.0, 1.0))
    values = figure.file_order_values  # raises an error if there is no such head
    if limits is None:
        square = "key" in figure.axes
        limits = scale.limits(values, figure.quantity, figure.scale, square)
    return replace(figure, limits=scale.check_limits(limits, figure.scale))
