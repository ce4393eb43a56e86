"""Partons in files of every format: lists of their own lengths, beside the jets that they belong to."""

import awkward as ak
import h5py
import numpy as np
import pytest
import yaml
from helpers.jet_samples import assert_rejected, columns, write_parquet, write_rntuple, write_tree
from helpers.references import shared

from part.jets import keep_leading, read_jets
from part.jets.config.parsing import parse_config
from part.jets.config.reading import read_prepared
from part.jets.schema import ENTRY
from part.jets.truth import partons

WRITERS = {"TTree": write_tree, "RNTuple": write_rntuple, "parquet": write_parquet}
COUNTS = [2, 0, 3, 1, 2, 2, 4, 0, 1, 2, 3, 2]


def parton_columns(prefix: str = "parton_") -> dict[str, ak.Array]:
    rng = np.random.default_rng(4)
    n = sum(COUNTS)
    flat = {"pt": rng.exponential(100, n) + 1, "eta": rng.normal(0, 0.1, n), "phi": rng.normal(0, 0.1, n)}
    flat = {name: values.astype(np.float32) for name, values in flat.items()}
    flat |= {"pid": rng.choice([1, -5, 21, 13, -14], n).astype(np.int32)}
    return {prefix + name: ak.unflatten(values, COUNTS) for name, values in flat.items()}


@pytest.fixture(scope="module")
def table() -> dict:
    return columns(12)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("prefix", ["parton_", "aux_genpart_"])
def test_lists_come_back_in_full_and_in_ranges(kind, prefix, table, tmp_path):
    table = table | parton_columns(prefix)
    path = WRITERS[kind](tmp_path / "jets", table)
    for start, stop in ((None, None), (3, 9), (1, 2), (7, 8)):
        jets = read_jets(path, start, stop)
        assert set(jets.fields) == set(table)
        for name in parton_columns(prefix):
            assert jets[name].tolist() == table[name][start:stop].tolist()
    assert not [name for name in read_jets(path, branches=("jet_pt",)).fields if "pid" in name]


@pytest.mark.parametrize("kind", WRITERS)
def test_particles_before_the_detector_are_read_if_they_are_asked_for(kind, table, tmp_path):
    path = WRITERS[kind](tmp_path / "jets", table | parton_columns("genpart_"))
    assert not [name for name in read_jets(path).fields if name.startswith("genpart_")]
    jets = read_jets(path, branches=("genpart_pt", "genpart_pid"))
    assert ak.num(jets["genpart_pt"]).tolist() == COUNTS
    assert jets["genpart_pid"].tolist() == parton_columns("genpart_")["genpart_pid"].tolist()


def test_missing_lists_are_empty_and_missing_codes_no_prongs(table, tmp_path):
    table = table | parton_columns()
    written = {name: ak.to_list(column) for name, column in table.items() if name.startswith("parton_")}
    for values in written.values():
        values[0] = None
    written["parton_pid"][2][0] = None
    lists = {name: ak.Array(values) for name, values in written.items()}
    jets = read_jets(write_parquet(tmp_path / "jets.parquet", table | lists))
    assert ak.num(jets["parton_pt"]).tolist() == [0, *COUNTS[1:]]
    assert np.isnan(jets["parton_pid"][2][0])
    assert len(partons(jets, radius=100.0)[2]) == COUNTS[2]


def test_lists_of_different_lengths_are_refused_by_branch_and_entry(table, tmp_path):
    table = table | parton_columns()
    lengths = [*COUNTS[:6], 3, 1, *COUNTS[8:]]
    table["parton_eta"] = ak.unflatten(np.zeros(sum(COUNTS), np.float32), lengths)
    path = write_parquet(tmp_path / "jets.parquet", table)
    message = assert_rejected(path, "branch parton_eta, entry 6: 3 partons; expected 4 as in parton_pt")
    assert message == assert_rejected(path, start=5)


def test_text_in_the_place_of_partons_is_left_out(table, tmp_path):
    words = ak.Array([["b", "q"]] * 12)
    jets = read_jets(write_parquet(tmp_path / "jets.parquet", table | {"aux_genpart_name": words}))
    assert set(jets.fields) == set(table)


