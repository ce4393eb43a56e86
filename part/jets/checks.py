"""Columns of a file -> jets, refusing what cannot be a jet.

Shapes: J jets, P constituents of all jets in a row. Entry numbers in messages are those of the file.
"""

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.schema import MOMENTA

# float32 four-momenta of massless particles have |p| above E by a few 1e-7; a wrong column by far more.
ENERGY_TOLERANCE = 1e-4


def assemble(path: str, columns: dict, first: int, last: int) -> ak.Array:
    """Check the columns of the jets [first, last) of a file and zip them into records.

    Constituent branches (`part_*`) get one shared set of offsets; the others are flat.
    Raises PartError naming file, branch and entry for the first thing that is not as it should be.
    """
    counts, flat = None, {}
    for name, column in columns.items():
        where = f"{path}: branch {name}"
        if len(column) != last - first:
            raise PartError(f"{where}: {len(column)} jets from entry {first}; expected {last - first}")
        if name.startswith("part_"):
            n, flat[name] = _constituents(where, column, first)
            if counts is None:
                counts, reference = n, name
                _refuse_empty(where, counts, first)
            else:
                _same_lengths(where, n, counts, reference, first)
        else:
            flat[name] = _per_jet(where, column, first)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    for name, values in flat.items():
        if not name.startswith("aux_"):  # truth of unmatched jets may be anything
            jagged = offsets if name.startswith("part_") else None
            _finite(f"{path}: branch {name}", values, jagged, first)
    _physical(path, flat, offsets, first)
    return _zip(flat, offsets)


def _zip(flat: dict, offsets: np.ndarray) -> ak.Array:
    shared = ak.index.Index64(offsets.astype(np.int64))
    contents = [
        ak.contents.ListOffsetArray(shared, ak.contents.NumpyArray(values))
        if name.startswith("part_")
        else ak.contents.NumpyArray(values)
        for name, values in flat.items()
    ]
    return ak.Array(ak.contents.RecordArray(contents, list(flat), length=len(offsets) - 1))


def _constituents(where: str, column, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Multiplicities (J,) and the values of all constituents in a row (P,)."""
    column = _without_missing(where, ak.Array(column), first)
    if column.ndim != 2:
        raise PartError(f"{where}: {column.type.content}; expected a list of numbers for each jet")
    counts = ak.to_numpy(ak.num(column)).astype(np.int64)
    return counts, _numbers(where, ak.flatten(column))


def _per_jet(where: str, column, first: int) -> np.ndarray:
    column = _without_missing(where, ak.Array(column), first)
    if column.ndim != 1:
        raise PartError(f"{where}: {column.type.content}; expected one number for each jet")
    return _numbers(where, column)


def _without_missing(where: str, column: ak.Array, first: int) -> ak.Array:
    """The column with its option types removed; a missing value is refused."""
    if ak.validity_error(column):  # offsets beyond the data: awkward would read foreign memory
        raise PartError(f"{where}: jets that reach beyond its data; expected an undamaged file")
    if "?" not in str(column.type) and "option" not in str(column.type):
        return column
    for axis in range(min(column.ndim, 2)):
        missing = ak.is_none(column, axis=axis)
        missing = ak.to_numpy(missing if axis == 0 else ak.fill_none(ak.any(missing, axis=1), False))
        if missing.any():
            entry = first + int(np.argmax(missing))
            raise PartError(f"{where}, entry {entry}: a missing value; expected a number")
    for _ in range(2):  # an option may lie around the lists and another one inside
        column = ak.transform(lambda layout, **_: layout.project() if layout.is_option else None, column)
    return column


def _numbers(where: str, column: ak.Array) -> np.ndarray:
    try:
        values = ak.to_numpy(column, allow_missing=False)
    except (TypeError, ValueError) as error:
        raise PartError(f"{where}: {column.type.content}; expected numbers") from error
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise PartError(f"{where}: {column.type.content}; expected numbers")
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))


def _refuse_empty(where: str, counts: np.ndarray, first: int) -> None:
    if (counts == 0).any():
        entry = first + int(np.argmin(counts))
        raise PartError(f"{where}, entry {entry}: a jet without constituents; expected at least one")


def _same_lengths(where: str, n: np.ndarray, counts: np.ndarray, reference: str, first: int) -> None:
    if (n != counts).any():
        jet = int(np.argmax(n != counts))
        raise PartError(
            f"{where}, entry {first + jet}: {n[jet]} constituents; expected {counts[jet]} as in {reference}"
        )


def _entry(index: int, offsets: np.ndarray | None, first: int) -> str:
    if offsets is None:
        return f"entry {first + index}"
    jet = int(np.searchsorted(offsets, index, side="right")) - 1
    return f"entry {first + jet}, constituent {index - offsets[jet]}"


def _finite(where: str, values: np.ndarray, offsets: np.ndarray | None, first: int) -> None:
    if values.dtype.kind != "f":
        return
    finite = np.isfinite(values)
    if not finite.all():
        i = int(np.argmin(finite))
        raise PartError(f"{where}, {_entry(i, offsets, first)}: {values[i]}; expected a finite number")


def _physical(path: str, flat: dict, offsets: np.ndarray, first: int) -> None:
    """Every constituent needs transverse momentum and no more momentum than energy."""
    px, py, pz, energy = (flat[name].astype(np.float64) for name in MOMENTA)
    pt = np.hypot(px, py)
    if not pt.all():
        place = _entry(int(np.argmin(pt)), offsets, first)
        raise PartError(f"{path}: branches part_px, part_py, {place}: both 0; expected transverse momentum")
    p = np.hypot(pt, pz)
    unphysical = ~(energy >= p * (1 - ENERGY_TOLERANCE))
    if unphysical.any():
        i = int(np.argmax(unphysical))
        place = _entry(i, offsets, first)
        raise PartError(
            f"{path}: branch part_energy, {place}: {energy[i]:.6g} GeV with a momentum of {p[i]:.6g} GeV; "
            "expected no less than the momentum"
        )
