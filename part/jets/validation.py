"""The conversion of the columns of a file to jets, rejecting what cannot be a jet.

Shapes: J jets, P constituents of all jets in a row. Entry numbers in messages are those of the file.
"""

from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import flat_array, list_array, list_buffers, native
from part.jets.formats.source import Column
from part.jets.padding import has_padding, without_padding
from part.jets.schema import JET_MOMENTUM, MOMENTA

# float32 four-momenta of massless particles have |p| above E by a few 1e-7; a wrong column by far more.
ENERGY_TOLERANCE = 1e-4
BLOCK = 8192  # constituents that are checked together, so that their momenta stay in the processor's cache


def to_jets(path: str, columns: Mapping[str, Column], first: int, last: int) -> tuple[ak.Array, np.ndarray]:
    """Check the columns of the jets [first, last) of a file and zip them into records.

    Constituent branches (`part_*`) share one set of offsets; the others are flat. Constituents without momentum are
    left out. Missing values become NaN. What every model reads has to be finite: the momenta of constituents and jets.

    Parameters
    ----------
    path : str
        The file, for errors.
    columns : mapping
        The branches by name.
    first, last : int
        The entries of the file.

    Returns
    -------
    jets : ak.Array
    n_left_out : np.ndarray
        (J,) how many constituents of each jet were left out that are no padding.

    Raises
    ------
    PartError
        Naming file, branch and entry of the first value that cannot belong to a jet.
    """
    counts, reference, constituents, of_jet = np.empty(0, np.int64), "", {}, {}
    for name, column in columns.items():
        where = f"{path}: branch {name}"
        if len(column) != last - first:
            raise PartError(f"{where}: {len(column)} jets from entry {first}; expected {last - first}")
        if name.startswith("part_"):
            n, constituents[name] = _constituents(where, column, first, name in MOMENTA)
            if not reference:
                counts, reference = n, name
            else:
                _check_same_lengths(where, n, counts, reference, first)
        else:
            of_jet[name] = _per_jet(where, column, first, name in JET_MOMENTUM)
    n_left_out = np.zeros(len(counts), np.int64)
    if has_padding(constituents):
        constituents, counts, n_left_out = without_padding(constituents, counts)
    _check_not_empty(f"{path}: branch {reference}", counts, first)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    for name in MOMENTA:
        _check_finite(f"{path}: branch {name}", constituents[name], offsets, first)
    for name in of_jet.keys() & set(JET_MOMENTUM):
        _check_finite(f"{path}: branch {name}", of_jet[name], None, first)
    _check_momenta(path, constituents, offsets, first)
    flat = constituents | of_jet
    return _zip({name: flat[name] for name in columns}, offsets), n_left_out


def _zip(flat: dict[str, np.ndarray], offsets: np.ndarray) -> ak.Array:
    shared = ak.index.Index64(offsets.astype(np.int64))
    contents = [
        list_array(shared, values) if name.startswith("part_") else flat_array(values) for name, values in flat.items()
    ]
    return ak.Array(ak.contents.RecordArray(contents, list(flat), length=len(offsets) - 1))


