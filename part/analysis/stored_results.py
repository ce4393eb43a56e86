"""Results as compact JSON, from which they can be made again with the leading digits of each number.

The dataclasses of a result become dicts, and its arrays texts of compressed bytes.
"""

import base64
import json
import lzma
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np

from part.errors import PartError

BITS = 10  # of a mantissa that are kept by default: half a unit is at most 1e-3 of a number
PACKAGE = "part."


def dumps(value: Any, bits: int = BITS) -> str:
    """Return a result as JSON, compressed where that is shorter; parameters and errors are those of `encode`."""
    plain = json.dumps(encode(value, bits), separators=(",", ":"))
    compressed = json.dumps({"lzma": _compress(plain.encode())})
    return min(plain, compressed, key=len)


def loads(stored: Any) -> Any:
    """Return the result of JSON that `dumps` wrote and `json.loads` read. Raises PartError for anything else."""
    match stored:
        case {"lzma": str(text)}:
            return decode(json.loads(_decompress(text)))
    return decode(stored)


def encode(value: Any, bits: int = BITS) -> Any:
    """Return a result as what JSON can hold.

    Parameters
    ----------
    value : object
        A dataclass of this package, or what its fields hold: arrays, tuples, lists, dicts, slices, texts and numbers.
    bits : int
        Of the mantissa of numbers that are not whole.

    Raises
    ------
    TypeError
        For a value of another kind.
    """
    if isinstance(value, np.ndarray):
        return _encode_array(value, bits)
    if is_dataclass(value) and not isinstance(value, type):
        kind = f"{type(value).__module__.removeprefix(PACKAGE)}:{type(value).__qualname__}"
        return {
            "class": kind,
            "fields": {f.name: encode(getattr(value, f.name), bits) for f in fields(value) if f.init},
        }
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return float(f"{value:.{bits // 3 + 1}g}") if np.isfinite(value) else {"float": str(value)}
        case tuple():
            return {"tuple": [encode(item, bits) for item in value]}
        case list():
            return [encode(item, bits) for item in value]
        case slice():
            return {"slice": [value.start, value.stop, value.step]}
        case dict():
            return {"dict": [[encode(key, bits), encode(item, bits)] for key, item in value.items()]}
    raise TypeError(f"a result cannot hold a {type(value).__name__}")


def decode(stored: Any) -> Any:
    """Return the inverse of `encode`, but for the digits that were left out. Raises PartError for anything else."""
    match stored:
        case {"class": str(kind), "fields": dict(values)}:
            return _class(kind)(**{name: decode(value) for name, value in values.items()})
        case {"array": str(text), "dtype": str(dtype), "shape": list(shape)}:
            return _decode_array(text, np.dtype(dtype)).reshape(shape)
        case {"float": str(text)}:
            return float(text)
        case {"tuple": list(items)}:
            return tuple(decode(item) for item in items)
        case {"slice": list(ends)}:
            return slice(*ends)
        case {"dict": list(pairs)}:
            return {decode(key): decode(value) for key, value in pairs}
        case list():
            return [decode(item) for item in stored]
        case None | bool() | int() | float() | str():
            return stored
    raise PartError("This is no stored result.")


def _class(kind: str) -> Any:
    module, _, name = kind.partition(":")
    found = getattr(import_module(PACKAGE + module), name, None)
    if not (isinstance(found, type) and is_dataclass(found)):
        raise PartError(f"A stored result is of the class {kind}; expected one of this version.")
    return found


def _encode_array(values: np.ndarray, bits: int) -> dict[str, Any]:
    kept = _rounded(values, bits) if values.dtype.kind == "f" else values
    bytes_of_items = np.ascontiguousarray(kept).reshape(-1).view(np.uint8).reshape(-1, kept.dtype.itemsize)
    # Bytes of equal significance are alike, so that side by side they compress to less.
    text = _compress(bytes_of_items.T.tobytes())
    return {"array": text, "dtype": kept.dtype.str, "shape": list(values.shape)}


def _decode_array(text: str, dtype: np.dtype) -> np.ndarray:
    data = np.frombuffer(_decompress(text), np.uint8)
    values = np.ascontiguousarray(data.reshape(dtype.itemsize, -1).T).reshape(-1).view(dtype)
    return values.astype(np.float64) if dtype.kind == "f" else values


def _compress(data: bytes) -> str:
    return base64.b85encode(lzma.compress(data, lzma.FORMAT_ALONE, preset=9)).decode()


def _decompress(text: str) -> bytes:
    return lzma.decompress(base64.b85decode(text), lzma.FORMAT_ALONE)


def _rounded(values: np.ndarray, bits: int) -> np.ndarray:
    """Return numbers as float32: whole ones as they are, others with so many bits of mantissa, to the nearest."""
    if (values == np.round(values)).all() and (np.abs(values) < 2**24).all():
        return values.astype(np.float32)
    mantissa, exponent = np.frexp(values.astype(np.float64))
    kept = np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits)
    return kept.astype(np.float32)
