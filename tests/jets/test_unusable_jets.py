"""A jet that cannot be used is left out, counted and said; the others are read as they are."""

import warnings

import awkward as ak
import numpy as np
import pytest
from helpers.field import write_trees
from helpers.jet_samples import (
    assert_jets,
    assert_rejected,
    columns,
    with_value,
    write_parquet,
    write_rntuple,
    write_tree,
)

from part.jets import make_batch, read_jets
from part.jets.benchmarks import FULL, KIN
from part.jets.notices import JetWarning, gathered, n_unusable, so_far
from part.jets.schema import MOMENTA
from part.jets.streaming import chunks, entry_ranges
from part.limits import MAX_CONSTITUENTS_OF_JET

BAD = 7
WRITERS = {"TTree": write_tree, "RNTuple": write_rntuple, "parquet": write_parquet}


def only_in(column: ak.Array, other: ak.Array) -> ak.Array:
    """Return the column with one jet from another column."""
    return ak.where(np.arange(len(column)) == BAD, other, column)


SPOILED = {
    "nan": lambda t: {"part_px": with_value(t["part_px"], np.nan)},
    "infinite": lambda t: {"part_energy": with_value(t["part_energy"], np.inf)},
    "absurd": lambda t: {"part_pz": with_value(t["part_pz"], 1e30)},
    "no energy": lambda t: {"part_energy": with_value(t["part_energy"], 1e-3)},
    "along the beam": lambda t: {name: with_value(t[name], 0) for name in ("part_px", "part_py")},
    "no constituents": lambda t: {k: only_in(v, v[:, :0]) for k, v in t.items() if k.startswith("part_")},
    "other lengths": lambda t: {"part_d0val": only_in(t["part_d0val"], t["part_d0val"][:, :-1])},
    "nan of the jet": lambda t: {"jet_pt": np.where(np.arange(12) == BAD, np.nan, t["jet_pt"]).astype(np.float32)},
}


@pytest.fixture
def table():
    return columns(12)


@pytest.fixture(params=SPOILED)
def spoiled(request, table):
    return table | SPOILED[request.param](table)


def without(table: dict, *entries: int) -> dict:
    kept = ~np.isin(np.arange(12), entries)
    return {name: column[kept] for name, column in table.items()}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_others_are_read(tmp_path, table, spoiled, writer):
    path = WRITERS[writer](tmp_path / "jets", spoiled)
    with pytest.warns(JetWarning, match=rf"Left out: 1 jet that cannot be used; the first: .*jets: .*entry {BAD}\b"):
        jets = read_jets(path, strict=False)
    assert jets["entry"].tolist() == [i for i in range(12) if i != BAD]
    plain = jets[[name for name in jets.fields if name != "entry"]]
    assert_jets(plain, without(table, BAD))


def test_strict_stops_at_the_first(tmp_path, spoiled):
    assert_rejected(write_tree(tmp_path / "jets", spoiled), f"entry {BAD}")


def test_several_for_several_reasons(tmp_path, table):
    """The reason that is said is that of the first entry, whatever is checked first."""
    other = {"part_energy": with_value(table["part_energy"], 1e-3, 2), "part_px": with_value(table["part_px"], np.inf)}
    lengths = ak.where(np.arange(12) == 9, table["part_d0err"][:, 1:], table["part_d0err"])
    path = write_tree(tmp_path / "jets.root", table | other | {"part_d0err": lengths})
    with pytest.warns(
        JetWarning, match="Left out: 3 jets .* the first: .*part_energy, entry 2, constituent 1: 0.001 GeV"
    ):
        jets = read_jets(path, strict=False)
    assert_jets(jets[list(MOMENTA)], without(table, 2, BAD, 9))
    with pytest.warns(JetWarning, match="2 jets"):
        assert read_jets(path, 5, strict=False)["entry"].tolist() == [5, 6, 8, 10, 11]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "entry" not in read_jets(path, 3, 7, strict=False).fields


def test_none_may_be_left(tmp_path, table):
    path = write_tree(tmp_path / "jets.root", table | SPOILED["nan"](table))
    with pytest.warns(JetWarning, match="1 jet"):
        assert len(read_jets(path, BAD, BAD + 1, strict=False)) == 0


def test_partons_stay_with_their_jets(tmp_path, table):
    numbers = {"aux_genpart_pt": ak.Array([[float(i)] * (i % 3) for i in range(12)])}
    path = write_parquet(tmp_path / "jets", table | SPOILED["nan"](table) | numbers)
    with pytest.warns(JetWarning):
        jets = read_jets(path, strict=False)
    assert jets["aux_genpart_pt"].to_list() == without(numbers, BAD)["aux_genpart_pt"].to_list()


