"""HDF5 and npz files that are rejected."""

import h5py
import numpy as np
import pytest
from helpers.jet_samples import assert_rejected, columns, with_value, write_quarkgluon_npz, write_toplandscape_h5

from part.jets import read_jets
from part.jets.notices import gathered

ENTRY = 7


@pytest.fixture
def table():
    return columns(12)


def test_hdf5_without_the_table(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
    assert_rejected(path, "table")


def test_hdf5_of_other_columns(tmp_path, table):
    names = [f"x{i}" for i in range(801)]
    assert_rejected(write_toplandscape_h5(tmp_path / "h5", table, np.zeros(12), extra=names), "column PX_0 is missing")
    names = [f"{c}_{i}" for i in range(200) for c in ("E", "PX", "PY", "pz")] + ["truthE"]
    assert_rejected(write_toplandscape_h5(tmp_path / "h5", table, np.zeros(12), extra=names), "column PZ_0 is missing")


def test_hdf5_with_too_few_names(tmp_path, table):
    assert_rejected(write_toplandscape_h5(tmp_path / "h5", table, np.zeros(12), extra=["E_0"]), "801 column names")


def test_hdf5_entries(tmp_path, table):
    table["part_px"] = with_value(table["part_px"], np.nan)
    path = write_toplandscape_h5(tmp_path / "h5", table, np.zeros(12))
    assert_rejected(path, "branch part_px", f"entry {ENTRY}, constituent 1")
    assert len(read_jets(path, 0, ENTRY)) == ENTRY


def test_npz_of_something_else(tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.arange(3))
    assert_rejected(tmp_path / "other.npz", "weights", "X and y")


def test_npz_with_pickled_objects(tmp_path):
    np.savez(tmp_path / "objects.npz", X=np.array([{}, []], dtype=object), y=np.arange(2))
    assert_rejected(tmp_path / "objects.npz", "array X", "numbers")


def test_npz_of_the_wrong_shape(tmp_path):
    np.savez(tmp_path / "flat.npz", X=np.ones((3, 5, 3)), y=np.arange(3))
    assert_rejected(tmp_path / "flat.npz", "array X", "(3, 5, 3)")
    np.savez(tmp_path / "y.npz", X=np.ones((3, 5, 4)), y=np.arange(2))
    assert_rejected(tmp_path / "y.npz", "branch y", "(3,)")


def test_npz_with_unknown_particles(tmp_path, table):
    table["part_pid"] = with_value(table["part_pid"], 9999)
    path = write_quarkgluon_npz(tmp_path / "QG.npz", table, np.zeros(12))
    sentences: list[str] = []
    with gathered(sentences.append):
        jets = read_jets(path)
    assert "Taken as massless, neutral and of no species: 1 constituent of unknown PDG codes, in 1 jet." in sentences
    odd = jets[ENTRY]
    assert odd["part_pid"][1] == 9999
    assert odd["part_charge"][1] == odd["part_isNeutralHadron"][1] == odd["part_isChargedHadron"][1] == 0
    p = np.sqrt(odd["part_px"][1] ** 2 + odd["part_py"][1] ** 2 + odd["part_pz"][1] ** 2)
    np.testing.assert_allclose(odd["part_energy"][1], p, rtol=1e-6)


def test_jagged_npz_of_other_lengths(tmp_path):
    flat = {f"part_{name}": np.ones(5, np.float32) for name in ("px", "py", "pz", "energy")}
    np.savez(tmp_path / "a.npz", counts=np.array([2, 2]), **flat)
    assert_rejected(tmp_path / "a.npz", "branch part_px", "(4,)")
    np.savez(tmp_path / "b.npz", counts=np.array([6, -1]), **flat)
    assert_rejected(tmp_path / "b.npz", "counts")
