"""Files that appear only once they are complete: single files, and tables of any length."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from part.errors import PartError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Another name beside `path` to write to; it becomes `path` at the end, or goes if that is not reached."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class TableWriter:
    """A parquet or CSV file, by the suffix, written some rows at a time. Used within `write_table`."""

    def __init__(self, path: Path, suffix: str, metadata: dict[str, str]):
        self._path, self._suffix, self._metadata = path, suffix, metadata
        self._writer = None
        self._names: list[str] = []

    def append(self, columns: dict[str, Sequence]) -> None:
        """Columns of equal length. Raises PartError unless they are those of the first time."""
        rows = pa.table({name: pa.array(values) for name, values in columns.items()})
        rows = rows.replace_schema_metadata(self._metadata)
        if self._writer is None:
            make = pa.parquet.ParquetWriter if self._suffix == ".parquet" else pa.csv.CSVWriter
            self._writer, self._names = make(str(self._path), rows.schema), rows.column_names
        if odd := sorted(set(self._names) ^ set(columns)):
            raise PartError(f"Only some of the files have what makes {', '.join(odd)}; expected the same of all.")
        self._writer.write_table(rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@contextmanager
def write_table(path: Path, metadata: dict[str, str]) -> Iterator[TableWriter]:
    """A TableWriter to append to; `path` appears when all is written. metadata: kept in parquet, left out of CSV."""
    if path.suffix not in (".parquet", ".csv"):
        raise PartError(f"{path} should end in .parquet or .csv.")
    with atomic_write(path) as partial:
        rows = TableWriter(partial, path.suffix, metadata)
        try:
            yield rows
        finally:
            rows.close()
