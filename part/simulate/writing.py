"""Jets to ROOT files that JetClass readers open: a TTree `tree` with one entry a jet."""

import os
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from part.jets.labels import LABELS

TREE = "tree"
FLOAT_BITS = 23  # of a float32's mantissa
COMPACT_BITS = 13


def write_jets(path: Path, jets: ak.Array, compact: bool = False) -> None:
    """Writes all jets, first under a temporary name, so that `path` never holds a part of them.

    `jets` has the constituents' branches (jagged) and any flat ones. `compact` rounds floats to 13 bits of
    mantissa (1 part in 16,000) but for energies, which keep the masses, flags to one byte, and compresses with LZMA.
    """
    columns = {name: _stored(jets, name, compact) for name in jets.fields}
    jagged = {name.removeprefix("part_"): column for name, column in columns.items() if name.startswith("part_")}
    flat = {name: ak.to_numpy(column) for name, column in columns.items() if not name.startswith("part_")}
    entries = {"part": ak.zip(jagged), **flat}
    types = {name: ak.type(column).content if name == "part" else column.dtype for name, column in entries.items()}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        compression = uproot.LZMA(9) if compact else uproot.ZLIB(4)
        with uproot.recreate(temporary, compression=compression) as file:
            file.mktree(TREE, types).extend(entries)  # plain assignment would write an RNTuple
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def stored_jets(path: Path) -> int:
    """How many jets a finished file holds; 0 where there is no such file or none that can be read."""
    try:
        with uproot.open(path) as file:
            return file[TREE].num_entries
    except (OSError, ValueError, KeyError):
        return 0


def merge(paths: list[Path], target: Path, compact: bool) -> int:
    """One file of all jets, the files taking turns: the first of each, then the second. Returns the count."""
    parts = [uproot.open(path)[TREE].arrays() for path in paths]
    order = np.argsort(np.concatenate([np.arange(len(part)) for part in parts]), kind="stable")
    jets = ak.concatenate(parts)[order]
    jets = jets[[name for name in jets.fields if name != "npart"]]
    write_jets(target, jets, compact)
    return len(jets)


def round_mantissa(values: np.ndarray, bits: int, up: bool = False) -> np.ndarray:
    """float32 numbers with that many bits of mantissa, to the nearest, or away from zero where `up`."""
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    scaled = np.ldexp(mantissa, bits + 1)
    scaled = np.sign(scaled) * np.ceil(np.abs(scaled)) if up else np.rint(scaled)
    return np.ldexp(scaled, exponent - bits - 1).astype(np.float32)


def _stored(jets: ak.Array, name: str, compact: bool) -> ak.Array:
    """A branch in the type it is written in."""
    column, bits = jets[name], COMPACT_BITS if compact else FLOAT_BITS
    if name in LABELS or name.startswith("part_is") or name == "part_charge":
        flag = np.int8 if compact else (np.float32 if name == "part_charge" else np.int32)
        return ak.values_astype(column, flag)
    if name in ("aux_genpart_pid", "aux_truth_match", "part_pid"):
        return ak.values_astype(column, np.int32)
    counts = ak.num(column) if column.ndim == 2 else None
    values = ak.to_numpy(ak.flatten(column, axis=None))
    if name == "part_energy":
        values, bits = _energy(jets, values, bits), FLOAT_BITS
    rounded = round_mantissa(values, bits, up=name == "part_energy")
    return rounded if counts is None else ak.unflatten(rounded, counts)


def _energy(jets: ak.Array, energy: np.ndarray, bits: int) -> np.ndarray:
    """Energies that go with the rounded momenta and leave each constituent its mass.

    A rounded energy would give a photon a mass of a hundredth of its energy, and masses of pairs are inputs of ParT,
    which lost two points of accuracy on such jets. No energy falls below the momentum.
    """
    momenta = [ak.to_numpy(ak.flatten(jets[axis])).astype(float) for axis in ("part_px", "part_py", "part_pz")]
    mass2 = np.maximum(energy.astype(float) ** 2 - sum(p**2 for p in momenta), 0.0)
    return np.sqrt(sum(round_mantissa(p, bits).astype(float) ** 2 for p in momenta) + mass2)
