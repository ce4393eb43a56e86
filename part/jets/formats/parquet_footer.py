"""The counts in the footer of a parquet file, read without pyarrow.

pyarrow ends the whole process when it is asked for the columns of a footer whose statistics are damaged. Their counts
are needed before anything is decoded, so this reads them: a footer is a struct in Thrift's compact protocol.
"""

import os
from functools import lru_cache
from typing import Any

LENGTH = 8  # bytes at the end of a file: the length of the footer, and a mark
ROW_GROUPS, COLUMNS, META = 4, 1, 3  # fields of the file, of a row group and of a column's chunk
TYPE, PATH, N_VALUES = 1, 3, 5  # fields of the metadata of a column's chunk
TRUE, FALSE, BYTE, INT16, INT32, INT64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)  # types of the protocol
Counts = dict[str, tuple[int, int]]  # path in the schema -> physical type, number of values


def column_counts(path: str) -> tuple[Counts, ...]:
    """Return the physical types and the numbers of values of the columns of each row group of a local file.

    Raises any exception for a footer that is damaged.
    """
    status = os.stat(path)
    return _column_counts(path, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _column_counts(path: str, inode: int, time: int, size: int) -> tuple[Counts, ...]:
    with open(path, "rb") as file:
        file.seek(size - LENGTH)
        length = int.from_bytes(file.read(4), "little")
        file.seek(size - LENGTH - length)
        footer = _Compact(file.read(length)).struct()
    groups = []
    for group in footer[ROW_GROUPS]:
        chunks = [chunk[META] for chunk in group[COLUMNS]]
        groups.append({b".".join(c[PATH]).decode(): (int(c[TYPE]), int(c[N_VALUES])) for c in chunks})
    return tuple(groups)


class _Compact:
    """A reader of Thrift's compact protocol. Each value takes a byte at least, so that no count can ask for memory."""

    def __init__(self, content: bytes):
        self._content, self._place = content, 0

    def struct(self) -> dict[int, Any]:
        fields, number = {}, 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 15
            fields[number] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind in (INT16, INT32, INT64):
            return self._zigzag()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            size = self._varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15) for _ in range(size)]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"a value of type {kind}")  # maps do not occur in footers

    def _byte(self) -> int:
        self._place += 1
        return self._content[self._place - 1]

    def _bytes(self, count: int) -> bytes:
        self._place += count
        if self._place > len(self._content):
            raise ValueError("a footer that ends early")
        return self._content[self._place - count : self._place]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
