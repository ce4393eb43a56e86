"""Shapley values of pair features, and the bias as a function."""

from functools import partial

import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.analysis.bias.bias_function import LN_INVERSE_DELTA as POINTS
from part.analysis.bias.bias_function import LN_KT as ROWS
from part.analysis.bias.bias_function import bias_on_lund_plane, massless, nearby
from part.analysis.bias.embedding import all_pairs, draw_pairs, evaluate_bias
from part.analysis.bias.lund import LN_INVERSE_DELTA, LN_KT, LundAccumulator, bin_means, cells
from part.analysis.bias.shapley import shapley
from part.analysis.bias.study import BaselinePairs
from part.jets.features import make_batch
from part.models.pair_features import pair_features

RNG = np.random.default_rng(5)
PAIRS, BASELINE = RNG.normal(size=(6, 4)), RNG.normal(size=(9, 4))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    return part.load_model(write_model(folder / "toy.safetensors", embed=(32,), pair_embed=(8, 8), layers=2, heads=4))


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    path = write_jets(tmp_path_factory.mktemp("jets") / "toys.root", [9, 1, 14, 2, 6])
    return part.read_jets(path)


@pytest.fixture(scope="module")
def batch(jets, tagger):
    return make_batch(jets, tagger.features)


def product(features: np.ndarray) -> np.ndarray:
    return np.stack([features[:, 0] * features[:, 1], features[:, 2]], -1)


def test_values_add_up_to_the_bias():
    result = shapley(product, PAIRS, BASELINE)
    np.testing.assert_allclose(result.base + result.values.sum(-1), result.bias, atol=1e-12)
    np.testing.assert_allclose(result.bias, product(PAIRS))


def test_a_linear_network_gives_each_feature_its_term():
    weights = RNG.normal(size=(4, 3))
    result = shapley(lambda f: f @ weights + 7, PAIRS, BASELINE)
    expected = (PAIRS - BASELINE.mean(0))[:, None] * weights.T
    np.testing.assert_allclose(result.values, expected, atol=1e-12)


def test_an_ignored_feature_gets_nothing_and_like_features_the_same():
    result = shapley(product, PAIRS, BASELINE)
    np.testing.assert_allclose(result.values[:, 0, 2:], 0, atol=1e-12)
    alike = PAIRS.copy(), BASELINE.copy()
    for features in alike:
        features[:, 1] = features[:, 0]
    twins = shapley(product, *alike).values[:, 0]
    np.testing.assert_allclose(twins[:, 0], twins[:, 1], atol=1e-12)


def test_a_product_of_two_shares_as_computed_by_hand():
    """v(both) = ab, v(a) = a B, v(b) = A b, v() = mean of the baseline's products, A and B its means."""
    result = shapley(product, PAIRS, BASELINE).values[:, 0]
    (a, b), (mean_a, mean_b) = PAIRS.T[:2], BASELINE.mean(0)[:2]
    empty = (BASELINE[:, 0] * BASELINE[:, 1]).mean()
    np.testing.assert_allclose(result[:, 0], (a * mean_b - empty + a * b - mean_a * b) / 2, atol=1e-12)


def test_values_add_up_to_the_bias_that_the_model_adds(tagger, jets, batch):
    pairs = all_pairs(batch)
    traced = tagger.trace(jets).bias
    assert (traced[:, 0] == traced[:, 1]).all()  # all layers share it
    result = shapley(partial(evaluate_bias, tagger), pairs.features[:40], pairs.features[50:70])
    expected = traced[pairs.jet, 0, :, pairs.i, pairs.j][:40]
    np.testing.assert_allclose(result.base + result.values.sum(-1), expected, atol=1e-5)


def test_drawn_pairs_do_not_depend_on_the_batch(tagger, jets, batch):
    pairs, chance = draw_pairs(batch, 8, seed=1)
    assert (np.bincount(pairs.jet, minlength=5) == [8, 0, 8, 8, 8]).all()
    assert (pairs.i != pairs.j).all()
    alone, same = draw_pairs(make_batch(jets[2:3], tagger.features), 8, seed=1)
    np.testing.assert_array_equal(alone.features, pairs.features[pairs.jet == 2])
    np.testing.assert_array_equal(same, chance[pairs.jet == 2])
    assert (draw_pairs(batch, 8, seed=2)[0].features != pairs.features).any()


