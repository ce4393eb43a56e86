"""The loop of a study: every jet streams through once per pass, whatever the batch size and the files."""

import argparse
from dataclasses import dataclass
from importlib import import_module

import awkward as ak
import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis.registry import STUDIES, study_class
from part.analysis.statistics.running_mean import RunningMean
from part.analysis.study import batches_by_length, run_study, study_files, study_jets
from part.cli.options import add_fields, from_args
from part.errors import PartError
from part.jets.streaming import entry_ranges
from part.progress import Cancelled

COUNTS = ([5, 9, 3, 12, 4, 8, 6], [10, 2, 7])
SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}


@dataclass(frozen=True)
class Lengths:
    """The mean number of constituents in the first pass, and its variance in the second."""

    batch_size: int = 4
    n_passes: int = 2
    refused: bool = False

    def check(self, tagger):
        if self.refused:
            raise PartError("This model has no lengths.")

    def accumulator(self, tagger):
        return LengthsAccumulator()


class LengthsAccumulator:
    def __init__(self):
        self.batches, self.truth = [], []
        self.sums, self.mean = RunningMean(), 0.0

    def add(self, jets, truth):
        self.batches.append(len(jets))
        self.truth.append(truth)
        self.sums.add((ak.to_numpy(ak.num(jets["part_px"])) - self.mean) ** (2 if self.mean else 1))

    def next_pass(self):
        self.mean, self.sums = float(self.sums.result.value), RunningMean()

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
    return entry_ranges([str(folder / name) for name in names])


@pytest.mark.parametrize("size", [1, 2, 50])
def test_all_jets_stream_through_in_every_pass(folder, tagger, size):
    steps = []
    ranges = files(folder, "0.root", "1.root")
    result = study_files(Lengths(size), tagger, ranges, lambda *step: steps.append(step))
    lengths = np.concatenate(COUNTS)
    assert result.mean == pytest.approx(lengths.mean())
    assert float(result.sums.result.value) == pytest.approx(lengths.var())
    assert sum(result.batches) == 2 * len(lengths)
    assert max(result.batches) <= size
    truth = np.concatenate(result.truth)
    expected = [*range(7), *range(3)] * 2
    assert sorted(truth.tolist()) == sorted(expected)
    assert steps[0] == ("Jets, pass 1 of 2", 0, 10)
    assert steps[-1] == ("Jets, pass 2 of 2", 10, 10)


def test_jets_in_memory_give_the_same(folder, tagger):
    jets = ak.concatenate([part.read_jets(folder / f"{i}.root") for i in range(2)])
    from_files = study_files(Lengths(), tagger, files(folder, "0.root", "1.root"))
    in_memory = study_jets(Lengths(), tagger, jets)
    assert in_memory.mean == pytest.approx(from_files.mean)
    assert float(in_memory.sums.result.value) == pytest.approx(float(from_files.sums.result.value))


def test_jets_of_similar_length_share_a_batch_with_their_labels():
    jets = ak.Array({"part_px": [[0.0] * n for n in COUNTS[0]]})
    batches = list(batches_by_length(jets, np.arange(7), 3))
    assert [ak.num(sample["part_px"]).tolist() for sample, _ in batches] == [[12, 9, 8], [6, 5, 4], [3]]
    assert [truth.tolist() for _, truth in batches] == [[3, 1, 5], [6, 0, 4], [2]]
    assert all(truth is None for _, truth in batches_by_length(jets, None, 3))


def test_a_model_that_cannot_be_studied_is_refused_before_any_jet(folder, tagger):
    with pytest.raises(PartError, match=r"^This model has no lengths\.$"):
        study_files(Lengths(refused=True), tagger, [])


def test_no_jets_are_refused(folder, tagger):
    with pytest.raises(PartError, match="no jets to study"):
        study_jets(Lengths(), tagger, part.read_jets(folder / "0.root")[:0])


