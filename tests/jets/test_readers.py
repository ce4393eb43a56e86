"""Every file format gives the same jets, in full or in ranges."""

import functools
import http.server
import os
import re
import threading
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from helpers.jet_samples import (
    REAL_FILES,
    assert_jets,
    assert_rejected,
    columns,
    write_parquet,
    write_rntuple,
    write_toplandscape_h5,
    write_tree,
)
from helpers.references import shared

from part.errors import PartError
from part.jets import add_derived_fields, count_jets, detect_dataset, labels, read_jets
from part.jets.datasets import JETCLASS, QUARKGLUON, TOPLANDSCAPE
from part.jets.schema import MOMENTA
from part.jets.streaming import chunks, entry_ranges

WRITERS = {"TTree": write_tree, "RNTuple": write_rntuple, "parquet": write_parquet}


@pytest.fixture(scope="module")
def table() -> dict:
    return columns(12)


@pytest.fixture(params=WRITERS)
def path(request, table, tmp_path):
    return WRITERS[request.param](tmp_path / "jets", table)


class TestJetClassSchema:
    def test_every_branch_comes_back(self, path, table):
        jets = read_jets(path)
        assert set(jets.fields) == set(table)
        assert_jets(jets, table)
        assert count_jets(path) == 12

    def test_types_are_those_of_the_file(self, path, table):
        jets = read_jets(path)
        assert {str(jets[name].type.content).replace("var * ", "") for name in MOMENTA} == {"float32"}
        assert str(jets["label_Hbb"].type.content) == "bool"
        assert str(jets["part_isMuon"].type.content.content) == "int32"

    @pytest.mark.parametrize(("start", "stop"), [(0, 1), (3, 7), (4, 6), (5, None), (None, 5), (11, 12), (2, 99)])
    def test_a_range(self, path, table, start, stop):
        assert_jets(read_jets(path, start, stop), table, start or 0, stop)

    def test_labels(self, path):
        jets = read_jets(path)
        assert detect_dataset(jets) is JETCLASS
        np.testing.assert_array_equal(labels(jets, JETCLASS), np.arange(12) % 10)

    def test_unknown_branches_are_ignored(self, tmp_path, table, path):
        table = table | {
            "event": np.arange(12),
            "part_colour": table["part_px"],
            "jet_parts": table["part_px"],
        }
        jets = read_jets(write_tree(tmp_path / "more.root", table))
        assert not {"event", "part_colour", "jet_parts", "npart_px"} & set(jets.fields)
        assert len(jets) == 12

    def test_missing_optional_branches_are_no_error(self, tmp_path, table):
        bare = {name: table[name] for name in MOMENTA}
        jets = read_jets(write_tree(tmp_path / "bare.root", bare))
        assert jets.fields == list(MOMENTA)
        assert detect_dataset(jets) is None
        assert labels(jets, JETCLASS) is None


class TestRoot:
    def test_the_only_tree_may_have_another_name(self, tmp_path, table):
        assert_jets(read_jets(write_tree(tmp_path / "a.root", table, name="Events")), table)
        assert_jets(read_jets(write_rntuple(tmp_path / "b.root", table, name="Events")), table)

    def test_several_baskets(self, tmp_path, table):
        path = write_tree(tmp_path / "baskets.root", table, basket=5)
        assert_jets(read_jets(path, 3, 11), table, 3, 11)

    def test_a_colon_in_the_name(self, tmp_path, table):
        assert_jets(read_jets(write_tree(tmp_path / "run:1.root", table)), table)


