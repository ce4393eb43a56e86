"""HDF5: tables as pandas writes them, such as the original TopLandscape files (Zenodo 2603256), or arrays side by side.

TopLandscape: PX_i, PY_i, PZ_i, E_i of constituent i < 200 are padded with zeros; is_signal_new is 1 for top jets.
Arrays: each dataset of numbers (J,) or (J, N) is a branch, as weaver-core reads them.
Shapes: J jets, N slots.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import awkward as ak
import h5py
import numpy as np

from part.errors import PartError
from part.jets.datasets import TOPLANDSCAPE
from part.jets.formats.hdf5_datasets import check_readable, is_elsewhere, rows_bytes
from part.jets.formats.pandas_tables import Frame, find_frames, open_frame
from part.jets.formats.source import Column, Source
from part.jets.labels import class_column, one_hot
from part.jets.parton_branches import check_rows
from part.jets.schema import MOMENTA
from part.limits import check_bytes, shorten

KEY = "table"  # of TopLandscape
COLUMNS = dict(zip(MOMENTA, ("PX", "PY", "PZ", "E"), strict=True))
SLOTS = 200
SIGNAL = "is_signal_new"
MAX_NAMED = 5


@contextmanager
def open_hdf5(path: str, wanted: str | None = None) -> Generator[Source, None, None]:
    """Open a file of which only the requested rows are read.

    Parameters
    ----------
    path : str
    wanted : str, optional
        The key of a table, or a group of arrays; by default the only table with jets, otherwise the arrays of the file.

    Raises
    ------
    PartError
        If there is no such object, or if several may be meant.
    """
    with h5py.File(path, "r") as file:
        if wanted is not None:
            yield _source(path, file, wanted)
            return
        frames = find_frames(file)
        if not frames:
            yield _arrays(path, file)
            return
        key, remark = _choose(path, file, frames)
        source = _toplandscape(path, open_frame(path, file, key))
        yield Source(source.n_jets, source.branches, source.read, flat=source.flat, remark=remark)


def jet_tables(path: str) -> tuple[str, ...]:
    """Return the keys of the tables of a file that hold jets."""
    with h5py.File(path, "r") as file:
        frames = find_frames(file)
        return tuple(key for key in frames if len(frames) == 1 or _holds_jets(path, file, key))


def _source(path: str, file: h5py.File, wanted: str) -> Source:
    if wanted in (frames := find_frames(file)):
        return _toplandscape(path, open_frame(path, file, wanted))
    groups: list[str] = []
    file.visititems(lambda name, item: groups.append(name) if isinstance(item, h5py.Group) else None)
    if wanted in groups:
        return _arrays(path, file[wanted])
    raise PartError(f"{path}: holds no '{shorten(wanted)}'; expected {_listed([*frames, *groups]) or 'no choice'}")


def _choose(path: str, file: h5py.File, frames: Sequence[str]) -> tuple[str, str]:
    """Return the key of the table to read, and what there is to say about the choice."""
    with_jets = frames if len(frames) == 1 else [key for key in frames if _holds_jets(path, file, key)]
    candidates = [KEY] if KEY in with_jets or (not with_jets and KEY in frames) else with_jets or frames
    if len(candidates) > 1:
        raise PartError(
            f"{path}: holds several tables ({_listed(candidates)}); expected one with jets, or a choice such as "
            f"{path}:{candidates[0]}"
        )
    others = [key for key in frames if key != candidates[0]]
    remark = f"{path}: the table '{candidates[0]}' was read, not {_listed(others)}." if others else ""
    return candidates[0], remark


def _holds_jets(path: str, file: h5py.File, key: str) -> bool:
    try:
        return "E_0" in open_frame(path, file, key).columns
    except PartError:
        return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*map(shorten, names[:MAX_NAMED]), *(["..."] if len(names) > MAX_NAMED else [])])


def _toplandscape(path: str, frame: Frame) -> Source:
    """Return the constituents and labels of a table. Slots with four zeros are padding."""
    columns = frozenset(frame.columns)
    slots = [i for i in range(SLOTS) if f"E_{i}" in columns] or [0]
    for column in (f"{c}_{i}" for i in slots for c in COLUMNS.values()):
        if column not in columns:
            raise PartError(f"{path}: column {column} is missing; expected PX_i, PY_i, PZ_i, E_i")
    labels = TOPLANDSCAPE.labels if SIGNAL in columns else ()

    def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        rows = frame.read(start, stop)
        out: dict[str, Column] = {name: rows(name) for name in names if name in columns}
        if set(names) & set(COLUMNS):
            p4 = {name: np.stack([rows(f"{column}_{i}") for i in slots], axis=1) for name, column in COLUMNS.items()}
            real = np.any([component != 0 for component in p4.values()], axis=0)
            counts = real.sum(axis=1)
            out |= {n: ak.unflatten(p4[n][real], counts) for n in names if n in p4}
        if set(names) & set(labels):
            out |= one_hot(class_column(rows(SIGNAL)), TOPLANDSCAPE)
        return out

    constituents = {f"{column}_{i}" for i in range(SLOTS) for column in COLUMNS.values()}
    flat = (*labels, *(name for name in frame.columns if name not in constituents))
    return Source(frame.n_rows, (*MOMENTA, *labels, *frame.columns), read, flat=lambda: flat)


def _arrays(path: str, group: h5py.Group) -> Source:
    """Return the arrays that lie side by side in a group; those of another length than most are left out."""
    arrays = {name: item for name in group if (item := _array(group, name)) is not None}
    n_jets = Counter(len(array) for array in arrays.values()).most_common(1)[0][0] if arrays else 0
    for name, array in arrays.items():
        check_rows(path, name, len(array), n_jets)
    arrays = {name: array for name, array in arrays.items() if len(array) == n_jets}

    def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        _check_arrays(path, {name: arrays[name] for name in names}, stop - start)
        return {name: arrays[name][start:stop] for name in names}

    alternative = f"the table '{KEY}' of TopLandscape that pandas writes"
    flat = tuple(name for name, array in arrays.items() if array.ndim == 1)
    return Source(n_jets, tuple(arrays), read, alternative=alternative, flat=lambda: flat)


def _check_arrays(path: str, arrays: Mapping[str, h5py.Dataset], n_rows: int) -> None:
    check_bytes(path, sum(rows_bytes(array, n_rows) for array in arrays.values()), f"{n_rows:,} entries")
    for array in arrays.values():
        check_readable(path, array)


def _array(group: h5py.Group, name: str) -> h5py.Dataset | None:
    """Return a dataset of numbers of which each row is an entry; None for anything else."""
    item = group.get(name) if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiub" or not item.ndim:
        return None
    return None if is_elsewhere(item, group.file) else item
