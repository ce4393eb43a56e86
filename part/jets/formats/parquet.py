"""Parquet: the converted TopLandscape and QuarkGluon files, or any with JetClass's branch names."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from part.errors import PartError
from part.jets.formats.source import Column, Source
from part.jets.labels import infer_dataset, one_hot
from part.jets.schema import TOPLANDSCAPE


@contextmanager
def open_parquet(path: str) -> Generator[Source, None, None]:
    """Open a file of which only the row groups with the requested jets are read.

    A `label` column becomes label branches. Without particle identity it is TopLandscape's, as in its files.
    """
    with pq.ParquetFile(path) as file:
        columns = file.schema_arrow.names
        dataset = infer_dataset(path, columns, default=TOPLANDSCAPE)
        classes = () if dataset is None else dataset.labels

        def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
            stored = [name for name in names if name not in classes]
            table = _rows(file, [*stored, "label"] if len(stored) < len(names) else stored, start, stop)
            out: dict[str, Column] = {name: _column(path, name, table) for name in stored}
            if dataset is not None and len(stored) < len(names):
                out |= one_hot(_label(path, table, start), dataset)
            return out

        hidden = {"label"} if classes else set()
        branches = (*(name for name in columns if name not in hidden), *classes)
        yield Source(file.metadata.num_rows, branches, read)


def _rows(file: pq.ParquetFile, columns: Sequence[str], start: int, stop: int) -> pa.Table:
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    begins = ends - sizes
    groups = np.flatnonzero((ends > start) & (begins < stop))
    table = file.read_row_groups(groups.tolist(), columns=list(columns))
    return table.slice(start - int(begins[groups[0]]), stop - start)


def _column(path: str, name: str, table: pa.Table) -> Column:
    try:
        return ak.from_arrow(table.column(name))
    except Exception as error:
        kind = table.schema.field(name).type
        raise PartError(f"{path}: branch {name}: {kind}; expected numbers") from error


def _label(path: str, table: pa.Table, start: int) -> np.ndarray:
    column = table.column("label")
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise PartError(f"{path}: branch label: {kind}; expected numbers")
    if column.null_count:
        entry = start + int(np.argmax(column.is_null().to_numpy()))
        raise PartError(f"{path}: branch label, entry {entry}: a missing value; expected a number")
    return column.to_numpy().astype(np.int64)