@pytest.fixture(params=[True, False], ids=["in parts", "whole files only"])
def url(request, tmp_path):
    """The address of a server of the test's folder, which sends parts of files or only whole ones."""
    handler = functools.partial(_Ranges if request.param else _WholeFiles, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestAddresses:
    def test_root(self, tmp_path, table, url):
        write_tree(tmp_path / "jets.root", table)
        write_tree(tmp_path / "events.root", table, name="Events")
        assert_jets(read_jets(f"{url}/jets.root", 2, 9), table, 2, 9)
        assert_jets(read_jets(f"{url}/events.root:Events", 2, 9), table, 2, 9)
        with pytest.raises(PartError, match=r"other\.root"):
            read_jets(f"{url}/other.root")

    def test_other_formats_are_copied_once_for_each_version(self, tmp_path, table, url):
        momenta = {name: table[name] for name in MOMENTA}
        flat = {name: ak.to_numpy(ak.flatten(column)) for name, column in momenta.items()}
        np.savez(tmp_path / "jets.npz", counts=ak.to_numpy(ak.num(table["part_px"])), **flat)
        write_parquet(tmp_path / "jets.parquet", table)
        write_toplandscape_h5(tmp_path / "jets.h5", momenta, np.arange(12) % 2)
        for suffix, branches in ((".npz", MOMENTA), (".parquet", tuple(table)), (".h5", MOMENTA)):
            ranges = entry_ranges([f"{url}/jets{suffix}"])
            jets = ak.concatenate([chunk.jets for chunk in chunks(ranges, 5)])
            assert_jets(jets[list(branches)], table)
        write_parquet(tmp_path / "jets.parquet", columns(7, seed=3))
        os.utime(tmp_path / "jets.parquet", (0, 10**9))  # servers give the time in seconds
        assert count_jets(f"{url}/jets.parquet") == 7

    def test_errors_name_the_address(self, tmp_path, table, url):
        write_parquet(tmp_path / "jets.parquet", table)
        content = (tmp_path / "jets.parquet").read_bytes()
        (tmp_path / "cut.parquet").write_bytes(content[: len(content) // 2])
        (tmp_path / "page.html").write_text("<html>moved</html>")
        np.savez(tmp_path / "X.npz", X=np.ones((2, 3)))
        for name, words in (("cut.parquet", "undamaged parquet"), ("page.html", "unknown kind"), ("X.npz", "array X")):
            assert words in assert_rejected(f"{url}/{name}")
        assert "File not found" in assert_rejected(f"{url}/no.npz")


class _WholeFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class _Ranges(_WholeFiles):
    """Answer `Range: bytes=first-last` with exactly these bytes."""

    def do_GET(self):
        requested = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        file = Path(self.translate_path(self.path))
        if not (requested and file.is_file()):
            return super().do_GET()
        content = file.read_bytes()
        first, last = int(requested[1]), min(int(requested[2]), len(content) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(content[first : last + 1])


@pytest.mark.witness
class TestRealJets:
    @pytest.mark.parametrize(
        ("name", "dataset"), list(zip(REAL_FILES, (JETCLASS, TOPLANDSCAPE, QUARKGLUON), strict=True))
    )
    def test_all_pass_and_are_labelled(self, name, dataset):
        jets = read_jets(shared(f"real_jets/{name}"))
        assert len(jets) == count_jets(shared(f"real_jets/{name}")) >= 250
        assert detect_dataset(jets) is dataset
        fractions = np.bincount(labels(jets, dataset), minlength=len(dataset.labels)) / len(jets)
        assert fractions.min() > 0.5 / len(dataset.labels)

    @pytest.mark.parametrize("name", REAL_FILES[1:])
    def test_angles_from_the_four_momenta_are_those_of_the_file(self, name):
        jets = read_jets(shared(f"real_jets/{name}"))
        computed = add_derived_fields(jets[list(MOMENTA)])
        for angle in ("part_deta", "part_dphi"):
            np.testing.assert_allclose(ak.flatten(computed[angle]), ak.flatten(jets[angle]), atol=2e-6)

    def test_jetclass_angles(self):
        # The axis of JetClass's jets is not quite that of the summed constituents: up to 0.013 off in eta.
        jets = read_jets(shared(f"real_jets/{REAL_FILES[0]}"))
        computed = add_derived_fields(jets[list(MOMENTA)])
        np.testing.assert_allclose(ak.flatten(computed.part_dphi), ak.flatten(jets.part_dphi), atol=1e-6)
        shift = computed.part_deta - jets.part_deta
        assert ak.max(ak.std(shift, axis=1)) < 1e-6
        assert ak.max(abs(shift)) < 0.02
