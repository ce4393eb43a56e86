"""Micro-batches that share their BatchNorm statistics equal one batch in loss, gradients and statistics."""

import copy

import pytest
import torch
from helpers.models import random_jets, randomise
from torch.nn import functional as F

from part.jets.features import JetBatch
from part.models.build import build, config_class
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.particlenet import ParticleNetConfig
from part.training.lightning_module import calibrate_batchnorm
from part.training.micro_batches import forward_micro_batches

SMALL = {"embed": (16, 24), "pair_embed": (8, 8), "heads": 4, "layers": 2, "class_layers": 1, "dropout": 0.0}
TOKEN = SMALL | {"class_layers": 0, "global_token": True}
CONFIGS = [config_class(model)(**SMALL) for model in ("ParT", "ParTNoBias", "PairAttn")]
CONFIGS += [ParTConfig(**TOKEN)]
CONFIGS += [LinParTConfig(slots=4, pair_bias=bias, **SMALL) for bias in ("none", "projected", "landmark")]


def model_of(config):
    torch.manual_seed(0)
    return randomise(build(config)).train()


def batches():
    """Return twelve jets as one batch, and as three micro-batches, each padded to its longest jet."""
    x, v, mask = random_jets(12, 30)
    y = torch.arange(12) % 10
    n_truncated = torch.zeros(12, dtype=torch.int64)
    micro_batches = []
    for rows in torch.arange(12).split(4):
        n = int(mask[rows].sum(1).max())
        micro_batches.append(JetBatch(x[rows, :n], v[rows, :n], mask[rows, :n], y[rows], n_truncated[rows]))
    return JetBatch(x, v, mask, y, n_truncated), micro_batches


def backward(model, micro_batches):
    loss = F.cross_entropy(
        torch.cat(forward_micro_batches(model, micro_batches)), torch.cat([micro.y for micro in micro_batches])
    )
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.model}-{getattr(c, 'pair_bias', c.global_token)}")
def test_micro_batches_equal_one_batch(config):
    full_batch, micro_batches = batches()
    reference = model_of(config)
    model = copy.deepcopy(reference)
    before = {name: value.clone() for name, value in model.named_buffers() if name.endswith("running_mean")}
    torch.testing.assert_close(backward(model, micro_batches), backward(reference, [full_batch]))
    gradients = dict(model.named_parameters())
    for name, parameter in reference.named_parameters():
        torch.testing.assert_close(gradients[name].grad, parameter.grad, atol=1e-5, rtol=1e-3, msg=name)
    statistics = dict(model.named_buffers())
    for name, value in reference.named_buffers():
        torch.testing.assert_close(statistics[name], value, msg=name)
    assert all(not torch.equal(statistics[name], value) for name, value in before.items())


def test_separate_micro_batches_would_have_other_statistics():
    _, micro_batches = batches()
    model = model_of(CONFIGS[0])
    joint = torch.cat(forward_micro_batches(model, micro_batches))
    alone = torch.cat([model(micro.x, micro.v, micro.mask) for micro in micro_batches])
    assert (joint - alone).abs().max() > 1e-2


def test_with_fixed_statistics_micro_batches_are_independent():
    full_batch, micro_batches = batches()
    model = model_of(CONFIGS[0])
    calibrate_batchnorm(model, full_batch)
    alone = torch.cat([model(micro.x, micro.v, micro.mask) for micro in micro_batches])
    assert torch.equal(torch.cat(forward_micro_batches(model, micro_batches)), alone)


def test_a_model_that_needs_a_whole_batch_refuses_micro_batches():
    _, micro_batches = batches()
    with pytest.raises(TypeError, match="ParticleNet needs a whole batch"):
        forward_micro_batches(build(ParticleNetConfig(widths=(8,))).train(), micro_batches)
