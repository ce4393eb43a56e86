"""Files of jets as they are met in the field are read, or one sentence says why not."""

import warnings

import awkward as ak
import numpy as np
import pytest
from helpers.field import JET, of_no_class, padded, shared_case, with_nan, without_momentum, write_trees
from helpers.jet_samples import (
    assert_jets,
    assert_rejected,
    columns,
    with_value,
    write_parquet,
    write_rntuple,
    write_toplandscape_h5,
    write_tree,
)
from helpers.references import shared

from part.errors import PartError
from part.jets import add_derived_fields, count_jets, keep_leading, labels, make_batch, read_jets
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import JETCLASS, TOPLANDSCAPE
from part.jets.labels import class_of
from part.jets.notices import JetWarning
from part.jets.schema import MOMENTA

WRITERS = {"TTree": write_tree, "RNTuple": write_rntuple, "parquet": write_parquet}
FULL, KIN = FEATURE_SETS["full"], FEATURE_SETS["kin"]


@pytest.fixture
def table() -> dict:
    return columns(12)


def as_jets(table: dict) -> ak.Array:
    return ak.zip(table, depth_limit=1)


class TestPadding:
    @pytest.mark.parametrize("write", [write_tree, write_trees, write_rntuple], ids=["lists", "arrays", "RNTuple"])
    def test_slots_without_momentum_are_left_out(self, tmp_path, table, write):
        filled = padded(table)
        if write is write_tree:
            filled = {k: ak.from_regular(ak.Array(v)) if np.ndim(v) == 2 else v for k, v in filled.items()}
        path = tmp_path / "padded.root"
        write(path, tree=filled) if write is write_trees else write(path, filled)
        assert_jets(read_jets(path), table)
        assert_jets(read_jets(path, 3, 7), table, 3, 7)

    def test_parquet(self, tmp_path, table):
        ak.to_parquet(as_jets(padded(table)), tmp_path / "padded.parquet")
        assert_jets(read_jets(tmp_path / "padded.parquet"), table)

    @pytest.mark.parametrize("form", ["arrays", "lists", "missing values"])
    def test_jets_in_memory(self, table, form):
        if form == "missing values":
            jets = as_jets({k: ak.pad_none(v, 64) if k.startswith("part_") else v for k, v in table.items()})
        else:
            jets = as_jets(padded(table))
            jets = ak.from_regular(jets, axis=None) if form == "lists" else jets
        expected, batch = make_batch(as_jets(table), FULL), make_batch(jets, FULL)
        assert np.array_equal(batch.mask, expected.mask)
        np.testing.assert_allclose(batch.x, expected.x, atol=1e-5)  # the padded arrays are float64
        np.testing.assert_array_equal(batch.v, expected.v)
        assert ak.num(keep_leading(jets, 5)[0]["part_px"]).tolist() == np.minimum(ak.num(table["part_px"]), 5).tolist()

    def test_derived_momenta_ignore_padding(self, table):
        momenta = {name: table[name] for name in MOMENTA}
        derived = add_derived_fields(as_jets(padded(momenta)))
        np.testing.assert_allclose(derived["jet_pt"], add_derived_fields(as_jets(momenta))["jet_pt"], rtol=1e-6)
        assert ak.num(derived["part_deta"]).tolist() == ak.num(table["part_px"]).tolist()

    def test_a_jet_of_nothing_but_padding_is_rejected(self, tmp_path, table):
        filled = padded(table)
        for name in filled:
            if name.startswith("part_"):
                filled[name][JET] = 0
        assert_rejected(write_trees(tmp_path / "empty.root", tree=filled), f"entry {JET}:", "without constituents")
        with pytest.raises(PartError, match=f"jet {JET} has no constituents"):
            make_batch(as_jets(filled), KIN)


class TestConstituentsWithoutMomentum:
    @pytest.mark.parametrize("writer", WRITERS)
    def test_they_are_left_out_and_counted(self, tmp_path, table, writer):
        path = WRITERS[writer](tmp_path / "zero", without_momentum(table))
        with pytest.warns(JetWarning, match="Left out: 1 constituent without momentum, in 1 jet"):
            jets = read_jets(path)
        counts = ak.to_numpy(ak.num(table["part_px"])).copy()
        counts[JET] -= 1
        assert ak.num(jets["part_px"]).tolist() == counts.tolist()
        assert not ak.any(np.isnan(jets["part_dzval"]))  # it went with the constituent

    def test_energy_alone_is_no_momentum(self, tmp_path, table):
        rest = {name: with_value(table[name], 0.0, JET) for name in MOMENTA[:3]}
        with pytest.warns(JetWarning, match="1 constituent without momentum"):
            assert len(read_jets(write_tree(tmp_path / "rest.root", table | rest))) == 12

    def test_the_other_jets_are_unaffected(self, tmp_path, table):
        with pytest.warns(JetWarning):
            jets = read_jets(write_tree(tmp_path / "zero.root", without_momentum(table)))
        others = np.arange(12) != JET
        assert make_batch(jets[others], FULL).x.equal(make_batch(as_jets(table)[others], FULL).x)


