"""Jets written to ROOT files that readers of JetClass open: a TTree `tree` with one entry for each jet."""

import os
from collections.abc import Mapping
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from part.errors import PartError
from part.jets.labels import LABEL_BRANCHES

TREE = "tree"
JAGGED = ("part", "parton")  # what branches of lists begin with; uproot writes their lengths as npart, nparton
FLOAT_BITS = 23  # of the mantissa of a float32
COMPACT_BITS = 13


def write_jets(path: Path, jets: ak.Array, compact: bool = False) -> None:
    """Write jets to a file atomically.

    Parameters
    ----------
    path : Path
        The file. Until it is complete it has a temporary name.
    jets : ak.Array
        Jagged branches `part_*` and `parton_*`, each of equal lengths, and any flat ones.
    compact : bool
        Round floats to 13 bits of mantissa (1 part in 16,000), except for energies, whose masses would suffer; store
        flags in one byte; compress with LZMA.
    """
    columns = {name: _stored(jets, name, compact) for name in jets.fields}
    lists = {group: _fields(columns, f"{group}_") for group in JAGGED}
    flat = {name: ak.to_numpy(column) for name, column in columns.items() if column.ndim == 1}
    entries = {group: ak.zip(fields) for group, fields in lists.items() if fields} | flat
    types = {name: ak.type(column).content if name in JAGGED else column.dtype for name, column in entries.items()}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        compression = uproot.LZMA(9) if compact else uproot.ZLIB(4)
        with uproot.recreate(temporary, compression=compression) as file:
            file.mktree(TREE, types).extend(entries)  # plain assignment would write an RNTuple
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def count_stored_jets(path: Path) -> int:
    """Return the number of jets in a file; 0 if it is missing or unreadable."""
    try:
        with uproot.open(path) as file:
            return file[TREE].num_entries
    except (OSError, ValueError, KeyError):
        return 0


def merge(paths: list[Path], target: Path, compact: bool) -> int:
    """Write the jets of several files to one, alternating between the files: the first of each, then the second.

    Returns the number of jets. Raises PartError for files of different versions of the simulation.
    """
    files = [uproot.open(path)[TREE].arrays() for path in paths]
    for path, jets in zip(paths, files, strict=True):
        if set(jets.fields) != set(files[0].fields):
            raise PartError(f"{path}: other branches than {paths[0]}; expected files of one version of the simulation")
    order = np.argsort(np.concatenate([np.arange(len(jets)) for jets in files]), kind="stable")
    jets = ak.concatenate(files)[order]
    jets = jets[[name for name in jets.fields if name not in [f"n{group}" for group in JAGGED]]]
    write_jets(target, jets, compact)
    return len(jets)


def round_mantissa(values: np.ndarray, bits: int, up: bool = False) -> np.ndarray:
    """Round to float32 numbers with this number of mantissa bits, to the nearest or, if `up`, away from zero."""
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    scaled = np.ldexp(mantissa, bits + 1)
    scaled = np.sign(scaled) * np.ceil(np.abs(scaled)) if up else np.rint(scaled)
    return np.ldexp(scaled, exponent - bits - 1).astype(np.float32)


def _fields(columns: Mapping[str, ak.Array], prefix: str) -> dict[str, ak.Array]:
    return {name.removeprefix(prefix): column for name, column in columns.items() if name.startswith(prefix)}


def _stored(jets: ak.Array, name: str, compact: bool) -> ak.Array:
    """Convert a branch to the type in which it is written."""
    column, bits = jets[name], COMPACT_BITS if compact else FLOAT_BITS
    if name in LABEL_BRANCHES or name.startswith("part_is") or name == "part_charge":
        flag = np.int8 if compact else (np.float32 if name == "part_charge" else np.int32)
        return ak.values_astype(column, flag)
    if name in ("aux_genpart_pid", "aux_truth_match", "part_pid", "parton_pid"):
        return ak.values_astype(column, np.int32)
    counts = ak.num(column) if column.ndim == 2 else None
    values = ak.to_numpy(ak.flatten(column, axis=None))
    if name == "part_energy":
        values, bits = _energy(jets, values, bits), FLOAT_BITS
    rounded = round_mantissa(values, bits, up=name == "part_energy")
    return ak.Array(rounded) if counts is None else ak.unflatten(rounded, counts)


def _energy(jets: ak.Array, energy: np.ndarray, bits: int) -> np.ndarray:
    """Return the energies that match the rounded momenta and preserve the mass of each constituent.

    With a rounded energy a photon would get a mass of a hundredth of its energy. Masses of pairs are inputs of ParT,
    whose accuracy was two points lower on such jets. No energy is smaller than the momentum.
    """
    momenta = [ak.to_numpy(ak.flatten(jets[axis])).astype(float) for axis in ("part_px", "part_py", "part_pz")]
    mass2 = np.maximum(energy.astype(float) ** 2 - sum(p**2 for p in momenta), 0.0)
    return np.sqrt(sum(round_mantissa(p, bits).astype(float) ** 2 for p in momenta) + mass2)