def _constituents(where: str, column: Column, first: int, required: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the multiplicities (J,) and the values (P,) of all constituents."""
    buffers = list_buffers(column)
    if buffers is not None:
        return buffers
    column = _without_options(where, ak.Array(column), first, required)
    if column.ndim != 2:
        raise PartError(f"{where}: {column.type.content}; expected a list of numbers for each jet")
    counts = ak.to_numpy(ak.num(column)).astype(np.int64)
    return counts, _numbers(where, ak.flatten(column))


def _per_jet(where: str, column: Column, first: int, required: bool) -> np.ndarray:
    if isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind in "fiub":
        return native(column)
    column = _without_options(where, ak.Array(column), first, required)
    if column.ndim != 1:
        raise PartError(f"{where}: {column.type.content}; expected one number for each jet")
    return _numbers(where, column)


def _without_options(where: str, column: ak.Array, first: int, required: bool) -> ak.Array:
    """Return the column without its option types. A missing value becomes NaN, or is an error if it is required."""
    if ak.validity_error(column):  # offsets beyond the data: awkward would read foreign memory
        raise PartError(f"{where}: jets that reach beyond its data; expected an undamaged file")
    if "?" not in str(column.type) and "option" not in str(column.type):
        return column
    for axis in range(min(column.ndim, 2)):
        missing = ak.is_none(column, axis=axis)
        missing = ak.to_numpy(missing if axis == 0 else ak.fill_none(ak.any(missing, axis=1), False))
        if not missing.any():
            continue
        if required or axis + 1 < column.ndim:
            entry = first + int(np.argmax(missing))
            raise PartError(f"{where}, entry {entry}: a missing value; expected a number")
        column = ak.fill_none(_as_floats(column), np.nan, axis=axis)
    for _ in range(2):  # an option may lie around the lists and another one inside
        column = ak.transform(lambda layout, **_: layout.project() if layout.is_option else None, column)
    return column


def _as_floats(column: ak.Array) -> ak.Array:
    """Return numbers in a type that has NaN; anything else is left to the check that rejects it."""
    kind = str(column.type)
    return column if "string" in kind or "bytes" in kind or "float" in kind else ak.values_astype(column, np.float64)


def _numbers(where: str, column: ak.Array) -> np.ndarray:
    try:
        values = ak.to_numpy(column, allow_missing=False)
    except (TypeError, ValueError) as error:
        raise PartError(f"{where}: {column.type.content}; expected numbers") from error
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise PartError(f"{where}: {column.type.content}; expected numbers")
    return native(values)


def _check_not_empty(where: str, counts: np.ndarray, first: int) -> None:
    if (counts == 0).any():
        entry = first + int(np.argmin(counts))
        raise PartError(f"{where}, entry {entry}: a jet without constituents; expected at least one")


def _check_same_lengths(where: str, n: np.ndarray, counts: np.ndarray, reference: str, first: int) -> None:
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


def _check_finite(where: str, values: np.ndarray, offsets: np.ndarray | None, first: int) -> None:
    if values.dtype.kind != "f":
        return
    finite = np.isfinite(values)
    if not finite.all():
        i = int(np.argmin(finite))
        raise PartError(f"{where}, {_entry(i, offsets, first)}: {values[i]}; expected a finite number")


def _check_momenta(path: str, flat: dict[str, np.ndarray], offsets: np.ndarray, first: int) -> None:
    """Check that every constituent has transverse momentum, and no more momentum than energy."""
    for start in range(0, int(offsets[-1]), BLOCK):
        momenta = [flat[name][start : start + BLOCK].astype(np.float64) for name in MOMENTA]
        if not _clearly_physical(*momenta):
            _check_momenta_by_roots(path, momenta, start, offsets, first)


def _clearly_physical(px: np.ndarray, py: np.ndarray, pz: np.ndarray, energy: np.ndarray) -> bool:
    """Compare squares, which is faster than roots. False also where the squares overflow."""
    with np.errstate(over="ignore"):
        pt2 = px * px + py * py
        energy2 = energy * energy
        enough = energy2 >= (pt2 + pz * pz) * (1 - ENERGY_TOLERANCE)
    return bool(enough.all() and pt2.all() and np.isfinite(energy2).all() and energy.min() >= 0)


def _check_momenta_by_roots(path: str, momenta: list[np.ndarray], start: int, offsets: np.ndarray, first: int) -> None:
    px, py, pz, energy = momenta
    pt = np.hypot(px, py)
    if not pt.all():
        place = _entry(start + int(np.argmin(pt)), offsets, first)
        raise PartError(f"{path}: branches part_px, part_py, {place}: both 0; expected transverse momentum")
    p = np.hypot(pt, pz)
    unphysical = ~(energy >= p * (1 - ENERGY_TOLERANCE))
    if unphysical.any():
        i = int(np.argmax(unphysical))
        place = _entry(start + i, offsets, first)
        raise PartError(
            f"{path}: branch part_energy, {place}: {energy[i]:.6g} GeV with a momentum of {p[i]:.6g} GeV; "
            "expected no less than the momentum"
        )
