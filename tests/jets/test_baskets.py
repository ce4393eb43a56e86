"""Branches read basket by basket equal those that uproot reads, however they are stored."""

import os
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from helpers.jet_samples import assert_jets, columns, write_tree

from part.errors import PartError
from part.jets import read_jets
from part.jets.datasets import JETCLASS
from part.jets.formats.baskets import read_branches

SAMPLES = Path(__file__).parents[2] / "data_samples"
FILES = ("jetclass_like.root", "quarkgluon_like.root", "toplandscape_like.root")
COMPRESSIONS = {
    "none": None,
    "zlib": uproot.ZLIB(4),
    "lzma": uproot.LZMA(1),
    "lz4": uproot.LZ4(4),
    "zstd": uproot.ZSTD(3),
}
ONE_OF_EACH_TYPE = ("part_px", "part_pid", "part_isMuon", "jet_pt", *JETCLASS.labels[:3])
RANGES = [(0, 12), (0, 1), (3, 7), (4, 8), (5, 6), (11, 12)]


def assert_same(tree: uproot.TTree, names: list[str], start: int, stop: int) -> None:
    expected = tree.arrays(names, entry_start=start, entry_stop=stop)
    for name, column in read_branches(tree, names, start, stop).items():
        assert str(ak.type(ak.Array(column))) == str(expected[name].type), name
        assert ak.array_equal(column, expected[name]), name


@pytest.mark.parametrize("file", FILES)
def test_the_samples(file):
    with uproot.open(SAMPLES / file) as opened:
        tree = opened["tree"]
        for start, stop in ((0, tree.num_entries), (17, 460)):
            assert_same(tree, tree.keys(), start, stop)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("basket", [4, 12])
def test_every_compression_type_and_range(tmp_path, compression, basket):
    table = {name: column for name, column in columns(12).items() if name in ONE_OF_EACH_TYPE} | {
        "flag": np.arange(12) % 3 == 0,
        "double": np.arange(12) / 7,
        "byte": np.arange(12, dtype="i1"),
    }
    table["part_double"] = ak.values_astype(table["part_px"], np.float64)
    table["part_byte"] = ak.values_astype(table["part_pid"], np.int8)
    kinds = {k: str(v.type.content if isinstance(v, ak.Array) else v.dtype) for k, v in table.items()}
    with uproot.recreate(tmp_path / "jets.root", compression=COMPRESSIONS[compression]) as file:
        tree = file.mktree("tree", kinds)
        for i in range(0, 12, basket):
            tree.extend({k: v[i : i + basket] for k, v in table.items()})
    with uproot.open(tmp_path / "jets.root") as file:
        for start, stop in RANGES:
            assert_same(file["tree"], file["tree"].keys(), start, stop)


def test_a_basket_of_several_compressed_blocks(tmp_path):
    """ROOT compresses 16 MB at a time."""
    values = np.arange(2_300_000) // 1000 / 7
    with uproot.recreate(tmp_path / "long.root", compression=uproot.ZLIB(1)) as file:
        file.mktree("tree", {"x": "float64"}).extend({"x": values})
    with uproot.open(tmp_path / "long.root") as file:
        assert file["tree"]["x"].num_baskets == 1
        read = read_branches(file["tree"], ["x"], 100, len(values))["x"]
    np.testing.assert_array_equal(read, values[100:])


def test_branches_that_are_not_numbers_are_left_to_uproot(tmp_path):
    with uproot.recreate(tmp_path / "other.root") as file:
        file.mktree("tree", {"word": "string", "three": np.dtype(("f4", (3,)))}).extend(
            {"word": ["a", "b"], "three": np.zeros((2, 3), "f4")}
        )
    with uproot.open(tmp_path / "other.root") as file:
        for name in ("word", "three"):
            with pytest.raises(ValueError, match="expected numbers"):
                read_branches(file["tree"], [name], 0, 2)


def test_a_replaced_file_is_read_again(tmp_path):
    path = tmp_path / "jets.root"
    for seed in (1, 2):
        table = columns(12, seed=seed)
        write_tree(tmp_path / "new.root", table)
        os.replace(tmp_path / "new.root", path)
        assert_jets(read_jets(path), table)


def test_a_file_that_disappears_between_opening_and_reading_is_reported_as_missing(tmp_path, monkeypatch):
    write_tree(tmp_path / "gone.root", columns(5))
    read_jets(tmp_path / "gone.root")  # its structure is cached

    def vanish(*_):
        (tmp_path / "gone.root").unlink()
        raise OSError

    monkeypatch.setattr("part.jets.formats.root.read_branches", vanish)
    with pytest.raises(PartError, match=r"gone\.root: cannot be read \(FileNotFoundError .*No such file"):
        read_jets(tmp_path / "gone.root")
