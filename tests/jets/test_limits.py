"""Small files that ask for gigabytes are refused by their own counts, before anything is decoded."""

import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.jet_samples import assert_jets, assert_rejected, columns, write_parquet, write_rntuple, write_tree
from helpers.references import ROOT, shared

from part.errors import PartError
from part.jets import count_jets, read_jets
from part.jets.formats import parquet
from part.jets.formats.parquet_footer import column_counts
from part.jets.schema import MOMENTA
from part.limits import FREE_BYTES, MAX_CONSTITUENTS_OF_JET, check_bytes, shorten

MEMORY = 1 << 30  # more than reading may take, with all libraries
SCRIPT = """
import resource, sys
from part.errors import PartError
from part.jets import read_jets
read_jets(sys.argv[2])  # loads all that reading needs
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[3]),) * 2)
try:
    print(len(read_jets(sys.argv[1])))
except PartError as error:
    print(error)
"""


def outcome(path, good) -> str:
    """Return what reading a file in little memory prints, in a process of its own."""
    words = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(path), str(good), str(MEMORY)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    (line,) = done.stdout.splitlines()
    return line


@pytest.fixture
def good(tmp_path):
    return write_tree(tmp_path / "good.root", columns(12))


def momenta(n_jets: int, of_each: int) -> pa.Table:
    offsets = np.arange(n_jets + 1, dtype=np.int32) * of_each
    values = np.ones(n_jets * of_each, np.float32)
    energy = 2 * values
    lists = {name: pa.ListArray.from_arrays(offsets, values) for name in MOMENTA[:3]}
    return pa.table(lists | {"part_energy": pa.ListArray.from_arrays(offsets, energy)})


class TestParquet:
    def test_a_jet_of_many_constituents(self, tmp_path, good):
        path = tmp_path / "one.parquet"
        pq.write_table(momenta(1, 5_000_000), path, compression="zstd")
        assert path.stat().st_size < 50_000
        message = outcome(path, good)
        for word in (str(path), "branch part_px, entry 0", "5,000,000", f"at most {MAX_CONSTITUENTS_OF_JET:,}"):
            assert word in message

    def test_one_of_several_jets(self, tmp_path):
        path = tmp_path / "several.parquet"
        ends = np.array([0, 3, 3 + MAX_CONSTITUENTS_OF_JET + 1, MAX_CONSTITUENTS_OF_JET + 10], np.int32)
        values = np.ones(ends[-1], np.float32)
        lists = {name: pa.ListArray.from_arrays(ends, values * (2 if "energy" in name else 1)) for name in MOMENTA}
        pq.write_table(pa.table(lists), path)
        assert_rejected(path, "part_px", "entry 1", "100,001", f"at most {MAX_CONSTITUENTS_OF_JET:,}")
        assert len(read_jets(path, 0, 1)) == 1

    def test_many_jets(self, tmp_path, good):
        path = tmp_path / "many.parquet"
        pq.write_table(momenta(400_000, 60), path, compression="zstd", row_group_size=400_000)
        assert path.stat().st_size * 100 < 400_000 * 60 * 16
        assert "expected at most 100 times as many, or fewer entries" in outcome(path, good)
        assert len(read_jets(path, 399_990)) == 10

    def test_few_rows_of_a_large_group_are_decoded_in_pieces(self, tmp_path, monkeypatch):
        table = columns(200)
        path = write_parquet(tmp_path / "group.parquet", table, rows=200)
        monkeypatch.setattr(parquet, "FREE_BYTES", 1000)
        monkeypatch.setattr(parquet, "_BATCH", 16)
        for start, stop in ((0, 3), (15, 17), (60, 90), (190, 200)):
            assert_jets(read_jets(path, start, stop), table, start, stop)

    def test_the_counts_are_those_of_pyarrow(self, tmp_path):
        path = write_parquet(tmp_path / "counts.parquet", columns(12))
        groups, metadata = column_counts(str(path)), pq.read_metadata(path)
        assert len(groups) == metadata.num_row_groups == 3
        for i, counts in enumerate(groups):
            own = [metadata.row_group(i).column(j) for j in range(metadata.num_columns)]
            assert {name: n for name, (_, n) in counts.items()} == {c.path_in_schema: c.num_values for c in own}


