"""Which tree of a ROOT file is read, and which files a path means."""

import awkward as ak
import numpy as np
import pytest
from helpers.field import write_trees
from helpers.jet_samples import assert_jets, columns, write_tree

from part.errors import PartError
from part.jets import read_jets
from part.jets.formats.trees import jet_trees
from part.jets.notices import JetWarning
from part.jets.readers import open_source
from part.jets.streaming import chunks, entry_ranges

LISTS = ak.Array([[1.0, 2.0], [], [3.0]])


@pytest.fixture
def several(tmp_path):
    """A file with trees of events and of runs, and one in a folder, none of which has jets by name."""
    trees = {"Events": {"double": np.arange(3) / 7, "lists": LISTS}, "Runs": {"run": np.arange(2)}}
    return write_trees(tmp_path / "several.root", **trees | {"ntuplizer/tree": {"x": np.arange(3), "jets_pt": LISTS}})


def read(path, tree=None) -> dict:
    """Return all columns as lists, without the counters that come with lists."""
    with open_source(str(path), tree) as source:
        names = [name for name in source.branches if not name.endswith(("nlists", "njets_pt"))]
        return {name: ak.to_list(column) for name, column in source.read(names, 0, source.n_jets).items()}


class TestTrees:
    def test_a_tree_by_its_name(self, several):
        assert read(several, "Events") == {"double": [0, 1 / 7, 2 / 7], "lists": LISTS.to_list()}
        assert read(several, "Runs") == read(f"{several}:Runs") == {"run": [0, 1]}
        nested = {"x": [0, 1, 2], "jets_pt": LISTS.to_list()}
        assert read(several, "ntuplizer/tree") == read(f"{several}:ntuplizer/tree") == nested
        assert read(f"{several}:ntuplizer/tree", "Runs") == nested  # what the user chooses comes first

    def test_a_tree_that_is_not_there(self, several):
        with pytest.raises(PartError, match=r"holds no tree 'tree'; expected Events, Runs or ntuplizer/tree"):
            read(several, tree="tree")
        with pytest.raises(PartError, match=rf"holds several trees \(Events, .*a choice such as {several}:Events"):
            read(several)

    def test_friends_of_equal_length_are_read_side_by_side(self, several):
        read_together = read(several, tree="Events,ntuplizer/tree")
        for tree in ("Events", "ntuplizer/tree"):
            for name, column in read(several, tree).items():
                assert read_together[name] == read_together[f"{tree}.{name}"] == column, name
        with pytest.raises(PartError, match="tree Runs has 2 entries; expected 3 as in its friend"):
            read(several, tree="Events,Runs")

    def test_the_tree_with_jets_is_taken_among_several(self, tmp_path):
        table = columns(12)
        others = {"Runs": {"run": np.arange(2)}, "LuminosityBlocks": {"block": np.arange(3)}}
        path = write_trees(tmp_path / "events.root", Events=table, **others)
        with pytest.warns(JetWarning, match="events.root: the tree 'Events' was read, not LuminosityBlocks, Runs."):
            assert_jets(read_jets(path), table)
        with pytest.warns(JetWarning, match="the tree 'Events' was read"):  # also when the file is known already
            read_jets(path, 2, 5)
        assert_jets(read_jets(f"{path}:Events", 2, 5), table, 2, 5)
        with pytest.raises(PartError, match=r"Runs: branch part_px is missing \(there are: run\)"):
            read_jets(f"{path}:Runs")

    def test_of_several_trees_with_jets_the_choice_is_the_users(self, tmp_path):
        table = columns(12)
        path = write_trees(tmp_path / "two.root", left=table, right=table)
        with pytest.raises(PartError, match=rf"several trees with jets \(left, right\); .*such as {path}:left"):
            read_jets(path)
        assert_jets(read_jets(f"{path}:right"), table)
        path = write_trees(tmp_path / "three.root", left=table, tree=table)
        with pytest.warns(JetWarning, match="the tree 'tree' was read, not left"):
            assert_jets(read_jets(path), table)
        assert jet_trees(str(path)) == ("left", "tree")


class TestPaths:
    def test_a_file_whose_name_has_a_colon_is_that_file(self, tmp_path):
        table = columns(12)
        write_trees(tmp_path / "a.root", Events=table)
        write_tree(tmp_path / "a.root:Events", {name: column[:3] for name, column in table.items()})
        assert len(read_jets(tmp_path / "a.root:Events")) == 3

    def test_only_root_files_have_trees(self, tmp_path):
        np.savez(tmp_path / "a.npz", x=np.arange(3))
        with pytest.raises(PartError, match=r"a\.npz:Events: a npz file has no trees; expected .*a\.npz"):
            read(f"{tmp_path}/a.npz:Events")

    def test_a_stream_reads_the_tree_of_each_file(self, tmp_path):
        table = columns(12)
        for i in range(2):
            write_trees(tmp_path / f"{i}.root", left=table, right={name: c[:5] for name, c in table.items()})
        for pattern in (f"{tmp_path}:right", f"{tmp_path}/*.root:right"):
            ranges = entry_ranges([pattern])
            assert [(r.path, len(r)) for r in ranges] == [(f"{tmp_path}/{i}.root:right", 5) for i in range(2)]
            assert sum(len(chunk.jets) for chunk in chunks(ranges, 3)) == 10

    def test_a_folder_gives_the_files_of_all_formats(self, tmp_path):
        table = columns(12)
        write_trees(tmp_path / "a.root", Events=table, Runs={"run": np.arange(2)})
        flat = {k: ak.to_numpy(ak.flatten(v)) for k, v in table.items() if k.startswith("part_")}
        np.savez(tmp_path / "b.npz", counts=ak.to_numpy(ak.num(table["part_px"])), **flat)
        ak.to_parquet(ak.zip(table, depth_limit=1), tmp_path / "c.parquet")
        (tmp_path / "notes.txt").touch()
        (tmp_path / ".hidden.root").touch()
        for pattern, first in ((tmp_path, "a.root"), (f"{tmp_path}:Events", "a.root:Events")):
            ranges = entry_ranges([str(pattern)])
            assert [r.path for r in ranges] == [f"{tmp_path}/{name}" for name in (first, "b.npz", "c.parquet")]
            assert sum(map(len, ranges)) == 36