def test_jets_that_lack_something_are_named_by_file(folder, tagger):
    with pytest.raises(PartError, match=r"bare\.root, jets from entry 0 on: .*part_charge"):
        study_files(Lengths(), tagger, files(folder, "bare.root"))


def test_a_bad_jet_is_named_by_its_place_in_the_file(folder, tagger, monkeypatch):
    read = part.read_jets

    def broken(path, start, stop, config, strict):
        jets = read(path, start, stop)
        first = np.arange(start, start + len(jets)) == 4
        return ak.with_field(jets, ak.where(first, np.nan, 1.0) * jets["part_energy"], "part_energy")

    monkeypatch.setattr("part.jets.streaming.read_jets", broken)
    with pytest.raises(PartError, match=r"0\.root, jets from entry 3 on: jet 1: .*nan"):
        study_files(Lengths(), tagger, files(folder, "0.root"))


def test_every_study_has_a_class_a_chart_and_options_from_its_fields():
    for name in STUDIES:
        study = study_class(name)
        assert callable(import_module(f"part.figures.studies.{name}").charts)
        parser = argparse.ArgumentParser()
        add_fields(parser, study)
        required = {"attribution_jet": [], "patching": ["--clean", "Top", "--corrupted", "QCD"]}.get(name, [])
        assert isinstance(from_args(study, parser.parse_args(required)), study)
    with pytest.raises(PartError, match="no study 'other'; choose one of"):
        study_class("other")


@pytest.mark.parametrize("number", [1, 3])
def test_cancelling_from_the_progress_callback_stops_the_loop(folder, tagger, number):
    steps = []

    def progress(stage, done, total):
        steps.append(done)
        if len(steps) > number:
            raise Cancelled

    with pytest.raises(Cancelled):
        study_files(Lengths(1), tagger, files(folder, "0.root"), progress)
    assert len(steps) == number + 1


def test_the_executor_does_all_work_of_the_accumulator(folder, tagger):
    jets, calls = part.read_jets(folder / "0.root"), []

    def execute(function, *args):
        calls.append(function.__name__)
        return function(*args)

    run_study(Lengths(4), tagger, lambda: [(jets[:4], None), (jets[4:], None)], len(jets), execute=execute)
    assert calls == ["accumulator", "add", "add", "next_pass", "add", "add", "result"]


def stop_at(jets: int, last_pass: str, keep: bool = True):
    def progress(stage: str, done: int, total: int) -> None:
        if stage.endswith(last_pass) and done >= jets:
            raise Cancelled(keep)

    return progress


def test_a_study_that_is_stopped_gives_the_result_of_the_jets_so_far(folder, tagger, monkeypatch):
    jets, study = part.read_jets(folder / "0.root"), study_class("sparsity")()
    monkeypatch.setattr(type(study), "batch_size", 4)
    stopped = study_jets(study, tagger, jets, stop_at(4, "Jets"))
    longest = np.argsort(-ak.to_numpy(ak.num(jets["part_px"])), kind="stable")[:4]
    alone = study_jets(study, tagger, jets[longest])
    for name, values in alone.arrays().items():
        if values.dtype.kind != "U":
            np.testing.assert_allclose(stopped.arrays()[name], values, err_msg=name)
    with pytest.raises(Cancelled):
        study_jets(study, tagger, jets, stop_at(4, "Jets", keep=False))
    with pytest.raises(Cancelled):
        study_jets(study, tagger, jets, stop_at(0, "Jets"))


def test_of_several_passes_only_the_last_one_may_stop_early(folder, tagger, monkeypatch):
    jets = part.read_jets(folder / "0.root")
    with pytest.raises(Cancelled):
        study_jets(Lengths(), tagger, jets, stop_at(4, "2 of 2"))
    study = study_class("importance")(replacement="mean", draws=5)
    monkeypatch.setattr(type(study), "batch_size", 4)
    assert study_jets(study, tagger, jets, stop_at(4, "2 of 2")).jets == 4
    with pytest.raises(Cancelled):
        study_jets(study, tagger, jets, stop_at(4, "1 of 2"))
