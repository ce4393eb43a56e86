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
from part.jets.formats.source import Column, Source
from part.jets.labels import class_column, infer_dataset, one_hot


@contextmanager
def open_parquet(path: str) -> Generator[Source, None, None]:
    """Open a file of which only the row groups with the requested jets are read.

    A `label` column becomes label branches as well. Without particle identity it is TopLandscape's, as in its files.
    The fields of records are branches too, such as `jet.pt`, and those of lists of records, such as `particles.px`.
    """
    with pq.ParquetFile(path) as file:
        columns = file.schema_arrow.names
        leaves = _leaves(file)
        dataset = infer_dataset(path, columns, default=TOPLANDSCAPE)
        classes = () if dataset is None else dataset.labels

        def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
            stored = [name for name in names if name not in classes]
            needed = dict.fromkeys([*stored, "label"] if len(stored) < len(names) else stored)
            table = _rows(file, [leaves.get(name, name) for name in needed], start, stop)
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


def _rows(file: pq.ParquetFile, columns: Sequence[str], start: int, stop: int) -> pa.Table:
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    begins = ends - sizes
    groups = np.flatnonzero((ends > start) & (begins < stop))
    table = file.read_row_groups(groups.tolist(), columns=list(columns))
    return table.slice(start - int(begins[groups[0]]), stop - start)


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
