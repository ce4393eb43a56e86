"""What is no jet is refused in one sentence with file, branch, entry and what was expected."""

import awkward as ak
import numpy as np
import pytest
import uproot
from helpers.jet_samples import (
    changed,
    columns,
    refused,
    write_parquet,
    write_rntuple,
    write_tree,
)

from part.errors import PartError
from part.jets import count_jets, read_jets

ENTRY = 7


@pytest.fixture
def table():
    return columns(12)


WRITERS = {"TTree": write_tree, "RNTuple": write_rntuple, "parquet": write_parquet}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    return lambda table: WRITERS[request.param](tmp_path / "jets", table)


class TestJets:
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("branch", ["part_py", "part_energy", "part_d0err"])
    def test_not_finite(self, write, table, branch, value):
        path = write(table | {branch: changed(table[branch], value)})
        refused(path, f"branch {branch}", f"entry {ENTRY}, constituent 1", str(value))

    def test_not_finite_jet(self, write, table):
        table["jet_energy"][ENTRY] = np.nan
        refused(write(table), "branch jet_energy", f"entry {ENTRY}:", "nan")

    def test_less_energy_than_momentum(self, write, table):
        px, py, pz = (table[f"part_p{axis}"] for axis in "xyz")
        p = float(np.sqrt(px**2 + py**2 + pz**2)[ENTRY][1])
        path = write(table | {"part_energy": changed(table["part_energy"], 0.99 * p)})
        refused(path, "branch part_energy", f"entry {ENTRY}, constituent 1", "GeV")

    def test_rounding_is_no_error(self, write, table):
        px, py, pz = (table[f"part_p{axis}"] for axis in "xyz")
        p = np.sqrt(px**2 + py**2 + pz**2)
        assert len(read_jets(write(table | {"part_energy": p * np.float32(1 - 1e-6)}))) == 12

    def test_negative_energy(self, write, table):
        refused(
            write(table | {"part_energy": changed(table["part_energy"], -50)}),
            "part_energy",
            f"entry {ENTRY}",
        )

    def test_no_transverse_momentum(self, write, table):
        zero = {name: changed(table[name], 0) for name in ("part_px", "part_py")}
        refused(write(table | zero), "part_px", "part_py", f"entry {ENTRY}, constituent 1")

    def test_empty_jet(self, write, table):
        keep = np.arange(12) != ENTRY
        empty = {k: ak.where(keep, v, v[:, :0]) for k, v in table.items() if k.startswith("part_")}
        refused(write(table | empty), "branch part_px", f"entry {ENTRY}:", "without constituents")

    def test_lengths_disagree(self, write, table):
        keep = np.arange(12) != ENTRY
        short = {"part_d0val": ak.where(keep, table["part_d0val"], table["part_d0val"][:, :-1])}
        n = int(ak.num(table["part_px"])[ENTRY])
        refused(write(table | short), "branch part_d0val", f"entry {ENTRY}", f"{n - 1} constituents", f"{n} as in")

    def test_missing_branch(self, write, table):
        del table["part_pz"]
        refused(write(table), "branch part_pz is missing")

    def test_flat_where_a_list_belongs(self, write, table):
        refused(
            write(table | {"part_dphi": table["jet_pt"]}),
            "branch part_dphi",
            "a list of numbers for each jet",
        )

    def test_list_where_a_number_belongs(self, write, table):
        refused(write(table | {"jet_pt": table["part_px"]}), "branch jet_pt", "one number for each jet")