class TestArrays:
    """HDF5 and npz have no lists: partons are padded with zeros, or npz has their numbers."""

    def padded(self) -> dict[str, np.ndarray]:
        lists = {name: ak.to_numpy(ak.fill_none(ak.pad_none(c, 4), 0)) for name, c in parton_columns().items()}
        return {name: np.asarray(column) for name, column in lists.items()}

    def constituents(self, table) -> dict[str, np.ndarray]:
        momenta = [name for name in table if name.startswith(("part_p", "part_energy")) and name != "part_pid"]
        return {n: np.asarray(ak.to_numpy(ak.fill_none(ak.pad_none(table[n], 40), 0))) for n in momenta}

    @pytest.mark.parametrize("kind", ["h5", "npz"])
    def test_padding_is_no_parton(self, kind, table, tmp_path):
        arrays, path = self.constituents(table) | self.padded(), tmp_path / f"jets.{kind}"
        write(path, arrays)
        found = partons(read_jets(path), radius=100.0)
        assert ak.num(found).tolist() == COUNTS
        expected = parton_columns()["parton_pt"]
        assert np.sort(ak.flatten(found["pt"])).tolist() == np.sort(ak.flatten(expected)).tolist()

    @pytest.mark.parametrize("kind", ["h5", "npz"])
    def test_another_number_of_rows_is_refused(self, kind, table, tmp_path):
        arrays, path = self.constituents(table) | self.padded(), tmp_path / f"jets.{kind}"
        write(path, arrays | {"parton_pt": np.ones((5, 4))})
        assert_rejected(path, "branch parton_pt has 5 rows", "12, one for each jet")

    def test_jagged_npz(self, table, tmp_path):
        path = tmp_path / "jets.npz"
        lists = {name: ak.to_numpy(ak.flatten(column)) for name, column in parton_columns().items()}
        write_jagged(path, table, lists | {"parton_counts": np.array(COUNTS)})
        jets = read_jets(path, 2, 9)
        for name, column in parton_columns().items():
            assert jets[name].tolist() == column[2:9].tolist()
        assert "parton_counts" not in jets.fields
        write_jagged(path, table, lists | {"parton_counts": np.array([*COUNTS[:-1], 1])})
        assert_rejected(path, "branch parton_pt has shape (22,)", "(21,) from parton_counts")
        write_jagged(path, table, lists)
        assert_rejected(path, "branch parton_pt has 22 rows", "12, one for each jet")


def write(path, arrays: dict[str, np.ndarray]) -> None:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values


def write_jagged(path, table: dict, more: dict[str, np.ndarray]) -> None:
    momenta = ("part_px", "part_py", "part_pz", "part_energy")
    flat = {name: ak.to_numpy(ak.flatten(table[name])) for name in momenta}
    np.savez(path, counts=ak.to_numpy(ak.num(table["part_px"])), **flat, **more)


CONFIG = """
selection: jet_pt > {cut}
inputs:
  pf_features:
    length: 40
    pad_mode: constant
    vars: [[part_deta, null], [part_dphi, null]]
  pf_vectors:
    length: 40
    pad_mode: constant
    vars: [[part_px, null], [part_py, null], [part_pz, null], [part_energy, null]]
labels:
  type: simple
  value: [label_QCD, label_Hbb]
observers: [aux_genpart_mass]
"""


def test_a_data_config_keeps_the_partons_of_the_jets_that_it_selects(table, tmp_path):
    cut = float(np.median(table["jet_pt"]))
    single = {"aux_genpart_mass": np.arange(12, dtype=np.float32)}
    path = write_tree(tmp_path / "jets.root", table | parton_columns() | single)
    config = parse_config(yaml.safe_load(CONFIG.format(cut=cut)), "own", "own.yaml")
    jets = read_jets(path, 1, 11, config=config)
    kept = ak.to_numpy(jets[ENTRY])
    assert kept.tolist() == [i for i in range(1, 11) if table["jet_pt"][i] > cut]
    for name, column in parton_columns().items():
        assert jets[name].tolist() == column[kept].tolist()
    assert jets["aux_genpart_mass"].tolist() == kept.tolist()
    assert jets.layout.parameters == read_prepared(str(path), config, with_partons=False).layout.parameters
    assert ak.num(partons(jets, radius=100.0)).tolist() == np.array(COUNTS)[kept].tolist()
    assert "parton_pt" not in read_prepared(str(path), config, with_partons=False).fields


def test_cutting_constituents_leaves_the_partons_alone(table, tmp_path):
    jets, _ = keep_leading(read_jets(write_tree(tmp_path / "jets.root", table | parton_columns())), 5)
    assert ak.num(jets["parton_pt"]).tolist() == COUNTS


def test_a_list_of_partons_is_no_observer(table, tmp_path):
    path = write_tree(tmp_path / "jets.root", table | parton_columns())
    options = yaml.safe_load(CONFIG.format(cut=0)) | {"observers": ["parton_pt"]}
    with pytest.warns(UserWarning, match=r"has no parton_pt per jet, which own observes; left out"):
        jets = read_jets(path, config=parse_config(options, "own", "own.yaml"))
    assert ak.num(jets["parton_pt"]).tolist() == COUNTS


@pytest.mark.witness
def test_real_jets_have_their_partons():
    path = shared("real_jets/jetclass2_50.parquet")
    assert partons(read_jets(path)).tolist() == partons(ak.from_parquet(path)).tolist()
    assert ak.num(read_jets(path, branches=("genpart_pid",))["genpart_pid"])[0] == 63
