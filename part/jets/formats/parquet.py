"""Parquet: the converted TopLandscape and QuarkGluon files, those with JetClass's branch names, or any others."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from part.errors import PartError
from part.jets.datasets import TOPLANDSCAPE
from part.jets.formats.parquet_footer import Counts, column_counts
from part.jets.formats.source import Column, Source
from part.jets.labels import class_column, infer_dataset, one_hot
from part.limits import FREE_BYTES, MAX_CONSTITUENTS_OF_JET, check_bytes

_BYTES = {0: 1, 1: 4, 3: 12, 4: 4}  # of a decoded bool, int32, int96 and float; of other physical types 8
_BATCH = 4096  # rows that are decoded together where a row group is too large to be


@contextmanager
def open_parquet(path: str) -> Generator[Source, None, None]:
    """Open a file of which only the row groups with the requested jets are read.

    A `label` column becomes label branches as well. Without particle identity it is TopLandscape's, as in its files.
    The fields of records are branches too, such as `jet.pt`, and those of lists of records, such as `particles.px`.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        columns = file.schema_arrow.names
        leaves = _leaves(file)
        dataset = infer_dataset(path, columns, default=TOPLANDSCAPE)
        classes = () if dataset is None else dataset.labels

        def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
            stored = [name for name in names if name not in classes]
            needed = dict.fromkeys([*stored, "label"] if len(stored) < len(names) else stored)
            table = _rows(path, file, [leaves.get(name, name) for name in needed], start, stop)
            out: dict[str, Column] = {name: _column(path, name, table) for name in stored}
            if dataset is not None and len(stored) < len(names):
                out |= one_hot(_label(path, table), dataset)
            return out

        yield Source(file.metadata.num_rows, (*columns, *leaves, *classes), read, flat=lambda: (*_flat(file), *classes))


def _leaves(file: pq.ParquetFile) -> dict[str, str]:
    """Return the paths within the file of the fields of records, by names without the words that parquet adds."""
    names = [name for field in file.schema_arrow for name in _fields(field.name, field.type)]
    if len(names) != len(file.schema):  # a type whose fields parquet arranges in another way
        return {}
    top = set(file.schema_arrow.names)
    return {name: file.schema.column(i).path for i, name in enumerate(names) if name not in top}


def _flat(file: pq.ParquetFile) -> tuple[str, ...]:
    """Return the columns that hold one number for each entry, by their names without those of lists."""
    names = [name for field in file.schema_arrow for name in _fields(field.name, field.type)]
    if len(names) != len(file.schema):
        return ()
    leaves = {name: file.schema.column(i) for i, name in enumerate(names)}
    return tuple(
        name
        for name, leaf in leaves.items()
        if leaf.max_repetition_level == 0
        and leaf.physical_type in ("BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE")
        and leaf.logical_type.type in ("NONE", "INT")
    )


def _fields(name: str, kind: pa.DataType) -> Iterator[str]:
    """Yield the names of all columns that a field consists of, in their order in the file."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _fields(f"{name}.{field.name}", field.type)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _fields(name, kind.value_type)
    else:
        yield name


def _rows(path: str, file: pq.ParquetFile, columns: Sequence[str], start: int, stop: int) -> pa.Table:
    """Return the rows [start, stop). Of a large row group of which few are needed, some are decoded at a time."""
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    begins = ends - sizes
    groups = np.flatnonzero((ends > start) & (begins < stop)).tolist()
    counts = column_counts(path)
    n_bytes = sum(_group_bytes(path, counts[group], sizes[group], columns, int(begins[group])) for group in groups)
    first, n_rows = int(begins[groups[0]]), int(ends[groups[-1]] - begins[groups[0]])
    check_bytes(path, n_bytes * (stop - start) / n_rows, f"entries {start} to {stop - 1}")
    if n_bytes <= FREE_BYTES or 2 * (stop - start) > n_rows:
        return file.read_row_groups(groups, columns=list(columns)).slice(start - first, stop - start)
    found, before = [], first
    for batch in file.iter_batches(_BATCH, row_groups=groups, columns=list(columns)):
        low, high = max(start - before, 0), min(stop - before, len(batch))
        if low < high:
            found.append(batch.slice(low, high - low))
        before += len(batch)
        if before >= stop:
            break
    return pa.Table.from_batches(found)


def _group_bytes(path: str, counts: Counts, n_rows: int, columns: Sequence[str], first: int) -> int:
    """Return how many bytes columns of a row group have once they are decoded, by the counts in the file.

    Raises PartError if some entry has to have more values than a jet has constituents.
    """
    n_bytes, wanted = 0, set(columns)
    for place, (kind, n_values) in counts.items():
        words = place.split(".")
        if wanted.isdisjoint(".".join(words[:n]) for n in range(1, len(words) + 1)):
            continue
        if n_values > MAX_CONSTITUENTS_OF_JET * n_rows:
            where = f"entry {first}" if n_rows == 1 else f"entries {first} to {first + n_rows - 1}"
            raise PartError(
                f"{path}: branch {words[0]}, {where}: {n_values:,} values; expected at most "
                f"{MAX_CONSTITUENTS_OF_JET:,} constituents in a jet"
            )
        n_bytes += n_values * _BYTES.get(kind, 8)
    return n_bytes


def _column(path: str, name: str, table: pa.Table) -> Column:
    top, fields = (name, []) if name in table.column_names else (name.split(".")[0], name.split(".")[1:])
    try:
        column = ak.from_arrow(table.column(top))
        for field in fields:
            column = column[field]
    except Exception as error:
        kind = table.schema.field(top).type
        raise PartError(f"{path}: branch {name}: {kind}; expected numbers") from error
    return ak.transform(_without_empty_options, column)


def _without_empty_options(layout: Any, **_: object) -> ak.contents.Content | None:
    """Drop option types without missing values: nearly all columns may have some, but few do."""
    if not layout.is_option or layout.mask_as_bool(valid_when=False).any():
        return None
    return ak.to_layout(ak.transform(_without_empty_options, ak.Array(layout.project())))


def _label(path: str, table: pa.Table) -> np.ndarray:
    column = table.column("label")
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise PartError(f"{path}: branch label: {kind}; expected numbers")
    return class_column(column.cast(pa.float64()).to_numpy())
