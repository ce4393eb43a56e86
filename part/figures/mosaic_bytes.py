"""Encode a mosaic for the canvas of the page.

Shapes: L layers, H heads, n constituents, K slots.
"""

import json
import struct

import numpy as np

from part.figures import scale
from part.figures.heatmaps import Mosaic
from part.figures.palette import colormap


def mosaic_bytes(mosaic: Mosaic, theme: str = "light", key: str = "") -> bytes:
    """Encode a mosaic.

    Parameters
    ----------
    mosaic : Mosaic
        All heads.
    theme : str
        "light" or "dark".
    key : str
        Identifies the content; the page compares it with what is painted.

    Returns
    -------
    bytes
        Length of the header (uint32, little endian), header (JSON), pixels (L, H, n, n or K) uint8.
    """
    layers, heads, n, columns = mosaic.file_order_values.shape
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
        "palette": colormap(mosaic.view.signed, theme).ravel().tolist(),
    }
    encoded = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<I", len(encoded)) + encoded + mosaic.pixels.tobytes()
