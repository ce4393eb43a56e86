"""python -m part convert: checkpoints written again, in 32 or in 16 bits."""

import json

import pytest
import torch
from helpers.models import random_jets, randomise

from part.__main__ import main
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.config import ParTConfig


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(3)
    model = randomise(build(ParTConfig(inputs=17, embed=(32,), pair_embed=(8,), layers=2, heads=4)))
    card = {"training": {"epochs_done": 2}, "held_out": {"accuracy": 0.5}}
    return save_checkpoint(tmp_path_factory.mktemp("nets") / "net.safetensors", model, FULL, JETCLASS, card)


def test_half_a_file_gives_nearly_the_same_logits(saved, tmp_path):
    out = tmp_path / "small.safetensors"
    assert main(["convert", str(saved), str(out), "--half"]) == 0
    assert out.stat().st_size < 0.65 * saved.stat().st_size
    original, small = load_checkpoint(saved), load_checkpoint(out)
    assert {parameter.dtype for parameter in small.model.parameters()} == {torch.float32}
    for key, value in original.model.state_dict().items():
        converted = small.model.state_dict()[key]
        assert torch.equal(converted, value.half().float() if value.ndim > 1 else value), key
    x, v, mask = random_jets()
    with torch.no_grad():
        before, after = original.model(x, v, mask), small.model(x, v, mask)
    assert 0 < (before - after).abs().max() < 0.02 * before.abs().max()


def test_the_card_is_kept_except_for_results(saved, tmp_path):
    out = tmp_path / "small.safetensors"
    assert main(["convert", str(saved), str(out), "--half"]) == 0
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["training"] == {"epochs_done": 2}
    assert "held_out" not in card
    assert card["converted_from"] == {"file": saved.name, "sha256": load_checkpoint(saved).sha256, "half": True}


def test_int8_weights_are_refused(saved, tmp_path, capsys):
    small = tmp_path / "int8.safetensors"
    assert main(["quantize", "--model", str(saved), "--method", "dynamic", "--out", str(small)]) == 0
    assert main(["convert", str(small), str(tmp_path / "half.safetensors"), "--half"]) == 2
    assert "is int8 already" in capsys.readouterr().err
