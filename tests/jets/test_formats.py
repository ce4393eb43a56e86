"""Converted and published files in formats of their own."""

import awkward as ak
import numpy as np
import pytest
from helpers.jet_samples import (
    assert_jets,
    columns,
    write_parquet,
    write_quarkgluon_npz,
    write_toplandscape_h5,
    write_tree,
)

from part.errors import PartError
from part.jets import count_jets, detect_dataset, labels, read_jets
from part.jets.datasets import JETCLASS, QUARKGLUON, TOPLANDSCAPE
from part.jets.notices import JetWarning
from part.jets.schema import CONSTITUENT_BRANCHES, IDENTITY, MOMENTA


@pytest.fixture(scope="module")
def table() -> dict:
    return columns(12)


class TestLabelColumn:
    """Converted files have one `label`; 1 is the signal, which comes first in the label order."""

    def test_toplandscape_parquet(self, tmp_path, table):
        table = {name: table[name] for name in (*MOMENTA, "part_deta", "part_dphi", "jet_pt")}
        path = write_parquet(tmp_path / "val_file", table | {"label": np.arange(12) % 2})
        jets = read_jets(path, 3, 9)
        assert detect_dataset(jets) is TOPLANDSCAPE
        np.testing.assert_array_equal(jets["jet_isTop"], [1, 0, 1, 0, 1, 0])
        np.testing.assert_array_equal(labels(jets, TOPLANDSCAPE), [0, 1, 0, 1, 0, 1])
        assert "label" not in jets.fields

    def test_quarkgluon_parquet(self, tmp_path, table):
        table = {name: table[name] for name in (*MOMENTA, *IDENTITY, "part_pid")}
        jets = read_jets(write_parquet(tmp_path / "file", table | {"label": np.arange(12) % 2}))
        assert detect_dataset(jets) is QUARKGLUON
        np.testing.assert_array_equal(labels(jets, QUARKGLUON), 1 - np.arange(12) % 2)

    def test_jagged_npz_whose_labels_identify_no_benchmark(self, tmp_path, table):
        path = _write_jagged(tmp_path / "jets.npz", table, np.arange(12) % 2)
        jets = read_jets(path)
        assert detect_dataset(jets) is None
        np.testing.assert_array_equal(labels(jets, TOPLANDSCAPE), 1 - np.arange(12) % 2)

    def test_jagged_npz_of_jetclass(self, tmp_path, table):
        path = _write_jagged(tmp_path / "jets.npz", table, np.arange(12) % 10)
        jets = read_jets(path, 0, 2)  # labels 0 and 1 only, but the file holds others
        assert detect_dataset(jets) is JETCLASS
        np.testing.assert_array_equal(labels(jets, JETCLASS), [0, 1])
        assert_jets(read_jets(path, 4, 7)[list(CONSTITUENT_BRANCHES)], table, 4, 7)

    def test_contradicting_labels_are_rejected(self, tmp_path, table):
        table = table | {"label_Hbb": np.ones(12, bool)}
        jets = read_jets(write_tree(tmp_path / "two.root", table))
        with pytest.raises(PartError, match="jet 0 belongs to 2 classes of JetClass"):
            labels(jets, JETCLASS)


def _write_jagged(path, table, label):
    flat = {name: ak.to_numpy(ak.flatten(table[name])) for name in CONSTITUENT_BRANCHES}
    np.savez_compressed(path, label=label, counts=ak.to_numpy(ak.num(table["part_px"])), **flat)
    return path


class TestTopLandscapeHdf5:
    def test_jets_and_labels(self, tmp_path, table):
        path = write_toplandscape_h5(tmp_path / "val", table, top=np.arange(12) % 2)
        jets = read_jets(path)
        assert_jets(jets[list(MOMENTA)], table)
        assert_jets(read_jets(path, 4, 9)[list(MOMENTA)], table, 4, 9)
        assert count_jets(path) == 12
        assert detect_dataset(jets) is TOPLANDSCAPE
        np.testing.assert_array_equal(labels(jets, TOPLANDSCAPE), 1 - np.arange(12) % 2)

    def test_a_pickle_may_not_name_code(self, tmp_path, table):
        path = write_toplandscape_h5(tmp_path / "evil", table, top=np.zeros(12), extra=_Payload(tmp_path / "ran"))
        with pytest.raises(PartError, match=r"evil.*column names"):
            read_jets(path)
        assert not (tmp_path / "ran").exists()


class _Payload:
    """An object whose pickle creates a file when it is loaded without restriction."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


class TestQuarkGluonNpz:
    def test_four_momenta_from_rapidity_and_mass(self, tmp_path):
        table = columns(9, seed=7)
        path = write_quarkgluon_npz(tmp_path / "QG.npz", table, quark=np.arange(9) % 2)
        with pytest.warns(JetWarning, match=r"QG.npz: energies are computed with PDG masses; the published training"):
            jets = read_jets(path)
        assert count_jets(tmp_path / "QG.npz") == 9
        for name in ("part_px", "part_py"):
            np.testing.assert_allclose(ak.flatten(jets[name]), ak.flatten(table[name]), rtol=1e-6, atol=1e-6)
        mass2 = jets.part_energy**2 - jets.part_px**2 - jets.part_py**2 - jets.part_pz**2
        kaons = abs(jets.part_pid) == 321
        np.testing.assert_allclose(ak.flatten(mass2[kaons]), 0.493677**2, rtol=1e-6)
        rapidity = np.arctanh(table["part_pz"] / table["part_energy"])
        computed = np.arctanh(jets.part_pz / jets.part_energy)
        np.testing.assert_allclose(ak.flatten(computed), ak.flatten(rapidity), atol=1e-5)

    @pytest.mark.filterwarnings("ignore:.*PDG masses:part.jets.notices.JetWarning")
    def test_identity_follows_the_particle_code(self, tmp_path):
        table = columns(9, seed=7)
        path = write_quarkgluon_npz(tmp_path / "QG.npz", table, quark=np.arange(9) % 2)
        jets = read_jets(path, 2, 8)
        for name in (*IDENTITY, "part_pid"):
            assert ak.all(jets[name] == table[name][2:8]), name
        assert detect_dataset(jets) is QUARKGLUON
        np.testing.assert_array_equal(labels(jets, QUARKGLUON), [1, 0, 1, 0, 1, 0])
