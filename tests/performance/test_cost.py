"""What a model costs, where it can be counted by hand. No test asserts a time."""

import json

import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.benchmarking.cost import _Living, cost


def test_memory_counts_what_lives_at_once_and_views_once():
    a = torch.ones(1000)
    with torch.inference_mode(), _Living() as living:
        b = a + 1
        c = b.view(10, 100).T
        c.relu_()
        assert (living.now, living.peak) == (4000, 4000)
        d = c.contiguous()
        del b, c
        assert (living.now, living.peak) == (4000, 8000)
        del d
    assert (living.now, living.peak) == (0, 8000)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cost")
    return part.load_model(write_model(folder / "toy.safetensors", embed=(24,), pair_embed=(8,), heads=3, layers=2))


def test_a_model_costs_its_file_its_parameters_and_more_memory_than_its_weights(tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [12, 30, 5]))
    found = cost(tagger, jets)
    assert found.disk == tagger.path.stat().st_size
    assert found.parameters == sum(p.numel() for p in tagger.model.parameters())
    pairs = 64 * 30 * 30 * 4 * 3  # the bias of 64 jets of 30 constituents alone, three heads
    assert found.memory > 4 * found.parameters + pairs
    assert found.single > 0
    assert found.batch > 0


def test_a_card_that_borrows_weights_costs_those(tagger, tmp_path):
    (tmp_path / "toy.safetensors").write_bytes(tagger.path.read_bytes())
    (tmp_path / "toy.json").write_bytes(tagger.path.with_suffix(".json").read_bytes())
    lent = {"weights": "toy.safetensors", "sha256": tagger.sha256, "backend": "explicit"}
    (tmp_path / "slow.json").write_text(json.dumps(lent))
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [12]))
    assert cost(part.load_model(tmp_path / "slow.json"), jets).disk == tagger.path.stat().st_size


def test_longer_jets_take_more_memory(tagger, tmp_path):
    short, long = (
        cost(tagger, part.read_jets(write_jets(tmp_path / f"{n}.root", [n]))).memory - 4 * tagger.n_parameters
        for n in (20, 80)
    )
    assert long > 10 * short  # 16 times as many pairs


def test_every_pass_goes_through_the_given_door(tagger, tmp_path):
    calls = []

    def run(function, *values):
        calls.append(function.__name__)
        return function(*values)

    cost(tagger, part.read_jets(write_jets(tmp_path / "jets.root", [9])), run)
    assert calls == ["_pass"] * 8 + ["peak_bytes"]


def test_no_jets_are_refused(tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [9]))
    with pytest.raises(part.PartError, match="here are none"):
        cost(tagger, jets[:0])
