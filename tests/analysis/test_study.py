"""What carries out a study: every jet goes by once a pass, in blocks, whatever their size and the files."""

from dataclasses import dataclass

import awkward as ak
import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis import registry as studies
from part.analysis.statistics.running_mean import Moments
from part.analysis.study import cut, study_files, study_jets
from part.errors import PartError
from part.jets.streaming import spans

COUNTS = ([5, 9, 3, 12, 4, 8, 6], [10, 2, 7])
SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}


@dataclass(frozen=True)
class Lengths:
    """Mean number of constituents, in the first pass; in later ones its spread about that."""

    block: int = 4
    passes: int = 2
    refused: bool = False

    def check(self, tagger):
        if self.refused:
            raise PartError("This model has no lengths.")

    def begin(self, tagger):
        return LengthsMeasurement()


class LengthsMeasurement:
    def __init__(self):
        self.blocks, self.truth = [], []
        self.sums, self.mean = Moments(), 0.0

    def add(self, jets, truth):
        self.blocks.append(len(jets))
        self.truth.append(truth)
        self.sums.add((ak.to_numpy(ak.num(jets["part_px"])) - self.mean) ** (2 if self.mean else 1))

    def next_pass(self):
        self.mean, self.sums = float(self.sums.result.value), Moments()

    def result(self):
        return self


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    for i, counts in enumerate(COUNTS):
        write_jets(folder / f"{i}.root", counts, seed=i)
    write_jets(folder / "bare.root", [4, 6], momenta_only=True)
    write_model(folder / "model.safetensors", **SMALL)
    return folder


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(folder / "model.safetensors", "cpu")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("part.jets.streaming.CHUNK", 3)


def files(folder, *names: str):
    return spans([str(folder / name) for name in names])


@pytest.mark.parametrize("block", [1, 2, 50])
def test_all_jets_go_by_in_every_pass(folder, tagger, block):
    told = []
    found = files(folder, "0.root", "1.root")
    result = study_files(Lengths(block), tagger, found, lambda *step: told.append(step))
    lengths = np.concatenate(COUNTS)
    assert result.mean == pytest.approx(lengths.mean())
    assert float(result.sums.result.value) == pytest.approx(lengths.var())
    assert sum(result.blocks) == 2 * len(lengths)
    assert max(result.blocks) <= block
    truth = np.concatenate(result.truth)
    expected = [*range(7), *range(3)] * 2
    assert sorted(truth.tolist()) == sorted(expected)
    assert told[0] == ("Jets, pass 1 of 2", 0, 10)
    assert told[-1] == ("Jets, pass 2 of 2", 10, 10)


def test_jets_at_hand_give_the_same(folder, tagger):
    jets = ak.concatenate([part.read_jets(folder / f"{i}.root") for i in range(2)])
    from_files = study_files(Lengths(), tagger, files(folder, "0.root", "1.root"))
    at_hand = study_jets(Lengths(), tagger, jets)
    assert at_hand.mean == pytest.approx(from_files.mean)
    assert float(at_hand.sums.result.value) == pytest.approx(float(from_files.sums.result.value))


def test_jets_of_like_length_go_together_with_their_labels():
    jets = ak.Array({"part_px": [[0.0] * n for n in COUNTS[0]]})
    blocks = list(cut(jets, np.arange(7), 3))
    assert [ak.num(some["part_px"]).tolist() for some, _ in blocks] == [[12, 9, 8], [6, 5, 4], [3]]
    assert [truth.tolist() for _, truth in blocks] == [[3, 1, 5], [6, 0, 4], [2]]
    assert all(truth is None for _, truth in cut(jets, None, 3))


def test_a_model_without_it_is_refused_before_any_jet(folder, tagger):
    with pytest.raises(PartError, match=r"^This model has no lengths\.$"):
        study_files(Lengths(refused=True), tagger, [])


def test_no_jets_are_refused(folder, tagger):
    with pytest.raises(PartError, match="no jets to study"):
        study_jets(Lengths(), tagger, part.read_jets(folder / "0.root")[:0])


def test_jets_that_lack_something_are_named_by_file(folder, tagger):
    with pytest.raises(PartError, match=r"bare\.root, jets from entry 0 on: .*part_charge"):
        study_files(Lengths(), tagger, files(folder, "bare.root"))


def test_a_bad_jet_is_named_by_its_place_in_the_file(folder, tagger, monkeypatch):
    read = part.streaming.read_jets

    def broken(path, start, stop):
        jets = read(path, start, stop)
        first = np.arange(start, start + len(jets)) == 4
        return ak.with_field(jets, ak.where(first, np.nan, 1.0) * jets["part_energy"], "part_energy")

    monkeypatch.setattr("part.jets.streaming.read_jets", broken)
    with pytest.raises(PartError, match=r"0\.root, jets from entry 3 on: jet 1: .*nan"):
        study_files(Lengths(), tagger, files(folder, "0.root"))


def test_there_is_a_module_and_a_chart_for_every_study():
    from importlib import import_module

    for kind in studies.STUDIES:
        module = studies.module_of(kind)
        assert callable(module.add_arguments)
        assert callable(module.study_of)
        assert callable(import_module(f"part.figures.studies.{kind}").charts)
    with pytest.raises(PartError, match="no study 'other'; choose one of"):
        studies.module_of("other")
