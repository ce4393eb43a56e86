"""A wrong byte under a checksum is found, in every format that has checksums."""

import zipfile

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
import xxhash
from helpers.jet_samples import assert_jets, assert_rejected, columns, write_quarkgluon_npz, write_rntuple, write_tree
from helpers.references import shared

from part.errors import PartError
from part.jets import read_jets
from part.jets.formats.ntuple_pages import check_pages
from part.jets.schema import MOMENTA


@pytest.fixture
def table():
    return columns(12)


def flip(path, offset: int, bit: int = 64) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= bit
    path.write_bytes(content)


def place_of(path, values: np.ndarray) -> int:
    """Return where values are stored as they are."""
    place = path.read_bytes().find(np.ascontiguousarray(values).tobytes())
    assert place > 0
    return place


def values_of(column) -> np.ndarray:
    return np.asarray(column.layout.content.data)


def test_parquet(tmp_path, table):
    path = tmp_path / "pages.parquet"
    arrow = {name: pa.array(table[name].to_list(), pa.list_(pa.float32())) for name in MOMENTA}
    pq.write_table(
        pa.table(arrow), path, compression="none", use_dictionary=False, write_page_checksum=True, store_schema=False
    )
    assert len(read_jets(path)) == 12
    flip(path, place_of(path, values_of(table["part_px"])[:8]) + 5)
    assert_rejected(path, "cannot be read", "expected an undamaged parquet file")


class TestZip:
    @pytest.fixture(params=[np.savez, np.savez_compressed])
    def path(self, tmp_path, table, request):
        path = tmp_path / "jets.npz"
        flat = {name: values_of(table[name]) for name in MOMENTA}
        counts = np.diff(np.asarray(table["part_px"].layout.offsets.data))
        request.param(path, counts=counts, jet_pt=table["jet_pt"], **flat)
        return path

    def place(self, path, name: str, within: float) -> int:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(f"{name}.npy")
        return entry.header_offset + 30 + len(entry.filename) + 20 + int(within * (entry.compress_size - 20))

    @pytest.mark.parametrize("within", [0.3, 0.7])
    @pytest.mark.parametrize(("start", "stop"), [(0, 12), (0, 2), (9, 12)])
    def test_a_wrong_byte_is_found_in_any_range(self, path, table, within, start, stop):
        assert_jets(read_jets(path), table)
        flip(path, self.place(path, "part_pz", within), 1)
        assert_rejected(path, "cannot be read", "expected an undamaged npz file", start=start, stop=stop)

    def test_a_list_that_ends_early(self, path):
        content = bytearray(path.read_bytes())
        end = content.rfind(b"PK\x05\x06")
        size = int.from_bytes(content[end + 12 : end + 16], "little")
        last = content.rfind(b"PK\x01\x02")  # an entry that the list no longer reaches
        content[end + 12 : end + 16] = (size - (end - last)).to_bytes(4, "little")
        content[end - size : last], content[last:end] = content[end - size : last], b""
        path.write_bytes(content)
        assert_rejected(path, "entries are in its list of contents")

    def test_a_name_that_is_another_one_at_the_entry(self, path):
        content = bytearray(path.read_bytes())
        place = content.rfind(b"jet_pt.npy")
        content[place : place + 6] = b"jet_pu"
        path.write_bytes(content)
        assert_rejected(path, "expected an undamaged npz file")

    def test_a_name_that_is_cut_short(self, path):
        content = bytearray(path.read_bytes())
        for place in (content.find(b"jet_pt.npy"), content.rfind(b"jet_pt.npy")):
            content[place + 4] = 0
        path.write_bytes(content)
        assert_rejected(path, "expected an undamaged npz file")

    def test_the_shared_case(self):
        assert_rejected(shared("cases/reliability/lost_columns.npz"), "expected an undamaged npz file")


