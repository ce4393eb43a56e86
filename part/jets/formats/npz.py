"""npz: the original QuarkGluon files (Zenodo 3164691), or arrays with JetClass's or any other names.

QuarkGluon: X (J, M, 4) = pt, rapidity, phi, PDG code, padded with zeros; y (J,) = 1 for quarks.
Jagged: counts (J,), arrays (P,) of constituents such as part_*, and arrays of jets (J, ...) such as label. Partons are
jagged too, by parton_counts (J,) or aux_genpart_counts (J,), or arrays (J, M) padded with zeros.
Others: arrays whose first axis is J.
Pickled arrays are rejected. Shapes: J jets, M slots, P constituents of all jets in a row.
"""

import math
import zipfile
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.datasets import QUARKGLUON
from part.jets.formats.source import Column, Source
from part.jets.formats.zip_checks import check_directory, verify
from part.jets.labels import class_column, infer_dataset, one_hot
from part.jets.notices import UNKNOWN_CODE, notify
from part.jets.parton_branches import check_rows, is_parton_branch, prefix_of
from part.jets.pdg import CHARGES, MASSES, SPECIES_FLAGS
from part.jets.schema import MOMENTA
from part.limits import check_bytes


@dataclass(frozen=True)
class _Member:
    """An array of the archive, which is read in slices of its first axis without loading the rest into memory."""

    path: str
    archive: zipfile.ZipFile
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    begin: int

    def rows(self, start: int, stop: int) -> np.ndarray:
        width = self.dtype.itemsize * math.prod(self.shape[1:])
        check_bytes(self.path, (stop - start) * width, f"array {self.name}")
        verify(self.path, f"{self.name}.npy")
        with self.archive.open(f"{self.name}.npy") as stream:
            stream.seek(self.begin + start * width)
            data = stream.read((stop - start) * width)
        if len(data) != (stop - start) * width:
            raise PartError(f"{self.path}: array {self.name} ends early; expected an undamaged npz file")
        return np.frombuffer(data, self.dtype).reshape(stop - start, *self.shape[1:])


@contextmanager
def open_npz(path: str) -> Generator[Source, None, None]:
    """Open an archive, of which only the requested rows are read."""
    with zipfile.ZipFile(path) as archive:
        check_directory(path, archive)
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        if "X" in names:
            yield _quark_gluon(path, archive, names)
        elif "counts" in names:
            yield _jagged(path, archive, names)
        else:
            yield _arrays(path, archive, names)


