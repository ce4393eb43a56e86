"""Files that are written atomically: single files, and tables of any length."""

import csv
import errno
import io
import os
import stat
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from part.errors import PartError

TRIAL = 65536  # bytes written to find out whether there is space


def check_writable(path: Path) -> None:
    """Find out, before any work, whether a file can be written.

    Parameters
    ----------
    path : Path
        The file. Folders that are missing are made for a moment; nothing is left behind.

    Raises
    ------
    PartError
        If it is no file, or if its folder cannot be made or written to or has no space.
    """
    try:
        if path.exists() and not path.is_file():
            raise PartError(f"{path} is no file; expected the name of one to write.")
        _try_to_write(path.parent)
    except OSError as error:
        raise PartError(f"{path} cannot be written: {describe(error)}; choose another place.") from error


def check_folder(folder: Path) -> None:
    """Find out, before any work, whether files can be written into a folder; see `check_writable`."""
    try:
        if folder.exists() and not folder.is_dir():
            raise PartError(f"{folder} is a file; expected a folder to write into.")
        _try_to_write(folder)
    except OSError as error:
        raise PartError(f"{folder} cannot be written to: {describe(error)}; choose another place.") from error


def _try_to_write(folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part") as file:
            file.write(bytes(TRIAL))
            file.flush()
            os.fsync(file.fileno())
    finally:
        for place in missing:
            with suppress(OSError):  # it was not made, or another process has put something there
                place.rmdir()


def describe(error: OSError) -> str:
    """Return what the system says of a failure, such as "No space left on device"."""
    return os.strerror(error.errno) if error.errno else str(error).partition("\n")[0]


@contextmanager
def atomic_write(path: Path) -> Generator[Path, None, None]:
    """Write a file atomically: it appears at `path` complete, or not at all.

    Parameters
    ----------
    path : Path
        The final name. Missing folders are created.

    Yields
    ------
    Path
        A temporary name beside `path` to write to. It is renamed to `path` at the end of the block, and deleted if the
        block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write several files, all of them or none: they get their names once all are complete, the first of them last.

    Parameters
    ----------
    contents : mapping of Path to bytes
        The first is the summary, whose presence says that the others are there.
    """
    with ExitStack() as stack:
        for path, content in contents.items():
            stack.enter_context(atomic_write(path)).write_bytes(content)


def check_name(name: str) -> None:
    """Raise PartError for a name that is no UTF-8, which neither tables nor pages can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise PartError(f"The name {name!a} is no UTF-8; expected one that is.") from None


def check_regular(path: str | Path) -> None:
    """Raise PartError for a pipe or a device, which might be waited for or read for ever; a missing file passes."""
    check_name(str(path))
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise PartError(f"{path} is a pipe or a device; expected a file.")


def csv_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV: all names that occur are columns, and a cell is empty where a row lacks its name."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class TableWriter:
    """A parquet or CSV file that is written some rows at a time. It is opened by `write_table`.

    Parameters
    ----------
    path : Path
        The file to write.
    suffix : str
        `.parquet` or `.csv`.
    metadata : mapping of str to str
        Kept in the schema of parquet; CSV has no place for it.
    """

    def __init__(self, path: Path, suffix: str, metadata: Mapping[str, str]):
        self._path, self._suffix, self._metadata = path, suffix, dict(metadata)
        self._writer: pa.parquet.ParquetWriter | pa.csv.CSVWriter | None = None
        self._schema = pa.schema([])

    def append(self, columns: Mapping[str, Sequence | np.ndarray]) -> None:
        """Append rows.

        Parameters
        ----------
        columns : mapping of str to sequence
            Columns of equal length.

        Raises
        ------
        PartError
            If the names are not those of the first call, or a type cannot become that of the first call.
        """
        rows = pa.table({name: pa.array(values) for name, values in columns.items()})
        rows = rows.replace_schema_metadata(self._metadata)
        if self._writer is None:
            open_writer = pa.parquet.ParquetWriter if self._suffix == ".parquet" else pa.csv.CSVWriter
            self._writer, self._schema = open_writer(str(self._path), rows.schema), rows.schema
        if odd := sorted(set(self._schema.names) ^ set(columns)):
            raise PartError(f"Only some of the files give the columns {', '.join(odd)}; expected the same of all.")
        self._writer.write_table(self._cast(rows))

    def _cast(self, rows: pa.Table) -> pa.Table:
        """Return rows with the types of the first ones: a number that is missing makes a column of integers float."""
        try:
            return rows.select(self._schema.names).cast(self._schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            types = zip(self._schema, rows.select(self._schema.names).schema, strict=True)
            name = next(first.name for first, own in types if first.type != own.type)
            raise PartError(
                f"Column {name} is of type {self._schema.field(name).type} in the first jets and "
                f"{rows.schema.field(name).type} in others; expected one type."
            ) from None

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


def check_table_name(path: Path) -> None:
    """Raise PartError for a file that is neither parquet nor CSV by its suffix."""
    if path.suffix not in (".parquet", ".csv"):
        raise PartError(f"{path} should end in .parquet or .csv.")


@contextmanager
def write_table(path: Path, metadata: Mapping[str, str]) -> Generator[TableWriter, None, None]:
    """Write a table atomically, some rows at a time.

    Parameters
    ----------
    path : Path
        Its suffix, `.parquet` or `.csv`, decides the format.
    metadata : mapping of str to str
        Kept in parquet, left out of CSV.

    Yields
    ------
    TableWriter
        To append to. `path` appears when the block ends.

    Raises
    ------
    PartError
        For another suffix.
    """
    check_table_name(path)
    with atomic_write(path) as partial:
        rows = TableWriter(partial, path.suffix, metadata)
        try:
            yield rows
        finally:
            rows.close()