class TestHDF5:
    def write(self, path, n_rows: int):
        names = [f"{c}_{i}" for i in range(3) for c in ("E", "PX", "PY", "PZ")]
        with h5py.File(path, "w") as file:
            kind = np.dtype([(name, "f4") for name in names])
            fill = np.array([(2, 1, 1, 1) * 3], kind)[0]
            file.create_group("table").create_dataset("table", (n_rows,), kind, chunks=(1000,), fillvalue=fill)
        return path

    def test_rows_of_nothing(self, tmp_path, good):
        path = self.write(tmp_path / "nothing.h5", 300_000_000)
        assert "claims to hold 300,000,000 jets" in outcome(path, good)
        with pytest.raises(PartError, match="claims to hold 300,000,000 jets in"):
            count_jets(path)

    def test_few_bytes_for_many_rows(self, tmp_path):
        path = self.write(tmp_path / "some.h5", 100_000)
        assert len(read_jets(path, 99_000)) == 1000

    def test_a_chunk_of_gigabytes(self, tmp_path):
        with h5py.File(tmp_path / "chunk.h5", "w") as file:
            for name in MOMENTA:
                file.create_dataset(name, (1000, 2**18), "f4", chunks=(1000, 2**18), compression="gzip")
        assert_rejected(tmp_path / "chunk.h5", "would take", "times as many", start=0, stop=2)


def test_an_npz_of_zeros(tmp_path, good):
    path = tmp_path / "zeros.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("X.npy", "w", force_zip64=True) as x:
        header = {"descr": "<f8", "fortran_order": False, "shape": (100_000, 100, 4)}
        np.lib.format.write_array_header_1_0(x, header)
        for _ in range(100):
            x.write(bytes(3_200_000))
    assert "array X would take 320 MB" in outcome(path, good)


def test_a_tree_whose_counts_ask_for_gigabytes(tmp_path, monkeypatch):
    path = write_tree(tmp_path / "tree.root", columns(12))
    monkeypatch.setattr("uproot.behaviors.TBranch.TBranch.uncompressed_bytes", 10**9)
    assert_rejected(path, "entries 0 to 11 would take", "times as many")


def test_pages_that_ask_for_gigabytes(tmp_path, monkeypatch):
    path = write_rntuple(tmp_path / "ntuple.root", columns(12))
    monkeypatch.setattr("part.limits.FREE_BYTES", 100)
    monkeypatch.setattr("part.limits.MAX_EXPANSION", 0.01)
    assert_rejected(path, "entries 0 to 11 would take", "times as many")


def test_what_all_files_may_ask_for(tmp_path):
    (tmp_path / "small").write_bytes(bytes(10))
    check_bytes(str(tmp_path / "small"), FREE_BYTES, "x")
    check_bytes("http://somewhere/else.root", 1e12, "x")
    with pytest.raises(PartError, match="x would take"):
        check_bytes(str(tmp_path / "small"), FREE_BYTES + 1, "x")


def test_texts_from_files_are_short():
    assert shorten("abc") == "abc"
    assert len(shorten("x" * 5000)) == 201


def test_a_pipe_is_refused(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.root")
    for path in (tmp_path / "pipe.root", Path("/dev/null")):
        with pytest.raises(PartError, match=rf"^{path} is a pipe or a device; expected a file\.$"):
            read_jets(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [("one_jet_of_20_million.parquet", "entry 0: 20,000,000"), ("300_million_rows_of_nothing.h5", "300,000,000 jets")],
)
def test_shared_cases(good, name, words):
    assert words in outcome(shared(f"cases/reliability/{name}"), good)
