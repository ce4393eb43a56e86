"""What holds for ParticleNet, PFN and P-CNN alike: padding, company, tap, checkpoints, and the tagger around them."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from helpers.models import random_jets, randomise
from torch.nn import functional as F

import part
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.config import ParticleNetConfig, PCNNConfig, PFNConfig, config_from_dict

# A name: the architecture as published, one that is small, and what the tap hears of the small one.
MODELS = {
    "ParticleNet": (
        ParticleNetConfig(),
        ParticleNetConfig(widths=(16, 24), edge_layers=2, hidden=12),
        {"edge.0": (5, 40, 16), "edge.1": (5, 40, 24), "pooled": (5, 24)},
    ),
    "PFN": (PFNConfig(), PFNConfig(phi=(16, 24), f=(12,)), {"phi": (5, 40, 24), "pooled": (5, 24)}),
    "P-CNN": (
        PCNNConfig(),
        PCNNConfig(stem=8, stages=(16, 24), hidden=12),
        {"stem": (5, 8, 128), "stage.0": (5, 16, 128), "stage.1": (5, 24, 64), "pooled": (5, 24)},
    ),
}


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    torch.manual_seed(0)
    return randomise(build(MODELS[name][1]))


@pytest.fixture
def saved(model, tmp_path):
    return save_checkpoint(tmp_path / "small.safetensors", model, FULL, JETCLASS, {})


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


@pytest.mark.parametrize(
    ("name", "published", "exactly"),
    [("ParticleNet", "370k", 370_156), ("PFN", "86.1k", 86_154), ("P-CNN", "354k", 354_540)],
)
def test_it_has_the_published_number_of_parameters(name, published, exactly):
    model = build(MODELS[name][0])
    assert model.config.model == name
    assert sum(p.numel() for p in model.parameters()) == exactly
    assert f"{exactly / 1000}".startswith(published.removesuffix("k"))


def test_what_the_padding_holds_does_not_matter(model):
    x, v, mask = random_jets()
    for noise in (50.0, torch.inf, torch.nan):
        close(model(torch.where(mask[..., None], x, noise), v, mask), model(x, v, mask))


def test_how_much_padding_there_is_does_not_matter(model):
    x, v, mask = random_jets()
    longer = [F.pad(t, (0, 0, 0, 110)) for t in (x, v)]
    close(model(*longer, F.pad(mask, (0, 110))), model(x, v, mask))


def test_a_jet_does_not_see_the_others(model):
    x, v, mask = random_jets()
    alone = [model(x[i : i + 1, :n], v[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(mask.sum(1))]
    together = model(x, v, mask)
    assert (together[1:] - together[:-1]).abs().max() > 1e-3  # they are told apart, so equality means something
    close(torch.cat(alone), together)


def test_a_tap_that_only_listens_changes_nothing_and_hears_every_step(model, name):
    heard = {}
    jets = random_jets()
    close(model(*jets, tap=lambda name, tensor: heard.setdefault(name, tensor)), model(*jets))
    assert {name: tuple(tensor.shape) for name, tensor in heard.items()} == MODELS[name][2]


def test_a_tap_can_replace_what_it_hears(model, name):
    jets = random_jets()
    logits = model(*jets)
    for asked in MODELS[name][2]:
        changed = model(*jets, tap=lambda name, tensor, asked=asked: tensor.neg() if name == asked else tensor)
        assert (changed - logits).abs().max() > 1e-3, asked


def test_all_weights_learn(model):
    model(*random_jets()).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_half_the_digits_suffice(model):
    jets = random_jets()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        half = model(*jets)
    assert half.dtype == torch.bfloat16
    close(half.float().softmax(-1), model(*jets).softmax(-1), atol=0.02)


def test_what_is_saved_comes_back(model, saved):
    checkpoint = load_checkpoint(saved)
    assert checkpoint.model.config == model.config == config_from_dict(model.config.to_dict())
    jets = random_jets()
    close(checkpoint.model(*jets), model(*jets))


def test_a_tensor_that_does_not_fit_is_named(saved, model):
    card = saved.with_suffix(".json")
    card.write_text(card.read_text().replace('"classes": 10', '"classes": 9'))
    with pytest.raises(part.PartError, match=r"head\.weight has shape \(10, 12\), expected \(9, 12\)"):
        load_checkpoint(saved)


def test_a_tagger_predicts_and_traces(saved, name, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [1, 30, 7, 128, 12, 3, 45]))
    tagger = part.load_model(saved, device="cpu")
    trace = tagger.trace(jets)
    assert trace.names == ("mask", "logits", "probabilities")
    probabilities = tagger.predict(jets, batch_size=3)
    np.testing.assert_allclose(probabilities, trace.probabilities, atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 1e-3
    assert trace.jet(3).probabilities.shape == (10,)
    assert (tagger.config.model, tagger.config.layers, tagger.config.heads) == (name, 0, 0)
