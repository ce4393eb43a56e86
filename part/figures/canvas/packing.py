"""The bytes in which numbers reach a canvas: a JSON header with raw arrays behind it."""

import json

import numpy as np


def pack(header: dict, arrays: dict[str, np.ndarray]) -> bytes:
    """Return the header's length (uint32), the header (JSON, with the arrays' shapes in order) and float32 arrays."""
    shapes = {name: list(values.shape) for name, values in arrays.items()}
    head = json.dumps(header | {"arrays": shapes}, ensure_ascii=False).encode()
    body = b"".join(np.ascontiguousarray(values, "<f4").tobytes() for values in arrays.values())
    return len(head).to_bytes(4, "little") + head + body
