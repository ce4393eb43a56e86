"""Pair features against closed forms, and the symmetries they must have."""

import math

import pytest
import torch
from helpers.models import random_jets, randomise

from part.models.config import ParTConfig
from part.models.pair import PairEmbed
from part.models.pair_features import pair_features


def momentum(pt, y, phi, mass=0.0):
    mt = math.hypot(pt, mass)
    p = [pt * math.cos(phi), pt * math.sin(phi), mt * math.sinh(y), mt * math.cosh(y)]
    return torch.tensor(p, dtype=torch.float64)


def test_closed_form_of_two_massless_particles():
    a, b = momentum(30.0, 0.1, 3.1), momentum(10.0, 0.4, -3.0)  # on both sides of phi = ±π
    delta = math.hypot(0.3, 2 * math.pi - 6.1)
    m2 = 2 * 30 * 10 * (math.cosh(0.3) - math.cos(6.1))
    expected = [math.log(10 * delta), math.log(0.25), math.log(delta), math.log(m2)]
    assert pair_features(a, b).tolist() == pytest.approx(expected, rel=1e-6)


def test_a_particle_with_itself_stays_finite():
    a = momentum(30.0, 0.1, 1.0, mass=0.14)
    lnkt, lnz, lndelta, lnm2 = pair_features(a, a).tolist()
    assert (lnkt, lndelta) == (math.log(1e-8), math.log(1e-8))
    assert (lnz, lnm2) == pytest.approx((math.log(0.5), math.log(4 * 0.14**2)), rel=1e-6)


def test_symmetric():
    _, v, mask = random_jets()
    a, b = v[mask][:100], v[mask][-100:]
    torch.testing.assert_close(pair_features(a, b), pair_features(b, a), atol=1e-4, rtol=0)


@pytest.mark.parametrize("move", ["rotation", "boost"])
def test_invariant_under_phi_rotation_and_longitudinal_boost(move):
    _, v, mask = random_jets()
    p = v[mask].double()
    if move == "rotation":
        c, s = math.cos(2.5), math.sin(2.5)
        moved = torch.stack((c * p[:, 0] - s * p[:, 1], s * p[:, 0] + c * p[:, 1], p[:, 2], p[:, 3]), -1)
    else:
        c, s = math.cosh(0.7), math.sinh(0.7)
        moved = torch.stack((p[:, 0], p[:, 1], c * p[:, 2] + s * p[:, 3], s * p[:, 2] + c * p[:, 3]), -1)
    expected = pair_features(p[:-1], p[1:])
    assert (moved - p).abs().max() > 1
    torch.testing.assert_close(pair_features(moved[:-1], moved[1:]), expected, atol=1e-6, rtol=1e-6)


def test_the_bias_is_symmetric_and_zero_on_padding():
    _, v, mask = random_jets()
    bias = randomise(PairEmbed(ParTConfig(pair_embed=(16,), heads=4)))(v, mask)
    pairs = (mask[:, :, None] & mask[:, None, :])[:, None].expand_as(bias)
    assert torch.equal(bias, bias.transpose(-2, -1))
    assert (bias[~pairs] == 0).all()
    assert bias[pairs].std() > 0.01


def test_statistics_held_and_folded_equal_those_of_the_batch_they_come_from():
    """In batch mode BatchNorm normalises with the batch; held at the same statistics, the folded map is the same."""
    _, v, mask = random_jets()
    embed = randomise(PairEmbed(ParTConfig(pair_embed=(16, 16), heads=4))).train()
    for module in embed.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = None
            module.reset_running_stats()
    batch = embed(v, mask)
    # Running variances are unbiased, batch variances are not: a part in the number of pairs.
    torch.testing.assert_close(embed.eval()(v, mask), batch, atol=2e-2, rtol=2e-2)
