"""Branches of a TTree -> numpy, basket by basket: the arrays of `TTree.arrays`, in half the time.

Most of it goes into zlib, which libdeflate undoes more than twice as fast as Python's own, and into memory that the
system has to hand out and clear. So a basket is inflated, copied to where its numbers stay, and dropped, and the next
one finds its memory warm. Shapes: J jets, P constituents.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

import awkward as ak
import deflate
import numpy as np
import uproot
from uproot.behaviors.TBranch import TBranch

from part.jets.formats.source import Column

KEY = struct.Struct(">ihiIhh")  # bytes with this key, version, bytes when inflated, date, bytes of the key, cycle
BASKET = struct.Struct(">Hiiii")  # at the end of the key: version, three sizes, where the numbers end
BLOCK = struct.Struct("<2sB3s3s")  # algorithm, version, bytes when compressed and when not
ROOM = 2**26  # bytes for several branches: large pieces of memory come in large pages, which are far cheaper


def read_branches(tree: uproot.TTree, names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
    """The jets [start, stop) of branches that are a number or a list of numbers for each of them.

    Raises ValueError for other branches, and whatever comes of damaged bytes.
    """
    columns, room, shared = {}, np.empty(0, np.uint8), None
    for left, name in zip(range(len(names), 0, -1), names, strict=True):
        dtype, values, offsets = _parts(tree[name], start, stop)
        size = sum(map(len, values)) * dtype.itemsize
        if size > len(room):
            room = np.empty(max(size, min(size * left, ROOM)), np.uint8)
        native, room = room[:size].view(dtype), room[-(-size // 8) * 8 :]
        np.concatenate(values, out=native)
        if offsets is None:
            columns[name] = native
            continue
        if shared is None or not np.array_equal(offsets, shared.data):
            shared = ak.index.Index64(offsets)
        columns[name] = ak.Array(ak.contents.ListOffsetArray(shared, ak.contents.NumpyArray(native)))
    return columns


def _parts(branch: TBranch, start: int, stop: int) -> tuple[np.dtype, list[np.ndarray], np.ndarray | None]:
    """Of the jets: what type their numbers get, these (P,) as they are stored, by basket, and offsets (J + 1,)."""
    kind = branch.interpretation
    jagged = isinstance(kind, uproot.AsJagged) and kind.header_bytes == 0
    kind = kind.content if jagged else kind
    if type(kind) is not uproot.AsDtype or kind.from_dtype.kind not in "fiub" or kind.from_dtype.shape:
        raise ValueError(f"{branch.typename}; expected numbers")
    values, counts = [], [np.zeros(1, np.int64)]
    for number, first, last in _overlapping(branch.entry_offsets, start, stop):
        content, offsets = _basket(branch, number)
        if jagged:
            edges = _edges(offsets, kind.from_dtype.itemsize, branch.basket_entry_start_stop(number))
            counts.append(np.diff(edges[first : last + 1]))
            first, last = edges[first], edges[last]
        values.append(content.view(kind.from_dtype)[first:last])
    return kind.to_dtype, values, np.cumsum(np.concatenate(counts), dtype=np.int64) if jagged else None


def _overlapping(edges: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """The baskets that hold some of the jets [start, stop): number, and which jets of it, from and up to."""
    for number, (low, high) in enumerate(pairwise(edges)):
        if low < stop and high > start:
            yield number, max(start - low, 0), min(stop, high) - low


def _edges(offsets: np.ndarray | None, item: int, span: tuple[int, int]) -> np.ndarray:
    """Where the lists of a basket begin and end (J + 1,), in numbers."""
    if offsets is None or len(offsets) != span[1] - span[0] + 1 or offsets[0] or (np.diff(offsets) < 0).any():
        raise ValueError("no places of the lists in a basket")
    if (offsets % item).any():
        raise ValueError("lists that end within a number")
    return offsets // item


def _basket(branch: TBranch, number: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The bytes of a basket, and where in them its entries begin and the last one ends, if it tells."""
    if number < branch.num_baskets - len(branch.embedded_baskets):
        stored = branch.basket_chunk_cursor(number)[0].raw_data
        stored_size, _, size, _, key_size, _ = KEY.unpack(stored[: KEY.size].tobytes())
        *_, last = BASKET.unpack(stored[key_size - 1 - BASKET.size : key_size - 1].tobytes())
        content = _inflated(stored[key_size:stored_size], size)
        border = last - key_size  # behind the numbers stand their places
        if content is not None and border == size:
            return content, None
        if content is not None:
            offsets = content[border:].view(">i4")[1:] - key_size
            offsets[-1] = border
            return content[:border], offsets
    basket = branch.basket(number)
    return basket.data, basket.byte_offsets


def _inflated(packed: np.ndarray, size: int) -> np.ndarray | None:
    """What a basket's blocks of compressed bytes hold; None unless zlib made all of them."""
    blocks, at = [], 0
    while at < len(packed) < size:
        algorithm, _, small, large = BLOCK.unpack(packed[at : at + BLOCK.size].tobytes())
        if algorithm != b"ZL":
            return None
        at += BLOCK.size
        end = at + int.from_bytes(small, "little")
        blocks.append(deflate.zlib_decompress(packed[at:end], int.from_bytes(large, "little")))
        at = end
    content = np.frombuffer(blocks[0] if len(blocks) == 1 else b"".join(blocks), np.uint8)
    return content if blocks and len(content) == size else None
