"""The one engine of comparisons: jets in files, in memory and of a caller's own give the same numbers."""

import io
import json
from dataclasses import dataclass

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.jets import write_jets, write_model

import part
from part.comparison.compare import compare_files, compare_jets
from part.comparison.engine import STAGES, run_comparison
from part.comparison.result import Comparison
from part.comparison.samples import MemorySample, SampleBatch, evenly_spaced
from part.comparison.summary import comparison_bytes, summary
from part.errors import PartError
from part.jets.datasets import JETCLASS
from part.jets.streaming import entry_ranges
from part.progress import Cancelled

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}
COUNTS = [8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    write_jets(folder / "jets.root", COUNTS)
    write_jets(folder / "bare.root", [5, 6], momenta_only=True)
    for seed, name in enumerate(("alpha", "beta")):
        write_model(folder / f"{name}.safetensors", seed, **SMALL)
    return folder


@pytest.fixture(scope="module")
def models(folder):
    return {name: part.load_model(folder / f"{name}.safetensors", "cpu") for name in ("alpha", "beta")}


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(folder / "jets.root")


@pytest.fixture(scope="module")
def comparison(models, jets):
    return compare_jets(models, jets, attention_jets=8, replicas=20)


def same_numbers(one: Comparison, other: Comparison) -> bool:
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert one.truth.tolist() == other.truth.tolist()
    assert one.attention_jets == other.attention_jets
    for name, replicas in one.replicas.items():
        np.testing.assert_allclose(other.replicas[name], replicas, err_msg=name)
    return True


@dataclass(frozen=True, eq=False)
class Reversed:
    """A caller's own sample: its batches come in another order than its rows."""

    jets: ak.Array
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.jets)

    def batches(self, size: int | None = None):
        rows = np.arange(len(self))[::-1]
        for start in range(0, len(rows), size or 3):
            selection = rows[start : start + (size or 3)]
            yield SampleBatch(selection, self.jets[selection], self.labels[selection])


def run_reversed(models, jets, **options) -> Comparison:
    truth = np.arange(len(jets)) % 10
    few = evenly_spaced(len(jets), 8)
    return run_comparison(models, Reversed(jets, truth), Reversed(jets[few], truth[few]), jets, replicas=20, **options)


def test_files_and_the_callers_own_batches_give_what_jets_in_memory_give(folder, models, jets, comparison):
    ranges = entry_ranges([str(folder / "jets.root")])
    assert same_numbers(comparison, compare_files(models, ranges, attention_jets=8, replicas=20))
    own = run_reversed(models, jets)
    assert same_numbers(comparison, own)
    np.testing.assert_allclose(own.attention[1].mean_divergence, comparison.attention[1].mean_divergence, rtol=1e-4)


def test_every_stage_is_reported_from_its_beginning(models, jets):
    steps = []
    compare_jets(models, jets, attention_jets=8, replicas=20, progress=lambda *step: steps.append(step))
    assert tuple(dict.fromkeys(stage for stage, _, _ in steps)) == STAGES
    for stage, total in zip(STAGES, (20, 8, 2, 20), strict=True):
        own = [(done, stage_total) for name, done, stage_total in steps if name == stage]
        assert own[0] == (0, total)
        assert all(stage_total == total for _, stage_total in own)
    assert steps[-1] == ("Bootstrap draws", 20, 20)


def test_a_progress_callback_can_stop_it(models, jets):
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "Models timed":
            raise Cancelled

    with pytest.raises(Cancelled):
        compare_jets(models, jets, progress=stop)


def test_all_model_work_goes_through_the_executor_in_small_batches(models, jets):
    calls = []

    def execute(function, *args):
        calls.append((getattr(function, "__name__", ""), len(args[0]) if args and isinstance(args[0], ak.Array) else 0))
        return function(*args)

    run_reversed(models, jets, batch_size=4, execute=execute)
    assert [size for name, size in calls if name == "predict"] == [4] * 10
    assert [size for name, size in calls if name == "trace"] == [8, 8]
    assert {name for name, _ in calls} > {"predict", "trace"}


def test_cached_probabilities_and_costs_are_used_and_extended(models, jets, comparison, monkeypatch):
    cache = {}
    first = run_reversed(models, jets, cache=cache)
    assert {kind for kind, _ in cache} == {"probabilities", "costs"}
    monkeypatch.setattr("part.inference.tagger.Tagger.predict", lambda *args: pytest.fail("predicts again"))
    monkeypatch.setattr("part.comparison.engine.measure_costs", lambda *args: pytest.fail("measures again"))
    repeated_run = run_reversed(models, jets, cache=cache)
    assert same_numbers(first, repeated_run)
    assert repeated_run.costs == first.costs


def test_without_labels_there_is_no_truth(models, jets):
    bare = jets[[name for name in jets.fields if not name.startswith("label")]]
    assert compare_jets(models, bare, attention_jets=1).truth is None


def test_bad_input_is_refused(folder, models, jets):
    with pytest.raises(PartError, match="no jets to compare"):
        compare_jets(models, jets[:0])
    with pytest.raises(PartError, match="on 0 jets; expected 1 or more"):
        compare_jets(models, jets, attention_jets=0)
    with pytest.raises(PartError, match="1 different models"):
        compare_jets({"alpha": models["alpha"]}, jets)
    with pytest.raises(PartError, match=r"bare\.root, jets from entry 0 on: .*part_charge"):
        compare_files(models, entry_ranges([str(folder / "bare.root")]))


def test_the_files_of_results_hold_the_comparison(comparison):
    content = json.loads(comparison_bytes(comparison, "json", {"jets": "jets.root"}))
    assert list(content)[:2] == ["jets", "models"]
    assert content == json.loads(json.dumps({"jets": "jets.root"} | summary(comparison)))
    lines = comparison_bytes(comparison, "csv").decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["model", "alpha", "beta"]
    table = pq.read_table(io.BytesIO(comparison_bytes(comparison, "parquet", columns={"entry": np.arange(20)})))
    assert table.column_names[:4] == ["entry", "label", "class_alpha", "class_beta"]
    np.testing.assert_array_equal(table["score_beta_Hcc"], comparison.probabilities[1, :, 2])
    with pytest.raises(ValueError, match="unknown kind 'xlsx'"):
        comparison_bytes(comparison, "xlsx")


def test_samples_yield_each_jet_once(jets):
    sample = MemorySample(jets, JETCLASS)
    batches = list(sample.batches(7))
    assert [len(batch.jets) for batch in batches] == [7, 7, 6]
    assert np.concatenate([batch.rows for batch in batches]).tolist() == list(range(20))
    assert np.concatenate([batch.labels for batch in batches]).tolist() == [*range(10), *range(10)]
    assert evenly_spaced(20, 3).tolist() == [0, 9, 19]
    assert evenly_spaced(3, 200).tolist() == [0, 1, 2]
