"""What makes a PFN a PFN, and a P-CNN a P-CNN."""

import pytest
import torch
from helpers.jets import write_jets
from helpers.models import random_jets, randomise

from part import PartError, read_jets
from part.jets.features import make_batch
from part.jets.schema import FULL
from part.models.build import build
from part.models.config import PCNNConfig, PFNConfig
from part.models.pcnn import wrap


@pytest.fixture
def pfn():
    torch.manual_seed(0)
    return randomise(build(PFNConfig(phi=(16, 24), f=(12,))))


@pytest.fixture
def pcnn():
    torch.manual_seed(0)
    return randomise(build(PCNNConfig(stem=8, stages=(16, 24), hidden=12)))


def hear(model, jets, asked):
    heard = {}
    model(*jets, tap=lambda name, tensor: heard.setdefault(name, tensor))
    return heard[asked]


def close(a, b):
    torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_pfn_does_not_know_the_order_of_the_particles(pfn):
    x, v, mask = random_jets()
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(3))
    close(pfn(x[:, order], v[:, order], mask[:, order]), pfn(x, v, mask))


def test_pfn_adds_up_its_particles(pfn):
    x, v, mask = random_jets()
    some = mask & (torch.arange(mask.shape[1]) % 3 == 0)
    parts = [hear(pfn, (x, v, m), "pooled") for m in (some, mask & ~some)]
    close(sum(parts), hear(pfn, (x, v, mask), "pooled"))
    assert parts[0].abs().max() > 0.1


def test_pcnn_repeats_a_jet_as_weaver_pads_it(tmp_path):
    jets = read_jets(write_jets(tmp_path / "jets.root", [1, 30, 7, 128, 100]))
    tight, full = make_batch(jets, FULL), make_batch(jets, FULL, length=128)
    zeros = tight.x * tight.mask[..., None]
    assert torch.equal(wrap(zeros, tight.mask, 128), full.x)
    assert torch.equal(wrap(full.x[:, :100], full.mask[:, :100], 128)[[0, 1, 2, 4]], full.x[[0, 1, 2, 4]])


def test_pcnn_finds_the_real_particles_wherever_they_stand(pcnn):
    x, v, mask = random_jets()
    apart = torch.arange(2 * x.shape[1]) // 2
    odd = torch.arange(2 * x.shape[1]) % 2 == 1
    close(pcnn(x[:, apart], v[:, apart], mask[:, apart] & odd), pcnn(x, v, mask))


def test_pcnn_depends_on_the_order(pcnn):
    x, v, mask = random_jets()
    full = slice(-1, None)  # the last jet has no padding
    assert (pcnn(x.flip(1), v, mask)[full] - pcnn(x, v, mask)[full]).abs().max() > 1e-3


def test_pcnn_refuses_a_longer_jet_than_it_has_slots(pcnn):
    x, v, mask = random_jets(particles=129)
    with pytest.raises(PartError, match="jets of up to 128 constituents, not 129"):
        pcnn(x, v, mask)
