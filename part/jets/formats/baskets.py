"""Branches of a TTree, read into numpy basket by basket: the arrays of `TTree.arrays`, in half the time.

Most of the time goes into zlib, which libdeflate decompresses more than twice as fast as Python's own, and into fresh
memory, which the system has to allocate and clear. Hence each basket is decompressed, copied to its final place and
freed before the next one, which then reuses memory that is still in the cache. Shapes: J jets, P constituents.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

import awkward as ak
import deflate
import numpy as np
import uproot
from uproot.behaviors.TBranch import TBranch

from part.errors import PartError
from part.jets.buffers import list_array
from part.jets.formats.source import Column
from part.limits import FREE_BYTES

KEY = struct.Struct(">ihiIhh")  # bytes stored, version, bytes decompressed, date, bytes of the key, cycle
BASKET = struct.Struct(">Hiiii")  # at the end of the key: version, three sizes, where the numbers end
BLOCK = struct.Struct("<2sB3s3s")  # algorithm, version, bytes compressed, bytes decompressed
ALLOCATION = 2**26  # bytes for several branches: large allocations come in large pages, which are far cheaper


def read_branches(tree: uproot.TTree, names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
    """Read the jets [start, stop) of branches that hold one number or one list of numbers for each jet.

    Raises ValueError for other branches, PartError for sizes that cannot be, and any exception for damaged bytes.
    """
    columns: dict[str, Column] = {}
    memory, last_offsets, shared = np.empty(0, np.uint8), None, None
    for n_left, name in zip(range(len(names), 0, -1), names, strict=True):
        dtype, values, offsets = _basket_values(tree[name], start, stop)
        size = sum(map(len, values)) * dtype.itemsize
        if size > len(memory):
            memory = np.empty(max(size, min(size * n_left, ALLOCATION)), np.uint8)
        native, memory = memory[:size].view(dtype), memory[-(-size // 8) * 8 :]
        np.concatenate(values, out=native)
        if offsets is None:
            columns[name] = native
            continue
        if shared is None or last_offsets is None or not np.array_equal(offsets, last_offsets):
            last_offsets, shared = offsets, ak.index.Index64(offsets)
        columns[name] = ak.Array(list_array(shared, native))
    return columns


def is_plain(branch: TBranch) -> bool:
    """Return whether a branch holds one number or one list of numbers for each jet."""
    kind = branch.interpretation
    if isinstance(kind, uproot.AsJagged):
        if kind.header_bytes:
            return False
        kind = kind.content
    return type(kind) is uproot.AsDtype and kind.from_dtype.kind in "fiub" and not kind.from_dtype.shape


def _basket_values(branch: TBranch, start: int, stop: int) -> tuple[np.dtype, list[np.ndarray], np.ndarray | None]:
    """Return the final type of the numbers, the numbers of each basket as they are stored, and offsets (J + 1,)."""
    if not is_plain(branch):
        raise ValueError(f"{branch.typename}; expected numbers")
    kind = branch.interpretation
    jagged = isinstance(kind, uproot.AsJagged)
    kind = kind.content if jagged else kind
    values, counts = [], [np.zeros(1, np.int64)]
    for number, first, last in _overlapping_baskets(branch.entry_offsets, start, stop):
        content, offsets = _basket(branch, number)
        if jagged:
            edges = _list_edges(offsets, kind.from_dtype.itemsize, branch.basket_entry_start_stop(number))
            counts.append(np.diff(edges[first : last + 1]))
            first, last = edges[first], edges[last]
        values.append(content.view(kind.from_dtype)[first:last])
    return kind.to_dtype, values, np.cumsum(np.concatenate(counts), dtype=np.int64) if jagged else None


def _overlapping_baskets(edges: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield the baskets with some of the jets [start, stop): number, first and last jet within the basket."""
    for number, (low, high) in enumerate(pairwise(edges)):
        if low < stop and high > start:
            yield number, max(start - low, 0), min(stop, high) - low


def _list_edges(offsets: np.ndarray | None, itemsize: int, entries: tuple[int, int]) -> np.ndarray:
    """Return where the lists of a basket begin and end (J + 1,), in numbers; offsets are in bytes."""
    if offsets is None or len(offsets) != entries[1] - entries[0] + 1 or offsets[0] or (np.diff(offsets) < 0).any():
        raise ValueError("a basket without offsets of its lists")
    if (offsets % itemsize).any():
        raise ValueError("lists that end within a number")
    return offsets // itemsize


def _basket(branch: TBranch, number: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the bytes of a basket, and the offsets of its entries in bytes if it has them."""
    if number < branch.num_baskets - len(branch.embedded_baskets):
        stored = branch.basket_chunk_cursor(number)[0].raw_data
        stored_size, _, size, _, key_size, _ = KEY.unpack(stored[: KEY.size].tobytes())
        if size > max(branch.uncompressed_bytes, FREE_BYTES):
            raise PartError(f"{branch.name}: a basket of {size:,} bytes; expected no more than the branch has in all")
        *_, end = BASKET.unpack(stored[key_size - 1 - BASKET.size : key_size - 1].tobytes())
        content = _decompress(stored[key_size:stored_size], size)
        n_bytes = end - key_size  # of the numbers; the offsets follow them
        if content is not None and n_bytes == size:
            return content, None
        if content is not None:
            offsets = content[n_bytes:].view(">i4")[1:] - key_size
            offsets[-1] = n_bytes
            return content[:n_bytes], offsets
    basket = branch.basket(number)
    return basket.data, basket.byte_offsets


def _decompress(stored: np.ndarray, size: int) -> np.ndarray | None:
    """Return the content of a basket's compressed blocks; None unless zlib compressed all of them."""
    blocks, offset = [], 0
    while offset < len(stored) < size:
        algorithm, _, n_stored, n_content = BLOCK.unpack(stored[offset : offset + BLOCK.size].tobytes())
        if algorithm != b"ZL":
            return None
        offset += BLOCK.size
        end = offset + int.from_bytes(n_stored, "little")
        blocks.append(deflate.zlib_decompress(stored[offset:end], int.from_bytes(n_content, "little")))
        offset = end
    content = np.frombuffer(blocks[0] if len(blocks) == 1 else b"".join(blocks), np.uint8)
    return content if blocks and len(content) == size else None
