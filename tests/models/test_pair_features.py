"""The kinds of pair features: their names and symmetry, closed forms, and gradients that stay finite."""

import math

import pytest
import torch
from helpers.models import random_jets, randomise

from part.models.config import ParTConfig
from part.models.pair import PairEmbed
from part.models.pair_features import features_of_pairs
from part.models.pair_inputs import COORDINATES, COUNTS, feature_names, is_known, is_symmetric

KINDS = [(kind, count) for kind, counts in COUNTS.items() for count in counts if count != 7]
KINDS += [(f"xyzt:{coordinates}", 7) for coordinates in COORDINATES]


@pytest.fixture
def pairs():
    _, v, mask = random_jets()
    p = v[mask].double()
    return p[:-1], p[1:]


def close(a, b):
    torch.testing.assert_close(a, torch.as_tensor(b, dtype=a.dtype), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_so_many_features_have_so_many_names(kind, count, pairs):
    assert is_known(kind, count)
    features = features_of_pairs(kind, count, *pairs)
    names = feature_names(kind, count)
    assert features.shape == (len(pairs[0]), count)
    assert len(set(names)) == len(names) == count
    assert features.isfinite().all()


@pytest.mark.parametrize(("kind", "most"), [("pp", 8), ("ee", 6), ("xyzt:cylindrical", 7)])
def test_a_name_means_the_same_feature_whatever_their_number(kind, most, pairs):
    all_features = dict(zip(feature_names(kind, most), features_of_pairs(kind, most, *pairs).T, strict=True))
    for count in COUNTS[kind.partition(":")[0]]:
        for name, values in zip(feature_names(kind, count), features_of_pairs(kind, count, *pairs).T, strict=True):
            assert torch.equal(values, all_features[name])


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_symmetric_is_what_does_not_change_with_the_order(kind, count, pairs):
    a, b = pairs
    difference = (features_of_pairs(kind, count, a, b) - features_of_pairs(kind, count, b, a)).abs().max()
    assert bool(difference < 1e-6) == is_symmetric(kind, count)


def test_closed_forms_of_two_massless_particles_at_a_lepton_collider():
    a, b = torch.tensor([[3.0, 0, 0, 3]]).double(), torch.tensor([[0.0, 4, 0, 4]]).double()
    lnm2, cosine, sine, lnkt, lnz, lnjade = features_of_pairs("ee", 6, a, b)[0]
    close(torch.stack((lnm2, cosine, sine)), [math.log(24), 0.0, 1.0])
    close(torch.stack((lnkt, lnz, lnjade)), [math.log(3), math.log(3 / 7), math.log(12)])


def test_closed_forms_of_two_positions():
    a, b = torch.tensor([[0.0, 2, 1, 5]]).double(), torch.tensor([[1.0, 0, 0, 2]]).double()
    expected = [math.log(6), 0.0, 1.0, math.asinh(3)]
    close(features_of_pairs("xyzt:rectangular", 7, a, b)[0], [*expected, -1, 2, 1])
    polar = [math.asinh(math.sqrt(5) - 1), math.acos(1 / math.sqrt(5)) - math.pi / 2, math.pi / 2]
    close(features_of_pairs("xyzt:spherical", 7, a, b)[0], [*expected, *polar])
    close(features_of_pairs("xyzt:cylindrical", 7, a, b)[0], [*expected, math.asinh(1), math.pi / 2, math.asinh(1)])


def test_the_decay_angle_and_the_momentum_transfer_of_a_decay():
    """A particle at rest decays along the beam, and is then boosted along x: its daughters are at 90 degrees."""
    gamma, beta = 2.0, math.sqrt(3) / 2
    a, b = ([gamma * beta * 5, 0, sign * 5.0, gamma * 5] for sign in (1, -1))
    a, b = torch.tensor([a]).double(), torch.tensor([b]).double()
    features = dict(zip(feature_names("pp", 8), features_of_pairs("pp", 8, a, b)[0], strict=True))
    close(features["cosθ*"], 0.0)
    close(features["lnm²"], math.log(100))
    close(features["ln(-Δp²)"], math.log(100))
    close(features["Δφ"], 0.0)
    close(features["Δy"], 2 * math.atanh(5 / (gamma * 5)))


@pytest.mark.parametrize(("kind", "count"), KINDS)
@pytest.mark.parametrize("self_pairs", [True, False])
def test_the_bias_of_any_kind_has_finite_gradients_and_its_symmetry(kind, count, self_pairs):
    _, v, mask = random_jets()
    config = ParTConfig(pair_embed=(16,), heads=4, pair_features=kind, pair_inputs=count, self_pairs=self_pairs)
    embed = randomise(PairEmbed(config))
    v.requires_grad_()
    bias = embed(v, mask)
    symmetric = torch.equal(bias, bias.transpose(-2, -1))
    assert symmetric == config.symmetric_pairs
    diagonal = bias.diagonal(dim1=-2, dim2=-1).transpose(1, 2)[mask]
    assert (diagonal == 0).all() == (not self_pairs and symmetric)
    if not self_pairs and not symmetric:  # that of features 0
        close(diagonal, embed.embed(torch.zeros(1, count)).expand_as(diagonal))
    bias.square().sum().backward()
    assert v.grad.isfinite().all()
    assert v.grad.any()


def test_the_extra_features_have_an_embedding_of_their_own():
    _, v, mask = random_jets()
    extra = torch.randn(5, 40, 40, 3, generator=torch.Generator().manual_seed(0))
    embed = randomise(PairEmbed(ParTConfig(pair_embed=(16,), heads=4, extra_pair_features=3)))
    bias = embed(v, mask, extra)
    alone = randomise(PairEmbed(ParTConfig(pair_embed=(16,), heads=4, extra_pair_features=3, pair_inputs=0)))
    alone.load_state_dict(embed.extra.state_dict())
    real = (mask[:, :, None] & mask[:, None])[:, None].expand_as(bias)
    plain = randomise(PairEmbed(ParTConfig(pair_embed=(16,), heads=4)))
    plain.load_state_dict({k: t for k, t in embed.state_dict().items() if not k.startswith("extra.")})
    close(bias[real], (plain(v, mask) + alone(v * torch.nan, mask, extra))[real])
