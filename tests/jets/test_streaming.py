"""Chunks hold the jets of the files in order, and tables are written atomically."""

import awkward as ak
import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from helpers.jets import write_jets

import part
from part.io import write_table
from part.jets.datasets import JETCLASS, TOPLANDSCAPE
from part.jets.streaming import EntryRange, chunks, entry_ranges, locate, proportional_subset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream")
    for i, n in enumerate((5, 3, 9)):
        write_jets(folder / f"{i}.root", [10 + i] * n, seed=i)
    return folder


@pytest.mark.parametrize(("start", "stop"), [(None, None), (0, 4), (4, 6), (5, 8), (6, None), (16, 99)])
@pytest.mark.parametrize("size", [1, 4, 100])
def test_chunks_are_the_jets_of_all_files_in_a_row(folder, start, stop, size):
    all_pt = np.concatenate([ak.to_numpy(part.read_jets(folder / f"{i}.root").jet_pt) for i in range(3)])
    ranges = entry_ranges([str(folder)], start, stop)
    read = list(chunks(ranges, size))
    assert max(len(chunk.jets) for chunk in read) <= size
    np.testing.assert_array_equal(np.concatenate([ak.to_numpy(c.jets.jet_pt) for c in read]), all_pt[start:stop])
    places = [(chunk.entries.path, entry) for chunk in read for entry in chunk.columns["entry"]]
    assert places == [locate(ranges, jet) for jet in range(sum(map(len, ranges)))]


def test_patterns_follow_each_other_as_given_and_no_file_comes_twice(folder):
    ranges = entry_ranges([str(folder / "2.root"), str(folder / "*.root")])
    assert [entries.path for entries in ranges] == [str(folder / f"{i}.root") for i in (2, 0, 1)]


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (3, 3), (4, 2)])
def test_bounds_that_make_no_sense_are_rejected(folder, start, stop):
    with pytest.raises(part.PartError, match="expected 0 or more, and start to be smaller"):
        entry_ranges([str(folder)], start, stop)


def test_a_start_beyond_all_files_reports_how_many_jets_they_hold(folder):
    with pytest.raises(part.PartError, match="start 17 is beyond the last entry; expected less than 17"):
        entry_ranges([str(folder)], 17)


def test_a_subset_takes_of_every_file_in_proportion():
    ranges = [EntryRange("a", 5, 1005), EntryRange("b", 0, 500), EntryRange("c", 7, 57)]
    assert proportional_subset(ranges, 155) == [EntryRange("a", 5, 105), EntryRange("b", 0, 50), EntryRange("c", 7, 12)]
    assert proportional_subset(ranges, 10_000) == ranges


def test_errors_name_the_file_and_the_entry(folder):
    chunk = list(chunks(entry_ranges([str(folder / "2.root")]), 4))[1]
    with pytest.raises(part.PartError, match=r"2\.root, jets from entry 4 on: no such luck"), chunk.error_context():
        raise part.PartError("no such luck")
    assert chunk.labels(JETCLASS).tolist() == [4, 5, 6, 7]
    assert chunk.labels(TOPLANDSCAPE) is None


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_grows_by_rows(tmp_path, suffix):
    path = tmp_path / "new" / f"t{suffix}"
    with write_table(path, {"made": "here"}) as rows:
        for start in (0, 3):
            rows.append({"entry": range(start, start + 3), "x": np.full(3, start / 4, np.float32)})
        assert not path.exists()
    read = pq.read_table if suffix == ".parquet" else pyarrow.csv.read_csv
    assert read(path).to_pydict() == {"entry": list(range(6)), "x": [0.0] * 3 + [0.75] * 3}
    if suffix == ".parquet":
        assert pq.read_schema(path).metadata[b"made"] == b"here"


def write_unequal(path):
    with write_table(path, {}) as rows:
        rows.append({"entry": [1], "label": [2]})
        rows.append({"entry": [2]})


def test_a_failed_write_leaves_the_old_table_and_nothing_else(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(part.PartError, match="the columns label; expected the same of all"):
        write_unequal(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def write_types(path, *columns: list) -> None:
    with write_table(path, {}) as rows:
        for column in columns:
            rows.append({"entry": range(2), "x": column})


def test_later_rows_take_the_types_of_the_first_or_are_refused(tmp_path):
    write_types(tmp_path / "t.parquet", [0.5, 1.5], [1, 2])
    assert pq.read_table(tmp_path / "t.parquet")["x"].to_pylist() == [0.5, 1.5, 1.0, 2.0]
    with pytest.raises(part.PartError, match="Column x is of type int64 in the first jets and double in others"):
        write_types(tmp_path / "u.parquet", [1, 2], [0.5, float("nan")])


def test_another_suffix_is_rejected(tmp_path):
    with pytest.raises(part.PartError, match=r"should end in \.parquet or \.csv"), write_table(tmp_path / "t.txt", {}):
        pass