def test_too_many_constituents(tmp_path, table):
    n = MAX_CONSTITUENTS_OF_JET + 1
    longer = {
        name: ak.concatenate([table[name][:3], ak.Array([[3.0 if "energy" in name else 1.0] * n])]) for name in MOMENTA
    }
    path = write_parquet(tmp_path / "jets", longer)
    assert_rejected(path, "entry 3", "100,001 constituents")
    with pytest.warns(JetWarning, match="1 jet that cannot be used"):
        assert len(read_jets(path, strict=False)) == 3


@pytest.mark.parametrize("share", [0.999, 0.95])
def test_an_energy_somewhat_below_the_momentum_is_taken_and_said(tmp_path, table, share):
    px, py, pz = (table[name] for name in MOMENTA[:3])
    p = float(np.sqrt(px**2 + py**2 + pz**2)[BAD][1])
    path = write_tree(tmp_path / "jets.root", table | {"part_energy": with_value(table["part_energy"], share * p)})
    with pytest.warns(
        JetWarning, match="Taken as they are: 1 constituent whose energy is below their momentum.* 1 jet"
    ):
        jets = read_jets(path)
    assert len(jets) == 12
    assert make_batch(jets, FULL).x.isfinite().all()


class TestInputs:
    """Only what a model reads as it is makes a jet unusable for it."""

    @pytest.fixture
    def path(self, tmp_path, table):
        odd = {
            "part_deta": with_value(table["part_deta"], 3e38),
            "part_charge": with_value(table["part_charge"], -1e9, 2),
        }
        odd["part_d0val"] = with_value(table["part_d0val"], np.inf, 4)  # is clipped
        odd["part_dzerr"] = with_value(table["part_dzerr"], np.nan, 5)
        return str(write_tree(tmp_path / "jets.root", table | odd))

    @pytest.mark.filterwarnings("ignore:NaN among")
    @pytest.mark.parametrize(
        ("features", "expected"), [([FULL], {2, BAD}), ([KIN], {BAD}), ([KIN, FULL], {2, BAD}), ([], set())]
    )
    def test_they_are_left_out_of_streams(self, path, features, expected):
        sentences: list[str] = []
        with gathered(sentences.append):
            (chunk,) = chunks(entry_ranges([path], features=features))
            assert n_unusable() == len(expected)
            assert len(so_far()) == bool(expected)
        assert set(range(12)) - set(chunk.columns["entry"]) == expected
        for own in features:
            assert len(make_batch(chunk.jets, own)) == 12 - len(expected)
        assert len(sentences) == bool(expected)
        assert not expected or f"the first: {path}, entry {min(expected)}: part_" in sentences[0]

    def test_strict_streams_leave_the_refusal_to_the_model(self, path):
        (chunk,) = chunks(entry_ranges([path], features=[FULL], strict=True))
        assert len(chunk.jets) == 12
        for jets in (chunk.jets, chunk.jets[BAD:]):
            with pytest.raises(
                ValueError, match=r"jet \d: part_(charge|deta) is .*; expected a number of at most 1e\+06"
            ):
                make_batch(jets, FULL)


def test_a_stream_continues_after_a_chunk_of_nothing_else(tmp_path, table):
    spoiled = ak.where(np.arange(12) < 4, table["part_px"] * np.nan, table["part_px"])
    path = str(write_tree(tmp_path / "jets.root", table | {"part_px": spoiled}))
    with pytest.warns(JetWarning, match="Left out: 4 jets"), gathered():
        found = list(chunks(entry_ranges([path]), 4))
    assert [list(chunk.columns["entry"]) for chunk in found] == [[4, 5, 6, 7], [8, 9, 10, 11]]


class TestUnits:
    def test_momenta_in_mev(self, tmp_path, table):
        scaled = table | {name: ak.values_astype(table[name] * 1e3, np.float32) for name in MOMENTA}
        path = write_tree(tmp_path / "mev.root", scaled)
        with pytest.warns(
            JetWarning, match="mev.root: the median pT of its jets is above 10,000 GeV, as if momenta were in MeV"
        ):
            read_jets(path)

    @pytest.mark.parametrize("factor", [1e-3, 1, 10])
    def test_jets_of_any_collider(self, tmp_path, table, factor):
        scaled = {name: ak.values_astype(table[name] * factor, np.float32) for name in MOMENTA}
        assert len(read_jets(write_trees(tmp_path / "gev.root", tree=scaled))) == 12
