"""Small files of random jets, written with the libraries that usually write such files."""

import pickle

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from part.errors import PartError
from part.jets import read_jets
from part.jets.datasets import JETCLASS
from part.jets.schema import ANGLES, DISPLACEMENT, IDENTITY, MOMENTA

REAL_FILES = ("jetclass_250.npz", "toplandscape_1000.npz", "quarkgluon_1000.npz")
PID = (211, -211, 321, 2212, 130, 2112, 22, 11, -13)


def columns(n_jets: int = 12, seed: int = 0, lowest: int = 2, highest: int = 40) -> dict:
    """Return every branch of the schema for collimated massive constituents, in falling order of pT."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(lowest, highest, n_jets, endpoint=True)
    total = counts.sum()
    jet = np.repeat(np.arange(n_jets), counts)
    pt = rng.exponential(20, total) + 0.5
    pt = pt[np.lexsort((-pt, jet))]
    eta = rng.normal(0, 0.2, total) + rng.normal(0, 1, n_jets)[jet]
    phi = rng.normal(0, 0.2, total) + rng.uniform(-np.pi, np.pi, n_jets)[jet]
    pid = rng.choice(PID, total)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    energy = np.sqrt(px**2 + py**2 + pz**2 + 0.139570**2)
    flat = dict(zip(MOMENTA, (px, py, pz, energy), strict=True))
    flat |= dict(zip(ANGLES, rng.normal(0, 0.6, (2, total)), strict=True))
    values, errors = rng.normal(0, 2, (2, total)), rng.exponential(0.6, (2, total))
    flat |= dict(zip(DISPLACEMENT, (values[0], errors[0], values[1], errors[1]), strict=True))
    flat = {name: value.astype(np.float32) for name, value in flat.items()}
    kind = np.abs(pid)
    charged, neutral = np.isin(kind, (211, 321, 2212)), np.isin(kind, (130, 2112))
    flags = (charged, neutral, kind == 22, kind == 11, kind == 13)
    charge = np.where(np.isin(kind, (11, 13)), -1, charged) * np.sign(pid)
    flat["part_charge"] = charge.astype(np.float32)
    flat |= {name: flag.astype(np.int32) for name, flag in zip(IDENTITY[1:], flags, strict=True)}
    flat["part_pid"] = pid.astype(np.int32)
    table = {name: ak.unflatten(value, counts) for name, value in flat.items()}
    sums = [np.bincount(jet, weights=component) for component in (px, py, pz, energy)]
    table["jet_pt"] = np.hypot(sums[0], sums[1]).astype(np.float32)
    table["jet_eta"] = np.arcsinh(sums[2] / np.hypot(sums[0], sums[1])).astype(np.float32)
    table["jet_phi"] = np.arctan2(sums[1], sums[0]).astype(np.float32)
    table["jet_energy"] = sums[3].astype(np.float32)
    table["jet_sdmass"] = rng.uniform(0, 200, n_jets).astype(np.float32)
    types = (np.float32, np.bool_, np.int32)  # JetClass mixes them
    for i, label in enumerate(JETCLASS.labels):
        table[label] = (np.arange(n_jets) % 10 == i).astype(types[i % 3])
    return table


def write_tree(path, table: dict, name: str = "tree", basket: int | None = None):
    """Write a TTree with `basket` jets in each basket; jagged columns become counted arrays."""
    kinds = {k: v.type.content if isinstance(v, ak.Array) else v.dtype for k, v in table.items()}
    n_jets = len(next(iter(table.values())))
    with uproot.recreate(path) as file:
        tree = file.mktree(name, {k: str(v) for k, v in kinds.items()})
        for i in range(0, n_jets, basket or n_jets):
            tree.extend({k: v[i : i + (basket or n_jets)] for k, v in table.items()})
    return path


def write_rntuple(path, table: dict, name: str = "tree"):
    with uproot.recreate(path) as file:
        file.mkrntuple(name, ak.zip(table, depth_limit=1))
    return path


def write_parquet(path, table: dict, rows: int = 5):
    """Write nullable columns, as most libraries do, in groups of `rows` jets."""
    arrow = {k: pa.array(v.to_list(), _arrow_type(v)) if isinstance(v, ak.Array) else v for k, v in table.items()}
    pq.write_table(pa.table(arrow), path, row_group_size=rows)
    return path


def _arrow_type(column: ak.Array) -> pa.DataType:
    return ak.to_arrow(column, extensionarray=False).type


def write_toplandscape_h5(path, table: dict, top: np.ndarray, extra: object = None, slots: int = 200):
    """Write the table as pandas does: blocks of columns whose names are a pickled list in an attribute.

    extra: replaces the list of the first block.
    """
    counts = ak.to_numpy(ak.num(table["part_px"]))
    names = [f"{c}_{i}" for i in range(slots) for c in ("E", "PX", "PY", "PZ")] + ["truthE"]
    kinds = [("index", "i8"), ("values_block_0", "f4", (len(names),)), ("values_block_1", "i8", (2,))]
    rows = np.zeros(len(counts), kinds)
    for i, n in enumerate(counts):
        p4 = [ak.to_numpy(table[f"part_{c}"][i]) for c in ("energy", "px", "py", "pz")]
        rows["values_block_0"][i, : 4 * n] = np.stack(p4, axis=1).ravel()
    rows["values_block_1"][:, 1] = top
    with h5py.File(path, "w") as file:
        dataset = file.create_group("table").create_dataset("table", data=rows)
        pickled = pickle.dumps(names if extra is None else extra, protocol=0)
        dataset.attrs["values_block_0_kind"] = np.bytes_(pickled)
        dataset.attrs["values_block_1_kind"] = np.bytes_(pickle.dumps(["ttv", "is_signal_new"], protocol=0))
    return path


def write_quarkgluon_npz(path, table: dict, quark: np.ndarray, slots: int = 60):
    """Write X (J, slots, 4) = pt, rapidity, phi, PDG code, padded with zeros, and y (J,)."""
    counts = ak.to_numpy(ak.num(table["part_px"]))
    x = np.zeros((len(counts), slots, 4))
    for i, n in enumerate(counts):
        px, py, pz, energy = (ak.to_numpy(table[name][i]).astype(np.float64) for name in MOMENTA)
        pid = ak.to_numpy(table["part_pid"][i])
        x[i, :n] = np.stack([np.hypot(px, py), np.arctanh(pz / energy), np.arctan2(py, px), pid], axis=1)
    np.savez(path, X=x, y=quark.astype(np.float64))
    return path


def assert_jets(jets: ak.Array, table: dict, start: int = 0, stop: int | None = None) -> None:
    """Compare jets with the entries [start, stop) of the table that was written."""
    for name in jets.fields:
        assert jets[name].to_list() == table[name][start:stop].tolist(), name


def with_value(column: ak.Array, value: float, entry: int = 7, constituent: int = 1) -> ak.Array:
    """Return the column with one value replaced."""
    flat = ak.to_numpy(ak.flatten(column)).copy()
    flat[int(ak.sum(ak.num(column)[:entry])) + constituent] = value
    return ak.unflatten(flat, ak.num(column))


def assert_rejected(path, *words: str, start=None, stop=None) -> str:
    """Return the message of the PartError: one sentence that holds the file's name and the words."""
    with pytest.raises(PartError) as info:
        read_jets(path, start, stop)
    message = str(info.value)
    for word in (str(path), "expected", *words):
        assert word in message, f"{word!r} is not in {message!r}"
    assert "\n" not in message
    assert not message.endswith(".")
    return message
