"""Any file opens with all its branches, of any type and in any tree, under the names that one would use."""

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from helpers.field import write_trees
from helpers.jet_samples import assert_jets, columns, write_tree

from part.jets import read_jets
from part.jets.formats import root
from part.jets.readers import open_source

LISTS = ak.Array([[1.0, 2.0], [], [3.0]])
RECORDS = ak.zip({"pt": LISTS, "charge": ak.Array([[1, -1], [], [0]])})
JETS = ak.Array([{"pt": 5.0, "n": 1}, {"pt": 6.0, "n": 2}, {"pt": 7.0, "n": 3}])
ALL_TYPES = {
    "double": np.arange(3) / 7,
    "single": np.arange(3, dtype=np.float32),
    "whole": np.arange(3, dtype=np.int16),
    "flag": np.arange(3) > 1,
    "matrix": np.arange(6, dtype=np.float32).reshape(3, 2),
    "lists": LISTS,
}
FLAT = {name: column for name, column in ALL_TYPES.items() if name != "lists"}


def read(path, *names, tree=None, start=0, stop=3):
    with open_source(str(path), tree) as source:
        return source.read(names or source.branches, start, stop)


def assert_columns(actual: dict, expected: dict, start: int = 0, stop: int = 3) -> None:
    for name, column in expected.items():
        wanted = ak.Array(column)[start:stop]
        assert ak.to_list(actual[name]) == ak.to_list(wanted), name
        assert str(ak.Array(actual[name]).type).replace("?", "") == str(wanted.type), name


class TestRoot:
    @pytest.mark.parametrize("basket", [None, 2])
    def test_branches_of_every_type(self, tmp_path, basket):
        plain = {name: column for name, column in ALL_TYPES.items() if name != "matrix"}
        path = write_tree(tmp_path / "plain.root", plain, basket=basket)
        assert_columns(read(path), plain)
        assert_columns(read(path, start=1), plain, 1)
        path = write_trees(tmp_path / "arrays.root", tree=ALL_TYPES)
        assert_columns(read(path), ALL_TYPES)
        assert_columns(read(path, "matrix", "flag", start=1, stop=2), {"matrix": ALL_TYPES["matrix"]}, 1, 2)

    def test_lists_with_a_counter(self, tmp_path):
        path = write_trees(tmp_path / "nano.root", Events={"nFatJet": np.array([2, 0, 1], np.int32), "FatJet": RECORDS})
        assert_columns(read(path), {"FatJet_pt": LISTS, "FatJet_charge": RECORDS["charge"]})

    def test_records_of_an_ntuple(self, tmp_path):
        with uproot.recreate(tmp_path / "ntuple.root") as file:
            file.mkrntuple("events", ak.zip({"particle": RECORDS, "jet": JETS, "lists": LISTS}, depth_limit=1))
        columns = {"particle.pt": LISTS, "particle.charge": RECORDS["charge"], "jet.pt": JETS["pt"], "lists": LISTS}
        assert_columns(read(tmp_path / "ntuple.root"), columns)
        assert_columns(read(tmp_path / "ntuple.root", *columns, start=1, stop=2), columns, 1, 2)
        assert read(tmp_path / "ntuple.root", "particle")["particle"].fields == ["pt", "charge"]

    def test_branches_of_split_records_have_a_full_and_a_short_name(self, tmp_path, monkeypatch):
        """ROOT splits records into branches within branches, which uproot reads and cannot write."""
        path = write_tree(tmp_path / "flat.root", {"first": LISTS, "second": np.arange(3)})
        keys = uproot.TTree.keys

        def nested(tree, **_):
            return ["jet", *(f"jet/jet.{name}" for name in ("pt", "eta")), "a/x", "b/x"]

        with uproot.open(path) as file:
            monkeypatch.setattr(uproot.TTree, "keys", nested)
            names = root._names(file["tree"])
            monkeypatch.setattr(uproot.TTree, "keys", keys)
        assert names == {
            "jet": "jet",
            "jet/jet.pt": "jet/jet.pt",
            "jet/jet.eta": "jet/jet.eta",
            "jet.pt": "jet/jet.pt",
            "jet.eta": "jet/jet.eta",
            "a/x": "a/x",
            "b/x": "b/x",
        }