def test_original_quarkgluon_files(tmp_path, table):
    path = write_quarkgluon_npz(tmp_path / "qg.npz", table, np.arange(12) % 2)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("X.npy")
    flip(path, entry.header_offset + 1000)
    assert_rejected(path, "expected an undamaged npz file", start=0, stop=1)


def test_fletcher_of_hdf5(tmp_path, table):
    path = tmp_path / "fletcher.h5"
    counts = np.diff(np.asarray(table["part_px"].layout.offsets.data))
    slots = np.arange(counts.max()) < counts[:, None]
    with h5py.File(path, "w") as file:
        for name in MOMENTA:
            array = np.zeros(slots.shape, np.float32)
            array[slots] = values_of(table[name])
            file.create_dataset(name, data=array, chunks=slots.shape, fletcher32=True)
    assert_jets(read_jets(path), table)
    flip(path, place_of(path, values_of(table["part_py"])[: counts[0]]) + 2)
    assert_rejected(path, "cannot be read", "expected an undamaged HDF5 file")


def test_a_tree_that_zlib_compresses(tmp_path, table):
    path = write_tree(tmp_path / "tree.root", table)
    with uproot.open(path) as file:
        branch = file["tree"]["part_px"]
        seek, size = int(branch.member("fBasketSeek")[0]), int(branch.member("fBasketBytes")[0])
    flip(path, seek + size - 2)  # within the checksum of zlib
    assert_rejected(path, "part_px", "undamaged file")


class TestRNTuple:
    """uproot writes no checksums, so some are put behind pages here, as ROOT does."""

    @pytest.fixture
    def ntuple(self, tmp_path, table):
        path = write_rntuple(tmp_path / "ntuple.root", table)
        with uproot.open(path) as file:
            pages = [page for column in file["tree"].page_link_list[0] for page in column.pages]
        content = bytearray(path.read_bytes())
        for page in pages:
            end = page.locator.offset + page.locator.num_bytes
            digest = xxhash.xxh3_64_intdigest(bytes(content[page.locator.offset : end]))
            content[end : end + 8] = digest.to_bytes(8, "little")
        self.path, self.content = tmp_path / "checked.root", content
        return self.open()

    def open(self):
        # What lies behind a page is a header that only ROOT reads.
        self.path.write_bytes(self.content)
        ntuple = uproot.open(self.path)["tree"]
        for column in ntuple.page_link_list[0]:
            for page in column.pages:
                page._fields["has_checksum"] = True
        return ntuple

    def test_sound_pages(self, ntuple):
        check_pages("x", ntuple, ["part_px", "part_energy", "jet_pt"], 0, 12)

    @pytest.mark.parametrize("name", ["part_px", "jet_pt"])
    def test_a_wrong_byte_is_found_where_its_field_is_read(self, ntuple, name):
        fields = {ntuple[name].field_id}
        fields |= {n for n, record in enumerate(ntuple.field_records) if record.parent_field_id in fields}
        column = max(n for n, record in enumerate(ntuple.column_records) if record.field_id in fields)
        self.content[ntuple.page_link_list[0][column].pages[0].locator.offset + 12] ^= 8
        damaged = self.open()
        with pytest.raises(PartError, match=f"x: branch {name}: a page has a wrong checksum; expected an undamaged"):
            check_pages("x", damaged, ["part_energy", name], 0, 12)
        check_pages("x", damaged, ["part_energy", "part_py"], 0, 12)
        check_pages("x", damaged, [name], 12, 13)  # no cluster with such entries

    def test_reading_checks_them(self, tmp_path, table, monkeypatch):
        path = write_rntuple(tmp_path / "ntuple.root", table)
        seen = []
        monkeypatch.setattr("part.jets.formats.root.check_pages", lambda path, ntuple, names, *r: seen.append(names))
        read_jets(path, 3, 5)
        assert set(MOMENTA) <= set(seen[0])


def test_shared_parquet_case():
    path = shared("cases/reliability/wrong_byte_under_a_page_checksum.parquet")
    assert_rejected(path, "cannot be read", "expected an undamaged parquet file")
