"""What can be said of an HDF5 dataset before any of it is read: its size, its place and how it is compressed."""

import math
from contextlib import suppress
from importlib import import_module

import h5py

from part.errors import PartError
from part.limits import check_bytes

BLOSC = 32001  # the number of the filter that PyTables, and so pandas, compresses with


def rows_bytes(dataset: h5py.Dataset, n_rows: int) -> int:
    """Return the bytes of some rows once they are decoded."""
    return n_rows * dataset.dtype.itemsize * math.prod(dataset.shape[1:])


def is_elsewhere(dataset: h5py.Dataset, file: h5py.File) -> bool:
    """Return whether the bytes of a dataset lie outside of its file: an uploaded one must not read others."""
    return bool(dataset.external) or dataset.is_virtual or dataset.file.filename != file.filename


def check_readable(path: str, dataset: h5py.Dataset) -> None:
    """Raise PartError if a dataset has chunks that are far too large, or a compression that is not installed."""
    if dataset.chunks:
        check_bytes(path, math.prod(dataset.chunks) * dataset.dtype.itemsize, f"a chunk of {dataset.name}")
    properties = dataset.id.get_create_plist()
    for i in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(i)
        if not _is_available(code):
            called = "blosc" if code == BLOSC else name.decode("utf-8", "replace")[:40] or "a filter of its own"
            raise PartError(
                f"{path}: {dataset.name} is compressed with {called} (HDF5 filter {code}), which is not installed; "
                "expected `pip install hdf5plugin`, or a file written with gzip"
            )


def _is_available(code: int) -> bool:
    if not h5py.h5z.filter_avail(code):
        with suppress(ImportError):
            import_module("hdf5plugin")  # which makes its filters known to HDF5
    return h5py.h5z.filter_avail(code)