def _member(path: str, archive: zipfile.ZipFile, name: str) -> _Member:
    with archive.open(f"{name}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = readers[version](stream)
        begin = stream.tell()
    if dtype.kind not in "fiub" or (fortran and len(shape) > 1) or not shape or min(shape) < 0:
        raise PartError(f"{path}: array {name} of type {dtype}; expected rows of numbers")
    return _Member(path, archive, name, shape, dtype, begin)


def _arrays(path: str, archive: zipfile.ZipFile, names: list[str]) -> Source:
    """Return arrays of numbers; those of another length than most are left out."""
    members: dict[str, _Member] = {}
    for name in names:
        with suppress(PartError):  # an array of something else
            members[name] = _member(path, archive, name)
    lengths = Counter(member.shape[0] for member in members.values())
    n_jets = lengths.most_common(1)[0][0] if lengths else 0
    for name, member in members.items():
        check_rows(path, name, member.shape[0], n_jets)
    branches = tuple(name for name, member in members.items() if member.shape[0] == n_jets)

    def read(requested: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        return {name: members[name].rows(start, stop) for name in requested}

    flat = tuple(name for name in branches if len(members[name].shape) == 1)
    return Source(n_jets, branches, read, alternative="X and y, or counts and part_*", flat=lambda: flat)


def _jagged(path: str, archive: zipfile.ZipFile, names: list[str]) -> Source:
    member = _member(path, archive, "counts")
    counts = member.rows(0, member.shape[0])
    if counts.ndim != 1 or counts.dtype.kind not in "iu" or (counts < 0).any():
        raise PartError(f"{path}: array counts is no list of multiplicities; expected one for each jet")
    counts = counts.astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    label = np.zeros(0, np.int64)
    if "label" in names:
        label = class_column(_flat_member(path, archive, "label", len(counts)).rows(0, len(counts)))
    dataset = infer_dataset(path, names, int(label.max(initial=0)))
    classes = () if dataset is None else dataset.labels

    def column(name: str, start: int, stop: int) -> Column:
        if (prefix := prefix_of(name)) and f"{prefix}counts" in names:
            return _partons(path, archive, name, f"{prefix}counts", len(counts))[start:stop]
        if not name.startswith("part_") and (of_jets := _member(path, archive, name)).shape[0] == len(counts):
            return of_jets.rows(start, stop)
        if is_parton_branch(name):
            check_rows(path, name, of_jets.shape[0], len(counts))
        member = _flat_member(path, archive, name, int(offsets[-1]))
        return ak.unflatten(member.rows(offsets[start], offsets[stop]), counts[start:stop])

    def read(requested: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        out = {name: column(name, start, stop) for name in requested if name not in classes}
        if dataset is not None and set(requested) & set(classes):
            out |= one_hot(label[start:stop], dataset)
        return out

    branches = [name for name in names if name != f"{prefix_of(name)}counts" or not prefix_of(name)]

    def flat() -> tuple[str, ...]:
        own = []
        for name in branches:
            with suppress(PartError):  # an array of something else
                if not name.startswith("part_") and _member(path, archive, name).shape == (len(counts),):
                    own.append(name)
        return (*own, *classes)

    return Source(len(counts), (*branches, *classes), read, flat=flat)


def _partons(path: str, archive: zipfile.ZipFile, name: str, counts_name: str, n_jets: int) -> ak.Array:
    """Return lists of partons, of which a file has few enough to be read at once."""
    counts = _flat_member(path, archive, counts_name, n_jets).rows(0, n_jets).astype(np.int64)
    if (counts < 0).any():
        raise PartError(f"{path}: array {counts_name} has negative numbers; expected how many partons each jet has")
    member = _member(path, archive, name)
    if member.shape != (int(counts.sum()),):
        expected = f"({counts.sum()},) from {counts_name}"
        raise PartError(f"{path}: branch {name} has shape {member.shape}; expected {expected}")
    return ak.unflatten(member.rows(0, member.shape[0]), counts)


def _flat_member(path: str, archive: zipfile.ZipFile, name: str, length: int) -> _Member:
    member = _member(path, archive, name)
    if member.shape != (length,):
        raise PartError(f"{path}: branch {name} has shape {member.shape}; expected ({length},) from counts")
    return member


def _quark_gluon(path: str, archive: zipfile.ZipFile, names: list[str]) -> Source:
    x = _member(path, archive, "X")
    if len(x.shape) != 3 or x.shape[2] != 4:
        raise PartError(f"{path}: array X has shape {x.shape}; expected (jets, slots, 4) = pt, y, phi, pid")
    y = _flat_member(path, archive, "y", x.shape[0]) if "y" in names else None

    def read(requested: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        out = _particles(path, x.rows(start, stop), start)
        if y is not None:
            out |= one_hot(y.rows(start, stop), QUARKGLUON)
        return {name: out[name] for name in requested}

    remark = f"{path}: energies are computed with PDG masses; the published training took all particles as massless."
    constituents = (*MOMENTA, "part_pid", "part_charge", *SPECIES_FLAGS)
    classes = QUARKGLUON.labels if y is not None else ()
    return Source(x.shape[0], (*constituents, *classes), read, flat=lambda: classes, remark=remark)


def _particles(path: str, x: np.ndarray, first: int) -> dict[str, Column]:
    """Return four-momenta with PDG masses, charges and identity flags from (J, M, 4) = pt, y, phi, pid."""
    real = np.any(x != 0, axis=2)
    counts = real.sum(axis=1)
    pt, y, phi, code = x[real].astype(np.float64).T
    code = np.nan_to_num(code, nan=0, posinf=0, neginf=0).astype(np.int64)
    kind = np.abs(code)
    if not (is_known := np.isin(kind, list(MASSES))).all():
        jets = np.searchsorted(np.cumsum(counts), np.flatnonzero(~is_known), side="right")
        numbers = zip(*np.unique(jets, return_counts=True), strict=True)
        notify(UNKNOWN_CODE, {(path, first + int(jet)): int(number) for jet, number in numbers})
    codes, place = np.unique(kind, return_inverse=True)
    mass = np.array([MASSES.get(int(c), 0.0) for c in codes])[place]
    charge = np.array([CHARGES.get(int(c), 0) for c in codes])[place] * np.sign(code)
    mt = np.hypot(pt, mass)
    p4 = (pt * np.cos(phi), pt * np.sin(phi), mt * np.sinh(y), mt * np.cosh(y))
    flat = dict(zip(MOMENTA, p4, strict=True))
    flat |= {"part_pid": code, "part_charge": charge.astype(np.float32)}
    flat |= {flag: np.isin(kind, list(kinds)) for flag, kinds in SPECIES_FLAGS.items()}
    return {name: ak.unflatten(values, counts) for name, values in flat.items()}
