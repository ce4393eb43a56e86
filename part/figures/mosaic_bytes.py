"""Encode a mosaic for the canvas of the page.

Shapes: L layers, H heads, n constituents, K slots.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from part.figures import scale
from part.figures.heatmaps import Mosaic
from part.figures.palette import colormap


@dataclass(frozen=True, eq=False)
class HeadMarks:
    """What a mosaic says of its heads beside their attention.

    Parameters
    ----------
    measure : (str, ndarray (L, H)), optional
        The title of a number of each head and its values, which a bar below each tile shows from the least to the
        greatest.
    names : tuple of str
        What each head (L H) is called in its tip, "" for one without a name; () for none.
    order : tuple of int, optional
        The heads (L H) in the order of their tiles, row by row; their places are then written into them.
    """

    measure: tuple[str, np.ndarray] | None = None
    names: tuple[str, ...] = ()
    order: tuple[int, ...] | None = None

    def tile(self, layer: int, head: int, heads: int) -> tuple[int, int]:
        """Return row and column of a head in a mosaic that is `heads` wide."""
        place = layer * heads + head
        return divmod(place if self.order is None else self.order.index(place), heads)


def mosaic_bytes(mosaic: Mosaic, theme: str = "light", key: str = "", marks: HeadMarks | None = None) -> bytes:
    """Encode a mosaic.

    Parameters
    ----------
    mosaic : Mosaic
        All heads.
    theme : str
        "light" or "dark".
    key : str
        Identifies the content; the page compares it with what is painted.
    marks : HeadMarks, optional
        What it says of the heads.

    Returns
    -------
    bytes
        Length of the header (uint32, little endian), header (JSON), pixels (L, H, n, n or K) uint8, tile by tile.
    """
    layers, heads, n, columns = mosaic.file_order_values.shape
    ticks = scale.ticks(mosaic.limits, mosaic.scale)
    levels = scale.encode(np.array([value for value, _ in ticks]), mosaic.limits, mosaic.scale)
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
        "ticks": [[int(level), label] for level, (_, label) in zip(levels, ticks, strict=True)],
        "palette": colormap(mosaic.view.signed, theme).ravel().tolist(),
    }
    marks, pixels = marks or HeadMarks(), mosaic.pixels
    if marks.measure is not None:
        header["measure"] = _measure(*marks.measure)
    if marks.names:
        header["names"] = marks.names
    if marks.order is not None:
        header["order"] = marks.order
        pixels = pixels.reshape(layers * heads, n, columns)[list(marks.order)]
    encoded = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<I", len(encoded)) + encoded + pixels.tobytes()


def _measure(title: str, values: np.ndarray) -> dict[str, Any]:
    """Return a measure for the header: its title, and of each head the length of its bar from 0 to 1 and its text."""
    low, high = np.nanmin(values), np.nanmax(values)
    lengths = np.nan_to_num((values - low) / (high - low if high > low else 1.0))
    return {
        "title": title,
        "lengths": [round(float(length), 3) for length in lengths.ravel()],
        "texts": [f"{value:.3g}" for value in values.ravel()],
    }
