"""Quantization-aware training on toy jets: the int8 model that comes out is the one that was trained."""

from dataclasses import replace

import pytest
import torch
from helpers.jets import write_jets
from torch.nn import functional as F

from part.errors import PartError
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.streaming import entry_ranges
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.config import ParTConfig
from part.models.numerics.int8 import int8_scheme, plain_tensors
from part.models.numerics.quantize import quantize_dynamic
from part.training.data.decode import Decoder
from part.training.data.ragged import concatenate
from part.training.data.stream import JetStream
from part.training.qat import train_int8

SMALL = ParTConfig(embed=(16, 32), pair_embed=(8,), heads=4, layers=2, class_layers=1)


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    path = write_jets(tmp_path_factory.mktemp("qat") / "toy.root", [8, 12, 5, 9, 14, 3, 7, 11, 6, 10] * 4)
    return JetStream(entry_ranges([str(path)]), Decoder(FULL, JETCLASS))


def new_model():
    torch.manual_seed(0)
    return build(SMALL).eval().requires_grad_(False)


def loss(model, jets):
    batch = concatenate(list(jets.jets(0, len(jets)))).batch(torch.arange(len(jets)))
    return float(F.cross_entropy(model(batch.x, batch.v, batch.mask), batch.y))


@pytest.mark.slow
def test_training_lowers_the_loss_of_the_int8_model(jets, tmp_path, capfd):
    trained, untrained, seen = new_model(), new_model(), []
    quantize_dynamic(untrained)
    train_int8(trained, jets, steps=30, lr=1e-2, report=lambda step, value: seen.append((step, value)))
    assert capfd.readouterr() == ("", "")
    assert int8_scheme(trained) == "dynamic"
    assert [step for step, _ in seen] == list(range(1, 31))
    assert loss(trained, jets) < loss(untrained, jets) - 0.3
    before = plain_tensors(untrained)
    for key, value in plain_tensors(trained).items():
        if key.endswith("qdata"):
            assert not torch.equal(value, before[key]), key
    saved = save_checkpoint(tmp_path / "net.safetensors", trained, FULL, JETCLASS, {})
    assert loss(load_checkpoint(saved).model, jets) == loss(trained, jets)


def test_the_result_depends_on_the_seed_alone(jets):
    def weights(seed):
        model = new_model()
        train_int8(model, replace(jets, seed=seed), steps=2, lr=5e-3)
        return model.blocks[0].attn.qkv.weight.qdata

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("choice", [{"steps": 0}, {"lr": 0.0}])
def test_training_that_trains_nothing_is_refused(jets, choice):
    with pytest.raises(PartError, match="train nothing"):
        train_int8(new_model(), jets, **choice)
