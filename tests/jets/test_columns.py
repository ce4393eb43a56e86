"""Columns of jets: names without reading, one branch read for one column, and what constituents add up to."""

import awkward as ak
import h5py
import numpy as np
import pytest
import uproot
from helpers.jets import write_jets

import part
from part.errors import PartError
from part.jets.columns import DERIVED, column_names, column_title, columns_of_jets, read_column
from part.jets.config.parsing import parse_config
from part.jets.formats import root

COUNTS = [5, 9, 1, 12, 7, 3]
CONFIG = {
    "selection": "jet_pt > 0",
    "test_time_selection": "number > 1",
    "new_variables": {"twice": "2 * mass_of_jet", "pt": "np.hypot(part_px, part_py)"},
    "inputs": {"pf_features": {"length": 8, "pad_mode": "constant", "vars": [["part_px", None], ["part_py", None]]}},
    "labels": {"type": "simple", "value": ["label_QCD", "label_Hbb"]},
    "observers": ["twice", "mass_of_jet", "missing"],
}


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("columns") / "made.root", COUNTS))


@pytest.fixture(scope="module")
def extra():
    number = np.arange(6, dtype=np.int32)
    return {"mass_of_jet": np.array([1.5, np.nan, 3, 4, 5, 6], np.float32), "number": number, "flag": number % 2 == 0}


@pytest.fixture(scope="module")
def files(tmp_path_factory, jets, extra):
    folder = tmp_path_factory.mktemp("formats")
    columns = {name: jets[name] for name in jets.fields} | extra
    with uproot.recreate(folder / "jets.root") as file:
        file["tree"] = columns
    with uproot.recreate(folder / "ntuple.root") as file:
        file.mkrntuple("tree", columns)
    table = ak.zip(columns | {"name": ak.Array(["a"] * 6), "holes": ak.Array([1, None, 3, 4, None, 6])}, depth_limit=1)
    ak.to_parquet(table, folder / "jets.parquet")
    flat = {name: ak.to_numpy(ak.flatten(jets[name])) for name in jets.fields if name.startswith("part_")}
    np.savez(folder / "jets.npz", counts=COUNTS, **flat, **extra)
    with h5py.File(folder / "jets.h5", "w") as file:
        for name, values in extra.items():
            file[name] = values
        file["part_px"] = np.ones((6, 4))
    return folder


@pytest.mark.parametrize("name", ["jets.root", "ntuple.root", "jets.parquet", "jets.npz", "jets.h5"])
def test_every_format_names_its_numbers_and_reads_them(files, extra, name):
    names = column_names(files / name)
    assert names[: len(DERIVED)] == tuple(DERIVED)
    assert {"mass_of_jet", "number", "flag"} <= set(names)
    assert not [n for n in names if n.startswith("part_") or n in ("name", "npart_px")]
    for column, values in extra.items():
        read = read_column(files / name, column)
        np.testing.assert_array_equal(read, values)
        np.testing.assert_array_equal(read_column(files / name, column, 2, 5), values[2:5])


def test_names_need_no_reading_and_a_column_reads_one_branch(files, monkeypatch):
    read = []
    original = root._read
    monkeypatch.setattr(
        root, "_read", lambda path, tree, names, *ends: read.append(names) or original(path, tree, names, *ends)
    )
    root._local.cache_clear()
    path = files / "jets.root"
    column_names(path)
    assert read == []
    read_column(path, "mass_of_jet")
    assert [names for names in read if names] == [["mass_of_jet"]]


def test_derived_numbers_are_those_of_the_summed_momenta(files, jets):
    px, py, pz, energy = (
        np.array([sum(map(float, jet)) for jet in jets[f"part_{n}"]]) for n in ("px", "py", "pz", "energy")
    )
    pt = np.hypot(px, py)
    path = files / "jets.root"
    np.testing.assert_allclose(read_column(path, "pt"), pt, rtol=1e-6)
    np.testing.assert_allclose(read_column(path, "eta"), np.arcsinh(pz / pt), rtol=1e-5)
    expected = np.sqrt(np.maximum(energy**2 - pt**2 - pz**2, 0))
    np.testing.assert_allclose(read_column(path, "mass"), expected, rtol=1e-4, atol=1e-2)
    assert read_column(path, "multiplicity").tolist() == COUNTS
    np.testing.assert_allclose(read_column(path, "pt", 3, 5), pt[3:5], rtol=1e-6)


def test_missing_numbers_are_nan_and_texts_are_no_column(files):
    path = files / "jets.parquet"
    assert "holes" in column_names(path)
    np.testing.assert_array_equal(read_column(path, "holes"), [1, np.nan, 3, 4, np.nan, 6])
    with pytest.raises(PartError, match=r"column name holds text; expected one number for each jet"):
        read_column(path, "name")
    with pytest.raises(PartError, match=r"column part_px has 2 axes"):
        read_column(path, "part_px")
    with pytest.raises(PartError, match=r"no column mas_of_jet; expected .* such as mass_of_jet"):
        read_column(path, "mas_of_jet")


@pytest.mark.filterwarnings("ignore:.*which own observes:UserWarning")
@pytest.mark.filterwarnings("ignore:Left out:part.jets.notices.JetWarning")
def test_a_data_config_adds_observers_and_variables_and_keeps_the_entries(files):
    config, path = parse_config(CONFIG, "own", "own.yaml"), str(files / "jets.root")
    names = column_names(path, config)
    assert names[:3] == ("multiplicity", "twice", "mass_of_jet")
    assert "missing" not in names
    np.testing.assert_array_equal(read_column(path, "twice", config=config), [3, np.nan, 6, 8, 10, 12])
    # The selection keeps entries 2 to 5, and constituents beyond the length are cut off.
    expected = [np.nan, np.nan, 1, 8, 7, 3]
    np.testing.assert_array_equal(read_column(path, "multiplicity", config=config), expected)
    jets = part.read_jets(path, 1, 5, config=config)
    columns = columns_of_jets(jets, ["twice", "multiplicity", "number"], path, 1, 5, config)
    assert {name: values.tolist() for name, values in columns.items()} == {
        "twice": [6, 8, 10],
        "multiplicity": [1, 8, 7],
        "number": [2, 3, 4],
    }
    with pytest.raises(PartError, match="column pt has 2 axes"):
        read_column(path, "pt", config=config)


def test_a_flat_branch_comes_before_what_is_derived_of_the_same_name(tmp_path, jets):
    columns = {name: jets[name] for name in jets.fields} | {"mass": np.full(6, 7.0)}
    ak.to_parquet(ak.zip(columns, depth_limit=1), tmp_path / "jets.parquet")
    assert read_column(tmp_path / "jets.parquet", "mass").tolist() == [7.0] * 6
    assert column_names(tmp_path / "jets.parquet").count("mass") == 1


def test_titles_have_units_where_they_are_known():
    assert column_title("jet_sdmass") == "jet_sdmass [GeV]"
    assert column_title("jet_tau21") == "jet_tau21"
    assert column_title("mass") == "mass of all constituents [GeV]"
