"""Variance shares of q·k and the bias in the attention logits."""

import numpy as np
import pytest

from part.analysis.bias.variance_shares import DECADES, VarianceShareAccumulator, centre, flips, ratios, variance_shares

RNG = np.random.default_rng(3)
MASK = np.arange(7) < np.array([7, 5, 2])[:, None]
PAIRS = (MASK[:, :, None] & MASK[:, None, :])[:, None, None]


def random_values() -> np.ndarray:
    """Return values (3 jets, 2 layers, 4 heads, 7, 7), zero on padding."""
    return (RNG.normal(size=(3, 2, 4, 7, 7)) * PAIRS).astype(np.float32)


def shares_of(scores: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return variance_shares(centre(scores, MASK), centre(bias, MASK), MASK)


def test_centred_rows_have_no_mean_and_stay_what_the_softmax_makes_of_them():
    values = random_values()
    centred = centre(values, MASK)
    np.testing.assert_allclose(centred.sum(-1), 0, atol=1e-5)
    assert not (centred * ~PAIRS).any()
    fence = np.where(MASK, 0, -np.inf)[:, None, None, None]
    odds, before = (np.exp(v + fence) for v in (centred, values))
    same = (odds / odds.sum(-1, keepdims=True))[0], (before / before.sum(-1, keepdims=True))[0]
    np.testing.assert_allclose(*same, rtol=1e-5)


def test_shares_add_up_and_are_those_of_the_variance_of_each_row():
    scores, bias = random_values(), random_values()
    actual = shares_of(scores, bias)
    np.testing.assert_allclose(actual.sum(1), 1, rtol=1e-6)
    rows = scores[1, 0, 2, :5, :5], bias[1, 0, 2, :5, :5]
    of_scores, of_bias, of_both = (row.var(-1).mean() for row in (*rows, rows[0] + rows[1]))
    np.testing.assert_allclose(actual[1, :2, 0, 2], np.array([of_scores, of_bias]) / of_both, rtol=1e-5)


def test_what_a_row_has_in_common_takes_no_share():
    scores, bias = random_values(), random_values()
    shifted = (bias + 40 * RNG.normal(size=(3, 2, 4, 7, 1))).astype(np.float32) * PAIRS
    np.testing.assert_allclose(shares_of(scores, shifted), shares_of(scores, bias), atol=1e-3)


def test_a_bias_along_q_k_splits_as_the_binomial_says():
    scores = random_values()
    expected = np.broadcast_to(np.array([1, 4, 4])[:, None, None] / 9, (3, 3, 2, 4))
    np.testing.assert_allclose(shares_of(scores, 2 * scores), expected, rtol=1e-5)


def test_flips_are_counted_over_real_queries_and_keys():
    scores = np.zeros((1, 1, 1, 3, 3), np.float32)
    scores[..., :, 0] = 1
    bias = np.zeros_like(scores)
    bias[..., 1, 1] = 5  # of two real queries one moves from key 0 to key 1
    bias[..., :, 2] = 50  # a padded key
    assert flips(scores, bias, np.array([[True, True, False]])).item() == 0.5


def test_a_ratio_falls_into_its_decade():
    bias = random_values()
    actual = ratios(10**1.1 * bias, bias, MASK)
    np.testing.assert_allclose(actual.sum(-1), 1)
    assert (actual.argmax(-1) == np.searchsorted(DECADES, 1.1) - 1).all()
    nothing = ratios(bias, np.zeros_like(bias), MASK)
    np.testing.assert_allclose(nothing[..., -1], 1)  # no bias at all: beyond the last edge


@pytest.mark.parametrize("cuts", [(3,), (1, 2)])
def test_batches_add_up_to_the_sample(cuts):
    scores, bias = random_values(), random_values()
    at_once, parts = VarianceShareAccumulator(2, 4), VarianceShareAccumulator(2, 4)
    at_once.add(scores, bias, MASK)
    for rows in np.split(np.arange(3), cuts):
        if len(rows):
            parts.add(scores[rows], bias[rows], MASK[rows])
    for name in ("scores", "bias", "covariance", "flips", "ratio", "centred"):
        expected, actual = getattr(at_once.result, name), getattr(parts.result, name)
        np.testing.assert_allclose(actual.value, expected.value, atol=1e-7)
        np.testing.assert_allclose(actual.error, expected.error, atol=1e-7)


def test_a_jet_of_one_particle_has_no_share():
    total = VarianceShareAccumulator(1, 1)
    total.add(*np.zeros((2, 1, 1, 1, 3, 3), np.float32), np.array([[True, False, False]]))
    assert total.result.flips.jets.item() == 0