def test_the_baseline_is_the_same_in_any_order(tagger, jets):
    def drawn_features(order: list[list[int]]) -> np.ndarray:
        baseline = BaselinePairs(10, seed=0)
        for jet_indices in order:
            baseline.add(make_batch(jets[jet_indices], tagger.features))
        return baseline.features

    first = drawn_features([[0, 1, 2, 3, 4]])
    assert first.shape == (10, 4)
    np.testing.assert_array_equal(drawn_features([[4, 3], [1], [2, 0]]), first)


def test_massless_pairs_have_the_mass_that_their_kt_and_z_say():
    angle, soft, hard = 0.01, 3.0, 17.0
    phi = torch.tensor([0.3, 0.3 + angle], dtype=torch.float64)
    pt = torch.tensor([soft, hard], dtype=torch.float64)
    a, b = torch.stack((pt * phi.cos(), pt * phi.sin(), 0.4 * pt, pt * (1 + 0.4**2) ** 0.5), -1)
    lnkt, lnz, _, lnm2 = pair_features(a, b).numpy()
    assert massless(lnkt, lnz) == pytest.approx(lnm2, abs=1e-3)


def test_the_function_is_the_network_at_its_points(tagger):
    network = partial(evaluate_bias, tagger)
    values = bias_on_lund_plane(network, -2.0, 1.5)
    assert values.shape == (4, len(ROWS), len(POINTS))
    np.testing.assert_allclose(values[:, 7, 3], network(np.array([[ROWS[7], -2.0, -POINTS[3], 1.5]]))[0], atol=1e-6)
    light = np.array([[ROWS[7], -2.0, -POINTS[3], massless(ROWS[7], -2.0)]])
    np.testing.assert_allclose(bias_on_lund_plane(network, -2.0)[:, 7, 3], network(light)[0], atol=1e-6)


def test_pairs_near_a_plane():
    features = np.array([[0, -2.2, 0, 1.0], [0, -2.2, 0, 9.0], [0, -4, 0, 1.0]])
    assert nearby(features, -2).tolist() == [True, True, False]
    assert nearby(features, -2, 1.2).tolist() == [True, False, False]


def test_lund_bins_hold_the_pairs_between_their_edges():
    features = np.array([[LN_KT[2] + 0.1, 0, -(LN_INVERSE_DELTA[5] + 0.1), 0], [50, 0, 0, 0]])
    cell, inside = cells(features)
    assert cell[0] == 2 * (len(LN_INVERSE_DELTA) - 1) + 5
    assert inside.tolist() == [True, False]
    means = bin_means(np.array([0, 2, 2]), np.array([[1.0], [2.0], [4.0]]), 4)
    np.testing.assert_array_equal(means.ravel(), [1, np.nan, 3, np.nan])


def test_means_over_the_lund_plane_are_those_of_the_jets_pairs(tagger, jets, batch):
    trace, pairs, total = tagger.trace(jets), all_pairs(batch), LundAccumulator(2, 4)
    total.add(trace.pattern, trace.bias[:, 0], pairs)
    result = total.result
    cell, inside = cells(pairs.features)
    row, column = divmod(int(cell[inside][0]), len(LN_INVERSE_DELTA) - 1)
    here = inside & (cell == cell[inside][0])
    of_jets = [
        trace.pattern[jet, 1, 2][pairs.i[chosen], pairs.j[chosen]].mean()
        for jet in range(len(jets))
        if (chosen := here & (pairs.jet == jet)).any()
    ]
    assert result.attention.value[1, 2, row, column] == pytest.approx(np.mean(of_jets), rel=1e-5)
    shares = [(here & (pairs.jet == jet)).sum() / (pairs.jet == jet).sum() for jet in (0, 2, 3, 4)]
    assert result.pairs.value[row, column] == pytest.approx(np.mean(shares))
