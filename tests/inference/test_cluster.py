"""Jets shared out among processes: the same numbers in the same order, also if a process dies."""

import json
import pickle
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.dictionaries import random_dictionary_of, write_dictionary
from helpers.jets import write_jets, write_model
from helpers.truth import with_partons
from helpers.workers import DyingOnce, describe

import part
from part.__main__ import main
from part.analysis.dictionary.place import Place
from part.analysis.registry import STUDIES, study_class
from part.analysis.study import study_files
from part.cli.evaluate import _score
from part.inference.cluster import Cluster, map_chunks, open_cluster
from part.inference.worker_tasks import ModelSource
from part.jets.streaming import entry_ranges

pytestmark = pytest.mark.slow

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}
COUNTS = [8, 12, 20, 5, 9, 11, 7, 6, 15, 10, 14, 1, 13, 22]
OPTIONS = {
    "importance": {"replacement": "resample", "draws": 20},
    "bias_switch": {"replicas": 20},
    "circuit": {"most": 2, "random": 3, "draws": 20},
    "edge_circuit": {"most": 20, "steps": 2, "random": 2, "draws": 20},
    "patching": {"clean": "Tbqq", "corrupted": "QCD"},
    "attribution": {"methods": ("occlusion",), "permutations": 1},
    "truth": {"methods": ("occlusion",)},
    "physics": {"methods": ("occlusion",), "draws": 5},
    "topk": {"ks": (1, 4), "draws": 20},
    "irc": {"points": (0.01,)},
    "bias": {"pairs": 4, "baseline": 8},
}
SHARED = [name for name in STUDIES if name not in ("attribution_jet", "truth")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    for i in range(2):
        write_jets(folder / f"{i}.root", COUNTS * 3, seed=i)
    write_model(folder / "toy.safetensors", **SMALL)
    return folder


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(folder / "toy.safetensors", "cpu")


@pytest.fixture(scope="module")
def ranges(folder):
    return entry_ranges([str(folder / "[0-9].root")])


@pytest.fixture(scope="module")
def cluster(folder, tagger):
    source = ModelSource(str(folder / "toy.safetensors"), "cpu").matching(tagger)
    with open_cluster([source], 2) as cluster:
        yield cluster


@pytest.fixture
def scheduler(cluster) -> list[str]:
    return ["--scheduler", cluster._client.scheduler.address]


def words(folder, command: str, *more) -> list[str]:
    model = ["--models" if command == "compare" else "--model", str(folder / "toy.safetensors")]
    return [command, *model, "--jets", str(folder / "[0-9].root"), "--device", "cpu", *map(str, more)]


def test_two_processes_share_the_jets_with_one_thread_each_and_the_same_model(cluster, ranges, tagger):
    shared = list(cluster.map_chunks(describe, ranges))
    assert len({process for _, (process, *_) in shared}) == 2
    assert {(key, threads) for _, (_, key, threads, _) in shared} == {(tagger.cache_key, 1)}
    places = [(entries.path, entry) for entries, _ in shared for entry in range(entries.start, entries.stop)]
    assert places == [(r.path, entry) for r in ranges for entry in range(r.start, r.stop)]


def test_the_jets_of_a_worker_that_dies_are_done_once_by_another(cluster, ranges, tagger, tmp_path):
    alone = [score for _, score in map_chunks(_score, ranges, [tagger])]
    dying = DyingOnce(tmp_path / "flag", _score)
    shared = [score for _, score in cluster.map_chunks(dying, ranges)]
    processes = {process for _, (process, *_) in cluster.map_chunks(describe, ranges)}
    assert int((tmp_path / "flag").read_text()) not in processes
    for i, tolerance in ((0, 1e-6), (1, 0)):
        expected, values = (np.concatenate([score[i] for score in scores]) for scores in (alone, shared))
        np.testing.assert_allclose(values, expected, atol=tolerance)


def test_jets_that_kill_every_worker_end_with_one_sentence(cluster, ranges, tmp_path):
    with pytest.raises(part.PartError, match=r"root, jets from entry \d+ on: every worker that took them died"):
        list(cluster.map_chunks(DyingOnce(tmp_path / "flag", _score, always=True), ranges))


@pytest.mark.parametrize("name", SHARED)
def test_studies_find_the_same(cluster, ranges, tagger, name, tmp_path):
    options = OPTIONS.get(name, {})
    if name == "dictionary":
        options = {
            "dictionary": write_dictionary(tmp_path, tagger, random_dictionary_of(16, 12, 3), Place(1)),
            "top": 2,
        }
    study = study_class(name)(**options)
    few = ranges if name in ("probes", "circuit", "edge_circuit") else [replace(entries, stop=14) for entries in ranges]
    steps = []
    alone = study_files(study, tagger, few)
    shared = study_files(study, tagger, few, lambda *step: steps.append(step), cluster)
    n = sum(map(len, few))
    assert steps[-1][1:] == (n, n)
    arrays = shared.arrays()
    for key, expected in alone.arrays().items():
        if key == "pairs":  # some of the pairs, of the jets that came first
            assert arrays[key].shape == expected.shape
        elif expected.dtype.kind in "fc":
            tolerance = 2e-3 if "circuit" in name else 1e-4  # divides by what little an untrained model tells apart
            np.testing.assert_allclose(arrays[key], expected, rtol=tolerance, atol=1e-5, err_msg=key)
        else:
            np.testing.assert_array_equal(arrays[key], expected, err_msg=key)


def test_sums_of_jets_with_partons_merge(tagger, ranges):
    jets = with_partons(part.read_jets(ranges[0].path))
    study = study_class("truth")(methods=("occlusion",))
    whole, first, second = (study.accumulator(tagger) for _ in range(3))
    for accumulator, rows in ((whole, jets), (first, jets[:20]), (second, jets[20:])):
        accumulator.add(rows, None)
    first.merge(pickle.loads(pickle.dumps(second.sums)))
    arrays = first.result().arrays()
    for key, expected in whole.result().arrays().items():
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(arrays[key], expected, rtol=1e-4, atol=1e-5, err_msg=key)


def test_predict_writes_the_same_table(folder, scheduler, tmp_path, capsys):
    for name, more in (("one", []), ("two", scheduler)):
        assert main(words(folder, "predict", *more, "--columns", "pt", "--out", tmp_path / f"{name}.parquet")) == 0
    printed = capsys.readouterr()
    assert printed.out.count("Wrote 84 jets") == 2
    assert printed.err.count("Jets: 84 of 84") == 2
    one, two = (pq.read_table(tmp_path / f"{name}.parquet").to_pydict() for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, values in one.items():
        if isinstance(values[0], float):
            np.testing.assert_allclose(two[name], values, atol=1e-6)
        else:
            assert two[name] == values, name


def test_evaluate_and_compare_find_the_same(folder, scheduler, tmp_path, capsys):
    write_model(folder / "other.safetensors", seed=1, **SMALL)
    both = ["--models", str(folder / "toy.safetensors"), str(folder / "other.safetensors"), "--attention-jets", "4"]
    for name, more in (("one", []), ("two", scheduler)):
        out = tmp_path / name
        assert main(words(folder, "evaluate", *more, "--out", f"{out}.json")) == 0
        assert main(words(folder, "compare", *both, *more, "--replicas", 20, "--out", out)) == 0
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()
    one, two = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("one", "two"))
    for a, b in zip(one["models"], two["models"], strict=True):
        timed = {name for name in a if name.startswith("ms_")}
        assert timed
        assert {name: a[name] for name in a.keys() - timed} == {name: b[name] for name in b.keys() - timed}
    tables = (pq.read_table(tmp_path / name / "per_jet.parquet") for name in ("one", "two"))
    rows = [table.select(["file", "entry", "label"]).to_pydict() for table in tables]
    assert rows[0] == rows[1]


def test_local_workers_do_a_command(folder, tmp_path):
    assert main(words(folder, "evaluate", "--workers", "1", "--stop", "20", "--out", tmp_path / "a.json")) == 0
    assert json.loads((tmp_path / "a.json").read_text())["jets"] == 20


def test_bad_jets_and_other_weights_end_with_the_sentence_of_one_process(folder, scheduler, cluster, ranges, capsys):
    write_jets(folder / "bare.root", [5, 6], momenta_only=True)
    assert main([*words(folder, "evaluate", *scheduler), "--jets", str(folder / "bare.root")]) == 2
    assert "bare.root has no labels of JetClass" in capsys.readouterr().err
    other = Cluster(cluster._client, [ModelSource(str(folder / "toy.safetensors"), "cpu", sha256="other")], True)
    with pytest.raises(part.PartError, match="A worker finds other weights at"):
        list(other.map_chunks(describe, ranges))


def test_what_cannot_be_shared_out_is_refused_with_one_sentence(folder, tmp_path, capsys, monkeypatch):
    out = ["--out", str(tmp_path / "out")]
    study = words(folder, "study", "--workers", "2", *out)
    for given, sentence in (
        (words(folder, "evaluate", "--workers", "0"), "0 workers were asked for; expected at least one."),
        (["study", "attribution_jet", *study[1:]], "attribution_jet studies one jet"),
        (words(folder, "evaluate", "--scheduler", "nonsense"), "No Dask scheduler answers at nonsense: "),
        (
            words(folder, "evaluate", "--scheduler", "tcp://127.0.0.1:9"),
            "No Dask scheduler answers at tcp://127.0.0.1:9",
        ),
    ):
        monkeypatch.setattr("part.inference.cluster.TIMEOUT", 1)
        assert main(given) == 2
        assert sentence in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(words(folder, "evaluate", "--workers", "2")) == 2
    assert capsys.readouterr().err.startswith("Workers need Dask, which is not installed: pip install ")
    assert not (tmp_path / "out").exists()
