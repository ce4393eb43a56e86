"""Every file format gives the same jets, in full or in ranges."""

import functools
import http.server
import re
import threading
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from helpers.jet_samples import (
    REAL_FILES,
    assert_jets,
    columns,
    write_parquet,
    write_rntuple,
    write_tree,
)
from helpers.references import shared

from part.errors import PartError
from part.jets import add_derived_fields, count_jets, detect_dataset, labels, read_jets
from part.jets.schema import JETCLASS, MOMENTA, QUARKGLUON, TOPLANDSCAPE

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

    @pytest.mark.parametrize("ranges", [True, False], ids=["in parts", "whole files only"])
    def test_over_http(self, tmp_path, table, ranges):
        write_tree(tmp_path / "jets.root", table)
        handler = functools.partial(_Ranges if ranges else _WholeFiles, directory=str(tmp_path))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            try:
                assert_jets(read_jets(f"{url}/jets.root", 2, 9), table, 2, 9)
                with pytest.raises(PartError, match=r"other\.root"):
                    read_jets(f"{url}/other.root")
            finally:
                server.shutdown()


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