class TestParquet:
    @pytest.mark.parametrize("nullable", [True, False])
    def test_records_and_lists_of_records(self, tmp_path, nullable):
        table = {"particle": RECORDS, "jet": JETS, **ALL_TYPES}
        if nullable:
            pq.write_table(pa.table({k: pa.array(ak.to_list(v)) for k, v in table.items()}), tmp_path / "nested")
        else:
            ak.to_parquet(ak.zip(table, depth_limit=1), tmp_path / "nested")
        names = {
            "particle.pt": LISTS,
            "particle.charge": RECORDS["charge"],
            "jet.n": JETS["n"],
            "flag": ALL_TYPES["flag"],
        }
        assert_columns(read(tmp_path / "nested", *names, start=1), names, 1)
        assert read(tmp_path / "nested", "particle")["particle"].fields == ["pt", "charge"]

    def test_columns_without_missing_values_have_plain_types(self, tmp_path):
        pq.write_table(pa.table({"lists": pa.array(LISTS.to_list())}), tmp_path / "lists")
        assert str(read(tmp_path / "lists")["lists"].type) == "3 * var * float64"

    def test_a_column_of_classes_can_be_read_by_its_name(self, tmp_path):
        pq.write_table(pa.table({"label": [0, 1, 1], "part_pid": [[1], [2], [3]]}), tmp_path / "labels")
        assert read(tmp_path / "labels", "label", "jet_isQ")["label"].to_list() == [0, 1, 1]

    def test_maps_do_not_hide_the_other_columns(self, tmp_path):
        table = pa.table({"x": [1, 2], "m": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32()))})
        pq.write_table(table, tmp_path / "maps")
        assert read(tmp_path / "maps", "x", stop=2)["x"].to_list() == [1, 2]


class TestArrays:
    def test_hdf5(self, tmp_path):
        with h5py.File(tmp_path / "flat.h5", "w") as file:
            for name, column in FLAT.items():
                file[name] = column
            file["other length"], file["number"], file["words"] = np.arange(9), 5, [b"a", b"b", b"c"]
        with open_source(str(tmp_path / "flat.h5")) as source:
            assert set(source.branches) == set(FLAT)
        assert_columns(read(tmp_path / "flat.h5", start=1), FLAT, 1)

    def test_hdf5_that_points_elsewhere_is_not_followed(self, tmp_path):
        with h5py.File(tmp_path / "secret.h5", "w") as file:
            file["x"] = np.arange(3)
        (tmp_path / "secret.bin").write_bytes(bytes(24))
        with h5py.File(tmp_path / "links.h5", "w") as file:
            file["x"] = np.arange(3)
            file["linked"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "x")
            file.create_dataset("external", (3,), "i8", external=[(str(tmp_path / "secret.bin"), 0, 24)])
            layout = h5py.VirtualLayout((3,), "i8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (3,))
            file.create_virtual_dataset("virtual", layout)
        with open_source(str(tmp_path / "links.h5")) as source:
            assert source.branches == ("x",)

    def test_npz(self, tmp_path):
        words = np.array(["a", "b", "c"])
        np.savez(tmp_path / "flat.npz", **FLAT, longer=np.arange(9), words=words, objects=np.array([{}] * 3))
        with open_source(str(tmp_path / "flat.npz")) as source:
            assert set(source.branches) == set(FLAT)
        assert_columns(read(tmp_path / "flat.npz", start=1), FLAT, 1)

    def test_npz_with_multiplicities(self, tmp_path):
        arrays = {"counts": ak.num(LISTS), "pf_pt": ak.flatten(LISTS), "mass": np.arange(3.0), "rows": np.eye(3)}
        np.savez(tmp_path / "jagged.npz", **{name: ak.to_numpy(array) for name, array in arrays.items()})
        # Three constituents and three jets: what has no prefix belongs to the jets.
        assert read(tmp_path / "jagged.npz", "pf_pt")["pf_pt"].tolist() == [1.0, 2.0, 3.0]
        np.savez(tmp_path / "more.npz", counts=[2, 0, 2], pf_pt=np.arange(4.0), mass=np.arange(3.0))
        assert_columns(read(tmp_path / "more.npz"), {"pf_pt": ak.Array([[0.0, 1.0], [], [2.0, 3.0]])})

    @pytest.mark.parametrize("name", ["flat.h5", "flat.npz"])
    def test_padded_arrays_with_the_names_of_jets_are_jets(self, tmp_path, name):
        table = columns(12)
        lists = {k: ak.to_numpy(ak.fill_none(ak.pad_none(v, 64), 0)) for k, v in table.items() if k.startswith("part_")}
        if name == "flat.npz":
            np.savez(tmp_path / name, **lists)
        else:
            with h5py.File(tmp_path / name, "w") as file:
                for branch, column in lists.items():
                    file[branch] = column
        assert_jets(read_jets(tmp_path / name), table)
