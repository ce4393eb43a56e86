"""Micro-batches that share their BatchNorm statistics are one batch, to every loss, gradient and statistic."""

import copy

import pytest
import torch
from helpers.models import random_jets, randomise
from torch.nn import functional as F

from part.jets.features import JetBatch
from part.models.build import build
from part.models.config import LinParTConfig, ParTConfig, ParticleNetConfig
from part.training.lightning_module import calibrate
from part.training.micro_batches import logits_of

SMALL = {"embed": (16, 24), "pair_embed": (8, 8), "heads": 4, "layers": 2, "class_layers": 1, "dropout": 0.0}
TOKEN = SMALL | {"class_layers": 0, "global_token": True}
CONFIGS = [ParTConfig(model, **SMALL) for model in ("ParT", "ParTNoBias", "PairAttn")]
CONFIGS += [ParTConfig(**TOKEN)]
CONFIGS += [LinParTConfig(slots=4, pair_bias=bias, **SMALL) for bias in ("none", "projected", "landmark")]


def model_of(config):
    torch.manual_seed(0)
    return randomise(build(config)).train()


def batches():
    """Twelve jets as one batch, and as three padded each to its own longest."""
    x, v, mask = random_jets(12, 30)
    y = torch.arange(12) % 10
    dropped = torch.zeros(12, dtype=torch.int64)
    parts = []
    for rows in torch.arange(12).split(4):
        n = int(mask[rows].sum(1).max())
        parts.append(JetBatch(x[rows, :n], v[rows, :n], mask[rows, :n], y[rows], dropped[rows]))
    return JetBatch(x, v, mask, y, dropped), parts


def learn(model, parts):
    loss = F.cross_entropy(torch.cat(logits_of(model, parts)), torch.cat([part.y for part in parts]))
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.model}-{getattr(c, 'pair_bias', c.global_token)}")
def test_micro_batches_are_one_batch(config):
    whole, parts = batches()
    reference = model_of(config)
    model = copy.deepcopy(reference)
    before = {name: value.clone() for name, value in model.named_buffers() if name.endswith("running_mean")}
    torch.testing.assert_close(learn(model, parts), learn(reference, [whole]))
    gradients = dict(model.named_parameters())
    for name, parameter in reference.named_parameters():
        torch.testing.assert_close(gradients[name].grad, parameter.grad, atol=1e-5, rtol=1e-3, msg=name)
    statistics = dict(model.named_buffers())
    for name, value in reference.named_buffers():
        torch.testing.assert_close(statistics[name], value, msg=name)
    assert all(not torch.equal(statistics[name], value) for name, value in before.items())


def test_one_by_one_the_statistics_would_be_others():
    _, parts = batches()
    model = model_of(CONFIGS[0])
    together = torch.cat(logits_of(model, parts))
    alone = torch.cat([model(part.x, part.v, part.mask) for part in parts])
    assert (together - alone).abs().max() > 1e-2


def test_fixed_statistics_need_no_company():
    whole, parts = batches()
    model = model_of(CONFIGS[0])
    calibrate(model, whole)
    alone = torch.cat([model(part.x, part.v, part.mask) for part in parts])
    assert torch.equal(torch.cat(logits_of(model, parts)), alone)


def test_a_model_that_takes_its_batch_whole_says_so():
    _, parts = batches()
    with pytest.raises(TypeError, match="ParticleNet takes a batch whole"):
        logits_of(build(ParticleNetConfig(widths=(8,))).train(), parts)