class TestNonNumeric:
    WORDS = ak.Array([["a", "b"], ["c"]] * 6)

    @pytest.mark.parametrize("writer", [write_rntuple, write_parquet])
    def test_words_for_constituents(self, writer, tmp_path, table):
        refused(writer(tmp_path / "w", table | {"part_charge": self.WORDS}), "branch part_charge", "numbers")

    @pytest.mark.parametrize("writer", [write_rntuple, write_parquet])
    def test_words_for_jets(self, writer, tmp_path, table):
        refused(writer(tmp_path / "w", table | {"jet_pt": self.WORDS[:, 0]}), "branch jet_pt", "numbers")

    def test_words_for_labels(self, tmp_path, table):
        table = {k: v for k, v in table.items() if k.startswith("part_")} | {"label": self.WORDS[:, 0]}
        refused(write_parquet(tmp_path / "w", table), "branch label", "numbers")

    def test_missing_values(self, tmp_path, table):
        lists = table["part_px"].to_list()
        lists[ENTRY][1] = None
        refused(write_parquet(tmp_path / "n", table | {"part_px": ak.Array(lists)}), "part_px", f"entry {ENTRY}")


class TestRange:
    """`start` and `stop` count entries of the file; what lies outside of them is not looked at."""

    @pytest.mark.parametrize(
        ("start", "stop", "word"),
        [
            (12, None, "beyond"),
            (99, 100, "beyond"),
            (3, 3, "smaller"),
            (5, 2, "smaller"),
            (0, 0, "smaller"),
            (-1, None, "negative"),
            (0, -2, "negative"),
            (1.5, 3, "whole numbers"),
        ],
    )
    def test_refused(self, write, table, start, stop, word):
        refused(write(table), word, start=start, stop=stop)

    def test_errors_outside_are_not_seen(self, write, table):
        path = write(table | {"part_px": changed(table["part_px"], np.nan)})
        assert len(read_jets(path, 0, ENTRY)) == ENTRY
        assert len(read_jets(path, ENTRY + 1)) == 11 - ENTRY

    def test_entries_are_those_of_the_file(self, write, table):
        path = write(table | {"part_px": changed(table["part_px"], np.nan)})
        refused(path, f"entry {ENTRY}, constituent 1", start=ENTRY - 2, stop=ENTRY + 2)

    def test_damage_outside_is_not_read(self, tmp_path, table):
        """Baskets of jets that nobody asked for may even be unreadable."""
        path = write_tree(tmp_path / "baskets.root", table, basket=4)
        with uproot.open(path) as file:
            seek = int(file["tree"]["part_px"].member("fBasketSeek")[2])
        content = bytearray(path.read_bytes())
        content[seek : seek + 40] = bytes(40)
        path.write_bytes(content)
        assert len(read_jets(path, 0, 8)) == 8
        refused(path, "branch part_px", "entries 6 to 11", start=6)


class TestFiles:
    def test_missing(self, tmp_path):
        refused(tmp_path / "nothing.root", "No such file")

    def test_directory(self, tmp_path):
        refused(tmp_path, "directory")

    def test_empty(self, tmp_path):
        path = tmp_path / "empty.root"
        path.touch()
        refused(path, "empty")

    def test_text_named_root(self, tmp_path):
        path = tmp_path / "jets.root"
        path.write_text("part_px,part_py\n1,2\n")
        refused(path, "ROOT, parquet, HDF5 or npz")
        with pytest.raises(PartError, match="unknown kind"):
            count_jets(path)

    def test_no_tree(self, tmp_path):
        path = tmp_path / "histogram.root"
        with uproot.recreate(path) as file:
            file["h"] = np.histogram([1.0, 2.0])
        refused(path, "holds no tree")

    def test_several_trees(self, tmp_path, table):
        path = tmp_path / "two.root"
        with uproot.recreate(path) as file:
            for name in ("left", "right"):
                file.mktree(name, {"x": "int32"}).extend({"x": np.arange(3)})
        refused(path, "left, right", "one named 'tree'")

    def test_no_jets(self, tmp_path, table):
        none = {name: column[:0] for name, column in table.items()}
        refused(write_parquet(tmp_path / "none.parquet", none), "no jets")
        path = tmp_path / "none.root"
        with uproot.recreate(path) as file:
            file.mktree("tree", {"part_px": "var * float32", "jet_pt": "float32"})
        refused(path, "no jets")

    def test_unreachable_address(self):
        refused("http://127.0.0.1:9/jets.root")
