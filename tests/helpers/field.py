"""Files of jets as they are met in the field: padded, with values that are no numbers, of no class, in another tree."""

import subprocess
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from helpers.jet_samples import with_value
from helpers.references import ROOT, shared
from part.jets.schema import MOMENTA

JET = 4  # the jet that is unusual
SLOTS = 64


def write_trees(path: Path, **trees: dict) -> Path:
    """Write TTrees by name; jagged columns become counted arrays."""
    with uproot.recreate(path) as file:
        for name, branches in trees.items():
            kinds = {k: v.type.content if isinstance(v, ak.Array) else _numpy_kind(v) for k, v in branches.items()}
            file.mktree(name, {k: v if isinstance(v, np.dtype) else str(v) for k, v in kinds.items()}).extend(branches)
    return path


def _numpy_kind(column: np.ndarray) -> np.dtype:
    return np.dtype((column.dtype, column.shape[1:])) if column.ndim > 1 else column.dtype


def padded(table: dict) -> dict:
    """Return the table with constituents in arrays of SLOTS slots that are filled up with zeros."""
    lists = {name: column for name, column in table.items() if name.startswith("part_")}
    return table | {name: ak.to_numpy(ak.fill_none(ak.pad_none(c, SLOTS, clip=True), 0)) for name, c in lists.items()}


def with_nan(table: dict, jet: int = JET) -> dict:
    """Return the table with a track whose fit gave no dz."""
    return table | {"part_dzval": with_value(table["part_dzval"], np.nan, jet)}


def without_momentum(table: dict) -> dict:
    """Return the table with a constituent that has no momentum, but other values."""
    zeros = {name: with_value(table[name], 0.0, JET) for name in MOMENTA}
    return with_nan(table | zeros | {"part_d0val": with_value(table["part_d0val"], 0.5, JET)})


def of_no_class(table: dict) -> dict:
    """Return the table with a jet that none of the label branches claims."""
    known = np.arange(len(table["label_QCD"])) != JET
    return table | {name: column * known for name, column in table.items() if name.startswith("label_")}


def shared_case(folder: Path) -> Path:
    """Write the files that ../shared/cases/field makes into a folder, and return it."""
    maker = shared("cases/field/root_files.py")
    subprocess.run([sys.executable, maker, folder], cwd=ROOT, check=True, capture_output=True)
    return folder
