"""Entries that cannot be jets raise one sentence with file, branch, entry and what was expected."""

import awkward as ak
import numpy as np
import pytest
import uproot
from helpers.jet_samples import (
    assert_rejected,
    columns,
    with_value,
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


@pytest.fixture
def write_one(tmp_path):
    """Return a function that writes one format, for checks that all readers share."""
    return lambda table: write_tree(tmp_path / "jets", table)


class TestJets:
    @pytest.mark.parametrize(
        ("writer", "branch", "value"),
        [("TTree", "part_py", np.nan), ("RNTuple", "part_energy", np.inf), ("parquet", "part_pz", -np.inf)],
    )
    def test_not_finite(self, tmp_path, table, writer, branch, value):
        path = WRITERS[writer](tmp_path / "jets", table | {branch: with_value(table[branch], value)})
        assert_rejected(path, f"branch {branch}", f"entry {ENTRY}, constituent 1", str(value))

    def test_not_finite_jet(self, write_one, table):
        table["jet_energy"][ENTRY] = np.nan
        assert_rejected(write_one(table), "branch jet_energy", f"entry {ENTRY}:", "nan")

    def test_less_energy_than_momentum(self, write_one, table):
        px, py, pz = (table[f"part_p{axis}"] for axis in "xyz")
        p = float(np.sqrt(px**2 + py**2 + pz**2)[ENTRY][1])
        path = write_one(table | {"part_energy": with_value(table["part_energy"], 0.5 * p)})
        assert_rejected(path, "branch part_energy", f"entry {ENTRY}, constituent 1", "GeV")

    def test_rounding_is_no_error(self, write_one, table):
        px, py, pz = (table[f"part_p{axis}"] for axis in "xyz")
        p = np.sqrt(px**2 + py**2 + pz**2)
        assert len(read_jets(write_one(table | {"part_energy": p * np.float32(1 - 1e-6)}))) == 12

    def test_negative_energy(self, write_one, table):
        path = write_one(table | {"part_energy": with_value(table["part_energy"], -50)})
        assert_rejected(path, "part_energy", f"entry {ENTRY}")

    def test_no_transverse_momentum(self, write_one, table):
        zero = {name: with_value(table[name], 0) for name in ("part_px", "part_py")}
        assert_rejected(write_one(table | zero), "part_px", "part_py", f"entry {ENTRY}, constituent 1")

    def test_empty_jet(self, write, table):
        keep = np.arange(12) != ENTRY
        empty = {k: ak.where(keep, v, v[:, :0]) for k, v in table.items() if k.startswith("part_")}
        assert_rejected(write(table | empty), "branch part_px", f"entry {ENTRY}:", "without constituents")

    def test_lengths_disagree(self, write, table):
        keep = np.arange(12) != ENTRY
        short = {"part_d0val": ak.where(keep, table["part_d0val"], table["part_d0val"][:, :-1])}
        n = int(ak.num(table["part_px"])[ENTRY])
        assert_rejected(
            write(table | short), "branch part_d0val", f"entry {ENTRY}", f"{n - 1} constituents", f"{n} as in"
        )

    def test_missing_branch(self, write, table):
        del table["part_pz"]
        assert_rejected(write(table), "branch part_pz is missing")

    def test_flat_where_a_list_belongs(self, write, table):
        assert_rejected(
            write(table | {"part_dphi": table["jet_pt"]}),
            "branch part_dphi",
            "a list of numbers for each jet",
        )

    def test_list_where_a_number_belongs(self, write, table):
        assert_rejected(write(table | {"jet_pt": table["part_px"]}), "branch jet_pt", "one number for each jet")


class TestNonNumeric:
    WORDS = ak.Array([["a", "b"], ["c"]] * 6)

    @pytest.mark.parametrize("writer", [write_rntuple, write_parquet])
    def test_words_for_constituents(self, writer, tmp_path, table):
        assert_rejected(writer(tmp_path / "w", table | {"part_charge": self.WORDS}), "branch part_charge", "numbers")

    @pytest.mark.parametrize("writer", [write_rntuple, write_parquet])
    def test_words_for_jets(self, writer, tmp_path, table):
        assert_rejected(writer(tmp_path / "w", table | {"jet_pt": self.WORDS[:, 0]}), "branch jet_pt", "numbers")

    def test_words_for_labels(self, tmp_path, table):
        table = {k: v for k, v in table.items() if k.startswith("part_")} | {"label": self.WORDS[:, 0]}
        assert_rejected(write_parquet(tmp_path / "w", table), "branch label", "numbers")

    def test_missing_values(self, tmp_path, table):
        lists = table["part_px"].to_list()
        lists[ENTRY][1] = None
        assert_rejected(
            write_parquet(tmp_path / "n", table | {"part_px": ak.Array(lists)}), "part_px", f"entry {ENTRY}"
        )


class TestRange:
    """`start` and `stop` count entries of the file; entries outside of them are not checked."""

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
    def test_nonsense(self, write_one, table, start, stop, word):
        assert_rejected(write_one(table), word, start=start, stop=stop)

    def test_errors_outside_are_ignored(self, write, table):
        path = write(table | {"part_px": with_value(table["part_px"], np.nan)})
        assert len(read_jets(path, 0, ENTRY)) == ENTRY
        assert len(read_jets(path, ENTRY + 1)) == 11 - ENTRY

    def test_entries_are_those_of_the_file(self, write, table):
        path = write(table | {"part_px": with_value(table["part_px"], np.nan)})
        assert_rejected(path, f"entry {ENTRY}, constituent 1", start=ENTRY - 2, stop=ENTRY + 2)

    def test_damage_outside_is_not_read(self, tmp_path, table):
        """Baskets of jets that were not requested may even be unreadable."""
        path = write_tree(tmp_path / "baskets.root", table, basket=4)
        with uproot.open(path) as file:
            seek = int(file["tree"]["part_px"].member("fBasketSeek")[2])
        content = bytearray(path.read_bytes())
        content[seek : seek + 40] = bytes(40)
        path.write_bytes(content)
        assert len(read_jets(path, 0, 8)) == 8
        assert_rejected(path, "branch part_px", "entries 6 to 11", start=6)


class TestFiles:
    def test_missing(self, tmp_path):
        assert_rejected(tmp_path / "nothing.root", "No such file")

    def test_directory(self, tmp_path):
        assert_rejected(tmp_path, "directory")

    def test_empty(self, tmp_path):
        path = tmp_path / "empty.root"
        path.touch()
        assert_rejected(path, "empty")

    def test_text_named_root(self, tmp_path):
        path = tmp_path / "jets.root"
        path.write_text("part_px,part_py\n1,2\n")
        assert_rejected(path, "ROOT, parquet, HDF5 or npz")
        with pytest.raises(PartError, match="unknown kind"):
            count_jets(path)

    def test_no_tree(self, tmp_path):
        path = tmp_path / "histogram.root"
        with uproot.recreate(path) as file:
            file["h"] = np.histogram([1.0, 2.0])
        assert_rejected(path, "holds no tree")

    def test_several_trees(self, tmp_path, table):
        path = tmp_path / "two.root"
        with uproot.recreate(path) as file:
            for name in ("left", "right"):
                file.mktree(name, {"x": "int32"}).extend({"x": np.arange(3)})
        assert_rejected(path, "left, right", "one named 'tree'")

    def test_no_jets(self, tmp_path, table):
        none = {name: column[:0] for name, column in table.items()}
        assert_rejected(write_parquet(tmp_path / "none.parquet", none), "no jets")
        path = tmp_path / "none.root"
        with uproot.recreate(path) as file:
            file.mktree("tree", {"part_px": "var * float32", "jet_pt": "float32"})
        assert_rejected(path, "no jets")

    def test_unreachable_address(self):
        assert_rejected("http://127.0.0.1:9/jets.root")
