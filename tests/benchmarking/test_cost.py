"""The cost of a model where it can be counted by hand; no test asserts a time."""

import json

import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.benchmarking.cost import ROUNDS, Cost, _LiveBytes, judge_costs, measure_cost, measure_costs


def test_memory_counts_what_lives_at_once_and_views_once():
    a = torch.ones(1000)
    with torch.inference_mode(), _LiveBytes() as live:
        b = a + 1
        c = b.view(10, 100).T
        c.relu_()
        assert (live.now, live.peak) == (4000, 4000)
        d = c.contiguous()
        del b, c
        assert (live.now, live.peak) == (4000, 8000)
        del d
    assert (live.now, live.peak) == (0, 8000)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cost")
    return part.load_model(
        write_model(folder / "toy.safetensors", embed=(24,), pair_embed=(8,), heads=3, layers=2), backend="fused"
    )


def test_a_model_costs_its_file_its_parameters_and_more_memory_than_its_weights(tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [12, 30, 5]))
    cost = measure_cost(tagger, jets)
    assert cost.disk == tagger.path.stat().st_size
    assert cost.parameters == sum(p.numel() for p in tagger.model.parameters())
    pairs = 64 * 30 * 30 * 4 * 3  # the bias of 64 jets of 30 constituents alone, three heads
    assert cost.memory > 4 * cost.parameters + pairs
    assert cost.single > 0
    assert cost.batch > 0


def test_a_card_that_points_to_other_weights_has_the_size_of_their_file(tagger, tmp_path):
    (tmp_path / "toy.safetensors").write_bytes(tagger.path.read_bytes())
    (tmp_path / "toy.json").write_bytes(tagger.path.with_suffix(".json").read_bytes())
    card = {"weights": "toy.safetensors", "sha256": tagger.sha256, "backend": "explicit"}
    (tmp_path / "slow.json").write_text(json.dumps(card))
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [12]))
    assert measure_cost(part.load_model(tmp_path / "slow.json"), jets).disk == tagger.path.stat().st_size


def test_longer_jets_take_more_memory(tagger, tmp_path):
    short, long = (
        measure_cost(tagger, part.read_jets(write_jets(tmp_path / f"{n}.root", [n]))).memory - 4 * tagger.n_parameters
        for n in (20, 80)
    )
    assert long > 10 * short  # 16 times as many pairs


def test_every_pass_runs_on_the_executor(tagger, tmp_path):
    calls = []

    def execute(function, *args):
        calls.append(function.__name__)
        return function(*args)

    measure_cost(tagger, part.read_jets(write_jets(tmp_path / "jets.root", [9])), execute)
    assert calls[-1] == "peak_bytes"
    assert set(calls[:-1]) == {"_time_pass"}
    assert len(calls) - 1 == 2 * (1 + ROUNDS)  # warm-ups too, of one jet and of a batch


def test_passes_of_models_take_turns(tagger, tmp_path):
    calls = []

    def execute(function, *args):
        calls.append(args[0])
        return function(*args)

    other = part.load_model(tagger.path, backend="explicit")
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [9]))
    costs = measure_costs({"one": tagger, "other": other}, jets, execute)
    turns = [int(model is other) for model in calls]
    rounds = [0, 1] * (1 + ROUNDS)
    assert turns == rounds * 2 + [0, 1]  # one jet, a batch, memory
    assert all(len(cost.single_passes) == len(cost.batch_passes) == ROUNDS for cost in costs)
    assert costs[0].conditions == costs[1].conditions
    assert costs[0].single == np.median(costs[0].single_passes)


def test_costs_that_ship_have_no_times():
    cost = Cost(1, 2, 0.1, 0.2, 3)
    assert not cost.is_timed
    assert judge_costs([cost]) is None


def test_no_jets_are_refused(tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [9]))
    with pytest.raises(part.PartError, match="here are none"):
        measure_cost(tagger, jets[:0])
