"""What a file is follows from its content, whatever it is called."""

import json
import pickle

import awkward as ak
import h5py
import numpy as np
import pytest
import torch
import uproot
from helpers.own_training import write_config, write_network

from part.errors import PartError
from part.inspection.kinds import KINDS, file_kind


def root(path):
    with uproot.recreate(path) as file:
        file["tree"] = {"x": np.arange(3.0)}


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3.0)


def npz(path):
    with open(path, "wb") as file:
        np.savez(file, x=np.arange(3.0))


def optimizer(path):
    linear = torch.nn.Linear(2, 2)
    torch.save(torch.optim.Adam(linear.parameters()).state_dict(), path)


def onnx(path):
    path.write_bytes(b"\x08\x08\x12\x07pytorch\x3a\x10" + bytes(range(200, 216)))


FILES = {
    "state dict": lambda path: torch.save(torch.nn.Linear(2, 2).state_dict(), path),
    "optimizer": optimizer,
    "TorchScript": lambda path: torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), path),
    "ONNX": onnx,
    "data config": write_config,
    "network file": write_network,
    "card of a checkpoint": lambda path: path.write_text(json.dumps({"config": {}, "sha256": ""})),
    "preprocessing of an export": lambda path: path.write_text(json.dumps({"input_names": [], "output_names": []})),
}
JETS = {
    "ROOT": root,
    "parquet": lambda path: ak.to_parquet(ak.Array({"x": [1.0]}), path),
    "HDF5": hdf5,
    "npz": npz,
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("suffix", [".pt", ".dat", ""])
@pytest.mark.parametrize("kind", FILES)
def test_the_content_decides(tmp_path, kind, suffix):
    path = tmp_path / f"file{suffix}"
    FILES[kind](path)
    assert file_kind(str(path)) == kind
    assert kind in KINDS


@pytest.mark.parametrize("name", JETS)
def test_all_formats_of_jets_are_jets(tmp_path, name):
    path = tmp_path / "file"
    JETS[name](path)
    assert file_kind(str(path)) == "jets"


def test_a_tree_of_a_file_and_what_is_on_the_web_are_jets(tmp_path):
    root(tmp_path / "a.root")
    assert file_kind(f"{tmp_path}/a.root:tree") == "jets"
    assert file_kind("https://example.org/jets.root") == "jets"


def test_of_damaged_texts_the_name_decides(tmp_path):
    for name, kind in (("a.py", "network file"), ("a.yaml", "data config"), ("a.txt", "unknown"), ("a", "unknown")):
        path = tmp_path / name
        path.write_text("def f(:\n\t- {")
        assert file_kind(str(path)) == kind


def test_pickles_that_could_run_code_are_not_opened(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(print, protocol=2))
    assert file_kind(str(path)) == "unknown"


def test_a_folder_is_one_and_a_missing_file_an_error(tmp_path):
    assert file_kind(str(tmp_path)) == "folder"
    with pytest.raises(PartError, match="none: No such file"):
        file_kind(str(tmp_path / "none"))
