"""HDF5 files with tables by any key, in both formats of pandas, and FILE:OBJECT."""

import awkward as ak
import h5py
import numpy as np
import pytest
from helpers.jet_samples import assert_jets, assert_rejected, columns, write_toplandscape_h5
from helpers.references import shared

from part.errors import PartError
from part.jets import count_jets, read_jets
from part.jets.notices import JetWarning
from part.jets.readers import jet_objects
from part.jets.schema import MOMENTA
from part.jets.streaming import chunks, entry_ranges

TOP = np.arange(12) % 2
SHORT = {"part_energy": "E", "part_px": "PX", "part_py": "PY", "part_pz": "PZ"}
SLOTS = 60


@pytest.fixture
def table():
    return columns(12)


def write_table(path, table, key: str):
    """Write the table of TopLandscape under another key."""
    write_toplandscape_h5(path, table, TOP)
    with h5py.File(path, "a") as file:
        file.move("table", key)
    return path


def write_fixed(file: h5py.File, key: str, table: dict) -> None:
    """Write what pandas' to_hdf does by default: blocks of numbers, and the names of their columns."""
    values = {f"{short}_{i}": np.zeros(12, np.float32) for i in range(SLOTS) for short in SHORT.values()}
    for name, short in SHORT.items():
        for jet, own in enumerate(table[name].to_list()):
            for slot, value in enumerate(own):
                values[f"{short}_{slot}"][jet] = value
    group = file.create_group(key)
    group.attrs["pandas_type"] = np.bytes_("frame")
    blocks = (values, {"is_signal_new": TOP.astype(np.int64)})
    for i, block in enumerate(blocks):
        group[f"block{i}_items"] = np.array([name.encode() for name in block])
        group[f"block{i}_values"] = np.stack(list(block.values()), axis=1)
    group["axis1"] = np.arange(12)


def check(jets, table, start=0, stop=None):
    assert_jets(jets[list(MOMENTA)], table, start, stop)
    assert jets["jet_isTop"].tolist() == TOP[start:stop].astype(bool).tolist()


@pytest.mark.parametrize("key", ["jets", "data/train", "df"])
def test_any_key(tmp_path, table, key):
    path = write_table(tmp_path / "top.h5", table, key)
    assert jet_objects(str(path)) == (key,)
    for place in (path, f"{path}:{key}"):
        check(read_jets(place), table)
        check(read_jets(place, 3, 7), table, 3, 7)


def test_the_fixed_format(tmp_path, table):
    path = tmp_path / "fixed.h5"
    with h5py.File(path, "w") as file:
        write_fixed(file, "df", table)
    check(read_jets(path), table)
    check(read_jets(f"{path}:df", 3, 7), table, 3, 7)
    assert count_jets(path) == 12


class TestSeveral:
    @pytest.fixture
    def path(self, tmp_path, table):
        path = write_table(tmp_path / "several.h5", table, "train")
        with h5py.File(path, "a") as file:
            write_fixed(file, "test", {name: column[::-1] for name, column in table.items()})
            file["runs"] = np.zeros(3, [("run", "i4")])
        return path

    def test_they_are_offered(self, path):
        assert_rejected(path, "holds several tables (test, train)", f"{path}:test")
        assert jet_objects(str(path)) == ("test", "train")

    def test_one_is_chosen(self, path, table):
        check(read_jets(f"{path}:train"), table)
        assert read_jets(f"{path}:test")["part_px"].to_list() == table["part_px"][::-1].to_list()
        (chunk,) = chunks(entry_ranges([f"{path.parent}:train"]))
        check(chunk.jets, table)

    def test_one_that_is_not_there(self, path):
        with pytest.raises(PartError, match=r"holds no 'validation'; expected runs, test, train"):
            read_jets(f"{path}:validation")

    def test_the_only_one_with_jets_is_taken_and_it_is_said(self, path, table):
        with h5py.File(path, "a") as file:
            del file["test"]
        with pytest.warns(JetWarning, match=r"several.h5: the table 'train' was read, not runs\."):
            check(read_jets(path), table)


def test_arrays_in_a_group(tmp_path, table):
    path = tmp_path / "arrays.h5"
    slots = {name: np.zeros((12, SLOTS), np.float32) for name in MOMENTA}
    for name, column in table.items():
        for jet, own in enumerate(column.to_list() if name in slots else []):
            slots[name][jet, : len(own)] = own
    with h5py.File(path, "w") as file:
        for name, values in slots.items():
            file[f"jets/{name}"] = values
    assert_jets(read_jets(f"{path}:jets"), table)
    assert_rejected(path, "holds no jets")


def test_a_link_to_another_file_is_not_followed(tmp_path, table):
    write_table(tmp_path / "other.h5", table, "jets")
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["jets"] = h5py.ExternalLink("other.h5", "jets")
        file["x"] = np.arange(3)
    for place in ("link.h5", "link.h5:jets", "link.h5:jets/table"):
        with pytest.raises(PartError):
            read_jets(f"{tmp_path}/{place}")


@pytest.mark.parametrize(("code", "name"), [(32001, "blosc"), (33333, "HDF5 filter 33333")])
def test_a_compression_that_is_not_installed_is_named(tmp_path, code, name, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hdf5plugin", None)
    path = tmp_path / "compressed.h5"
    with h5py.File(path, "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((12, 4))
        properties.set_filter(code, h5py.h5z.FLAG_OPTIONAL, (2,))
        space = h5py.h5s.create_simple((12, 4))
        for branch in MOMENTA:
            h5py.h5d.create(file.id, branch.encode(), h5py.h5t.NATIVE_FLOAT, space, properties)
    assert_rejected(path, f"compressed with {name}" if code == 32001 else name, "pip install hdf5plugin")


def test_blosc_is_read_with_its_plugin(tmp_path):
    plugin = pytest.importorskip("hdf5plugin")
    rng, plain, compressed = np.random.default_rng(0), tmp_path / "plain.h5", tmp_path / "blosc.h5"
    momenta = {branch: rng.uniform(1, 2, (12, 4)) for branch in MOMENTA}
    momenta["part_energy"] += 9
    for path, options in ((plain, {}), (compressed, plugin.Blosc())):
        with h5py.File(path, "w") as file:
            for branch, values in momenta.items():
                file.create_dataset(branch, data=values, chunks=(6, 4), **options)
    assert ak.to_list(read_jets(compressed)) == ak.to_list(read_jets(plain))


def test_shared_case():
    jets = read_jets(shared("cases/field/top_as_pandas_writes_it.h5"))
    assert [int(sum(jets[name])) for name in ("jet_isTop", "jet_isQCD")] == [6, 6]
