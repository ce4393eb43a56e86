"""What the heads do: one matrix, all of them in a mosaic, or the class token's rows.

Shapes: L layers, H heads, n constituents, K slots; display order unless said otherwise. Where particles attend to
slots, the last axis of a matrix is K in place of n, and only the queries are put in order.
"""

import json
import struct
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from part.errors import PartError
from part.figures import scale
from part.figures.particles import short_title
from part.figures.scene import Scene
from part.figures.view import ORDER_TITLES, QUANTITY_TITLES, SIGNED, View


@dataclass(frozen=True)
class Numbers:
    """An array with the names of its axes and the unit and meaning of its values, as exported."""

    values: np.ndarray
    axes: tuple[str, ...]
    unit: str
    meaning: str


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Values over constituents; `order` (n,) maps display position -> constituent in file order."""

    scene: Scene
    view: View
    limits: tuple[float, float]

    @property
    def in_file_order(self) -> np.ndarray:
        raise NotImplementedError

    def reorder(self, array: np.ndarray) -> np.ndarray:
        """An array in file order -> display order; the last two axes are query and key."""
        return array[..., self.order, :] if self.scene.over_slots else array[..., self.order[:, None], self.order]

    @cached_property
    def values(self) -> np.ndarray:
        """In display order."""
        return self.reorder(self.in_file_order)

    @property
    def pixels(self) -> np.ndarray:
        """uint8, 0 at the lower and 255 at the upper limit, in the shape of `values`."""
        return self.reorder(scale.encode(self.in_file_order, self.limits, self.scale))

    @cached_property
    def order(self) -> np.ndarray:
        return self.scene.constituents.order(self.view.order)

    @property
    def labels(self) -> np.ndarray:
        """Numbers of the constituents for people (n,): position in the file, from 1."""
        return self.order + 1

    @property
    def groups(self) -> tuple[tuple[str, int, int], ...]:
        """(title, first, past the last) display positions of each subjet or species."""
        return self.scene.constituents.groups(self.view.order)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """(display position, label): the middle of each group, or every tenth or so constituent."""
        groups, n = self.groups, len(self.order)
        if not groups:
            step = next(step for step in (1, 2, 5, 10, 20, 50) if n <= 8 * step)
            return [(position - 1.0, str(position)) for position in [1, *range(step, n + 1, step)] if n > 0]
        merged: list[tuple[float, str]] = []
        for title, first, stop in groups:
            middle, label = (first + stop - 1) / 2, short_title(title)
            if merged and middle - merged[-1][0] < n / 16:  # too close to read: say both at one place
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
    def scale(self) -> str:
        """As drawn: signed quantities have no logarithm."""
        return "linear" if self.quantity in SIGNED else self.view.scale

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
        """Display position of the chosen query."""
        if self.view.query is None:
            return None
        return int(np.flatnonzero(self.order == self.view.query)[0])

    @property
    def axes(self) -> tuple[str, ...]:
        return ("query", "slot" if self.scene.over_slots else "key")

    def numbers(self) -> dict[str, Numbers]:
        named = {
            "values": Numbers(self.values, self.axes, self.unit, self.quantity_title),
            "order": Numbers(self.order, ("position",), "1", "constituent in file order at each position"),
        }
        if "slot" in self.axes:
            made_of = "weight of each constituent, in file order, in each slot"
            named["mixing"] = Numbers(self.scene.trace.mixing, ("layer", "slot", "constituent"), "1", made_of)
        return named


@dataclass(frozen=True, eq=False)
class Matrix(Heatmap):
    """One head: values (n, n) [query, key], or (n, K) [query, slot]."""

    @property
    def in_file_order(self) -> np.ndarray:
        return self.scene.head(self.view.quantity, self.view.layer, self.view.head)

    @property
    def made_of(self) -> np.ndarray:
        """Weight of each constituent in each slot of the layer (n, K), of either sign."""
        return self.scene.trace.mixing[self.view.layer].T[self.order]

    @property
    def made_of_limits(self) -> tuple[float, float]:
        return scale.limits(self.made_of, SIGNED[0], "linear", square=False)


@dataclass(frozen=True, eq=False)
class Mosaic(Heatmap):
    """All heads: values (L, H, n, n)."""

    @property
    def axes(self) -> tuple[str, ...]:
        return ("layer", "head", *super().axes)

    @cached_property
    def in_file_order(self) -> np.ndarray:
        return self.scene.pairs(self.view.quantity)

    @property
    def title(self) -> str:
        layers, heads = self.in_file_order.shape[:2]
        return f"{layers} layers × {heads} heads"

    def canvas(self) -> tuple[np.ndarray, int]:
        """All heads in one array, NaN between them, and the distance between neighbours in cells."""
        layers, heads, *shape = self.in_file_order.shape
        side = max(shape)  # a tile is square, whatever it holds
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
    def in_file_order(self) -> np.ndarray:
        if not self.scene.trace.has("class_pattern"):
            raise PartError(f"{self.scene.model} has no class token, so there is no attention of it to show.")
        return self.scene.trace.class_pattern

    def reorder(self, array: np.ndarray) -> np.ndarray:
        return array[..., np.append(0, self.order + 1)]

    @property
    def quantity(self) -> str:
        return "pattern"

    @property
    def title(self) -> str:
        return "Class token"


def heatmap(kind: type[Heatmap], scene: Scene, view: View, limits: tuple[float, float] | None = None) -> Heatmap:
    """A Matrix, Mosaic or ClassRows; PartError if the model or the jet has not what is asked."""
    n = len(scene.constituents)
    if view.query is not None and view.query >= n:
        raise PartError(f"The jet has {n} constituents; there is no constituent {view.query + 1}.")
    figure = kind(scene, view, limits or (0.0, 1.0))
    if limits is None:
        square = "key" in figure.axes
        limits = scale.limits(figure.in_file_order, figure.quantity, figure.scale, square)
    else:
        figure.in_file_order  # noqa: B018 (asks whether there is such a head)
    return replace(figure, limits=scale.check_limits(limits, figure.scale))


def mosaic_bytes(mosaic: Mosaic, theme: str = "light", key: str = "") -> bytes:
    """For the canvas: header length (uint32, little endian), header (JSON), pixels (L, H, n, n or K) uint8.

    key: goes into the header as it is, to tell one painted content from another.
    """
    layers, heads, n, columns = mosaic.in_file_order.shape
    marks = scale.ticks(mosaic.limits, mosaic.scale)
    levels = scale.encode(np.array([value for value, _ in marks]), mosaic.limits, mosaic.scale)
    header = {
        "key": key,
        "layers": layers,
        "heads": heads,
        "n": n,
        "columns": columns,
        "quantity": mosaic.quantity,
        "title": mosaic.quantity_title,
        "scale": mosaic.scale,
        "low": mosaic.limits[0],
        "high": mosaic.limits[1],
        "ticks": [[int(level), label] for level, (_, label) in zip(levels, marks, strict=True)],
        "palette": scale.palette(mosaic.quantity, theme).ravel().tolist(),
    }
    encoded = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<I", len(encoded)) + encoded + mosaic.pixels.tobytes()
