"""The properties of the models without attention, and the tagger around them."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from helpers.models import random_jets, random_model, record, small_configs

import part
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.features import make_batch
from part.models.build import build, config_class
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pcnn import wrap

# What the tap of each small model receives.
TAPPED = {
    "ParticleNet": {"edge.0": (5, 40, 16), "edge.1": (5, 40, 24)},
    "PFN": {},
    "P-CNN": {"stage.0": (5, 16, 128), "stage.1": (5, 24, 64)},
}


@pytest.fixture
def pfn():
    return random_model(small_configs()["PFN"])


@pytest.fixture
def pcnn():
    return random_model(small_configs()["P-CNN"])


def close(a, b):
    torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("name", "published", "exact"),
    [("ParticleNet", "370k", 370_156), ("PFN", "86.1k", 86_154), ("P-CNN", "354k", 354_540)],
)
def test_it_has_the_published_number_of_parameters(name, published, exact):
    assert sum(p.numel() for p in build(config_class(name)()).parameters()) == exact
    assert f"{exact / 1000}".startswith(published.removesuffix("k"))


@pytest.mark.parametrize("name", TAPPED)
def test_a_tap_receives_each_convolution(name):
    tensors = record(random_model(small_configs()[name]), *random_jets())
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == TAPPED[name]


@pytest.mark.parametrize("name", TAPPED)
def test_a_tagger_predicts_and_traces(name, tmp_path):
    model = random_model(small_configs()[name])
    path = save_checkpoint(tmp_path / "small.safetensors", model, FULL, JETCLASS, {})
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [1, 30, 7, 128, 12, 3, 45]))
    tagger = part.load_model(path, device="cpu")
    trace = tagger.trace(jets)
    assert trace.names == ("mask", "logits", "probabilities")
    probabilities = tagger.predict(jets, batch_size=3)
    np.testing.assert_allclose(probabilities, trace.probabilities, atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 1e-3
    assert trace.jet(3).probabilities.shape == (10,)


def test_pfn_adds_up_its_particles(pfn):
    x, v, mask = random_jets()
    sums = []
    pfn.f.register_forward_pre_hook(lambda module, inputs: sums.append(inputs[0]))
    first_mask = mask & (torch.arange(mask.shape[1]) % 3 == 0)
    for present in (first_mask, mask & ~first_mask, mask):
        pfn(x, v, present)
    close(sums[0] + sums[1], sums[2])
    assert sums[0].abs().max() > 0.1


def test_pcnn_repeats_a_jet_as_weaver_pads_it(tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", [1, 30, 7, 128, 100]))
    tight, full = make_batch(jets, FULL), make_batch(jets, FULL, length=128)
    zeros = tight.x * tight.mask[..., None]
    assert torch.equal(wrap(zeros, tight.mask, 128), full.x)
    assert torch.equal(wrap(full.x[:, :100], full.mask[:, :100], 128)[[0, 1, 2, 4]], full.x[[0, 1, 2, 4]])


def test_pcnn_finds_the_real_particles_wherever_they_are(pcnn):
    x, v, mask = random_jets()
    twice = torch.arange(2 * x.shape[1]) // 2
    odd = torch.arange(2 * x.shape[1]) % 2 == 1
    close(pcnn(x[:, twice], v[:, twice], mask[:, twice] & odd), pcnn(x, v, mask))


def test_pcnn_depends_on_the_order(pcnn):
    x, v, mask = random_jets()
    full = slice(-1, None)  # the last jet has no padding
    assert (pcnn(x.flip(1), v, mask)[full] - pcnn(x, v, mask)[full]).abs().max() > 1e-3


def test_pcnn_refuses_a_longer_jet_than_it_has_slots(pcnn):
    x, v, mask = random_jets(particles=129)
    with pytest.raises(part.PartError, match="jets of up to 128 constituents, not 129"):
        pcnn(x, v, mask)