class TestNotANumber:
    def test_a_model_that_does_not_read_it_takes_all_jets_without_a_word(self, tmp_path, table):
        jets = read_jets(write_tree(tmp_path / "nan.root", with_nan(table)))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert make_batch(jets, KIN).x.equal(make_batch(as_jets(table), KIN).x)

    def test_a_model_that_reads_it_takes_zero_and_says_so(self, tmp_path, table):
        jets = read_jets(write_tree(tmp_path / "nan.root", with_nan(table)))
        with pytest.warns(JetWarning, match=r"NaN among the inputs of 1 jet \(part_dz\); 0 was taken"):
            batch = make_batch(jets, FULL)
        expected = make_batch(as_jets(table), FULL)
        column = [feature.name for feature in FULL.features].index("part_dz")
        changed = (batch.x != expected.x).nonzero()
        assert set(changed[:, 0].tolist()) == {JET}
        assert set(changed[:, 2].tolist()) == {column}
        assert batch.x[JET, 1, column] == 0

    def test_a_momentum_that_is_no_number_is_rejected_also_in_memory(self, table):
        jets = as_jets(table | {"part_pz": with_value(table["part_pz"], np.nan, JET)})
        with pytest.raises(PartError, match=f"jet {JET}: part_pz is nan"):
            make_batch(jets, FULL)

    def test_a_missing_value_is_not_a_number(self, tmp_path, table):
        lists = table["part_dzval"].to_list()
        lists[JET][1] = None
        flag = [None if i == 2 else bool(i % 2) for i in range(12)]
        path = write_parquet(tmp_path / "none", table | {"part_dzval": ak.Array(lists), "aux_flag": ak.Array(flag)})
        jets = read_jets(path)
        assert np.isnan(jets["part_dzval"][JET, 1])
        assert np.isnan(jets["aux_flag"]).tolist() == [i == 2 for i in range(12)]


class TestLabels:
    @pytest.mark.parametrize("writer", WRITERS)
    def test_a_jet_of_no_class(self, tmp_path, table, writer):
        jets = read_jets(WRITERS[writer](tmp_path / "jets", of_no_class(table)))
        expected = np.where(np.arange(12) == JET, -1, np.arange(12) % 10)
        assert labels(jets, JETCLASS).tolist() == expected.tolist()
        assert class_of(jets[JET : JET + 1], JETCLASS) is None
        assert class_of(jets[5:6], JETCLASS) == 5

    @pytest.mark.parametrize("unknown", [None, -1])
    def test_a_label_column_of_unknown_classes(self, tmp_path, table, unknown):
        column = ak.Array([unknown if i == JET else i % 2 for i in range(12)])
        path = write_parquet(tmp_path / "top_file", {name: table[name] for name in MOMENTA} | {"label": column})
        expected = np.where(np.arange(12) == JET, -1, 1 - np.arange(12) % 2)
        assert labels(read_jets(path), TOPLANDSCAPE).tolist() == expected.tolist()

    def test_prepared_jets_carry_their_class(self, table):
        jets = as_jets({"part_px": table["part_px"], "truth": np.arange(12) - 1})
        assert labels(jets, JETCLASS).tolist() == list(range(-1, 11))


class TestPandas:
    def test_the_index_column_may_have_a_type(self, tmp_path, table):
        import h5py

        path = write_toplandscape_h5(tmp_path / "top.h5", table, top=np.arange(12) % 2)
        with h5py.File(path, "a") as file:
            file["table/table"].attrs["index_kind"] = np.bytes_("integer")
        jets = read_jets(path)
        assert_jets(jets[list(MOMENTA)], table)
        assert jets["jet_isTop"].tolist() == [bool(i % 2) for i in range(12)]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return shared_case(tmp_path_factory.mktemp("field"))


@pytest.mark.witness
class TestSharedCases:
    @pytest.mark.filterwarnings("ignore:.*was read, not:part.jets.notices.JetWarning")
    @pytest.mark.parametrize("name", ["events.root", "events.root:Events", "unlabelled.root", "aux_missing.parquet"])
    def test_all_jets_are_as_in_the_plain_file(self, cases, name):
        jets, plain = read_jets(cases / name), read_jets(cases / "plain.root")
        assert count_jets(cases / name) == 30
        constituents = [field for field in plain.fields if field.startswith("part_")]
        assert jets[constituents].to_list() == plain[constituents].to_list()

    @pytest.mark.parametrize("name", ["padded.root", "padded.parquet"])
    def test_padding(self, cases, name):
        jets, plain = read_jets(cases / name), read_jets(cases / "plain.root")
        assert jets["part_px"].to_list() == plain["part_px"].to_list()

    def test_the_other_29_jets_of_the_broken_files(self, cases):
        plain = make_batch(read_jets(cases / "plain.root"), FULL)
        others = np.arange(30) != 4
        with pytest.warns(JetWarning, match="1 jet"):
            assert make_batch(read_jets(cases / "nan_dz.root"), FULL).x[others].equal(plain.x[others])
        with pytest.warns(JetWarning, match="1 constituent"):
            jets = read_jets(cases / "zero_pt.root")
        assert make_batch(jets, FULL).x[others].equal(plain.x[others])
        assert len(make_batch(read_jets(cases / "nan_dz.root"), KIN)) == 30

    def test_the_table_of_pandas(self):
        jets = read_jets(shared("cases/field/top_as_pandas_writes_it.h5"))
        assert [int(ak.sum(jets[name])) for name in ("jet_isTop", "jet_isQCD")] == [6, 6]
