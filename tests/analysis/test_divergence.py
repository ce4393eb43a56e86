"""Differences between models against closed forms."""

import numpy as np
import pytest

from part.analysis.statistics.calibration import reliability
from part.analysis.statistics.divergence import agreement, attention_change, jensen_shannon, logit_drift, outcomes


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_equal_distributions_have_no_divergence_and_disjoint_ones_ln_of_their_number():
    same = np.array([[0.2, 0.8], [0.2, 0.8]])
    assert jensen_shannon(same) == 0
    for models in (2, 3, 4):
        assert jensen_shannon(np.eye(models)) == pytest.approx(np.log(models))


def test_the_divergence_of_two_coins():
    p, q = 0.5, 0.9
    m = (p + q) / 2
    kl = [x * np.log(x / m) + (1 - x) * np.log((1 - x) / (1 - m)) for x in (p, q)]
    assert jensen_shannon(np.array([[p, 1 - p], [q, 1 - q]])) == pytest.approx(np.mean(kl))


def test_the_divergence_is_symmetric_bounded_and_does_not_depend_on_scale():
    p = np.random.default_rng(0).dirichlet(np.full(5, 0.3), (2, 100)).astype(np.float32)
    divergence = jensen_shannon(p)
    np.testing.assert_allclose(divergence, jensen_shannon(p[::-1]), atol=1e-12)
    np.testing.assert_allclose(divergence, jensen_shannon(p * np.array([1, 0.25])[:, None, None]), atol=1e-7)
    assert (divergence > 0).all()
    assert (divergence < np.log(2)).all()


def test_padding_does_not_count_as_a_change_of_attention():
    rng = np.random.default_rng(1)
    mask = np.arange(6) < np.array([[6], [2]])
    first, second = (rng.dirichlet(np.ones(6), (2, 3, 4, 6)) for _ in range(2))
    change = attention_change(first, second, mask)
    assert change.queries == 8
    by_hand = [jensen_shannon(np.stack((a, b)))[..., :n].sum(-1) for a, b, n in zip(first, second, (6, 2), strict=True)]
    np.testing.assert_allclose(change.mean_divergence, sum(by_hand) / 8)
    second[1, :, :, 2:] = rng.dirichlet(np.ones(6), (3, 4, 4))
    np.testing.assert_array_equal(attention_change(first, second, mask).mean_divergence, change.mean_divergence)


def test_changes_add_up_over_jets():
    rng = np.random.default_rng(2)
    mask = rng.random((5, 7)) < 0.7
    first, second = (rng.dirichlet(np.ones(7), (5, 2, 3, 7)) for _ in range(2))
    all_jets = attention_change(first, second, mask)
    halves = [attention_change(first[s], second[s], mask[s]) for s in (slice(2), slice(2, 5))]
    np.testing.assert_allclose((halves[0] + halves[1]).mean_divergence, all_jets.mean_divergence)
    np.testing.assert_allclose((halves[0] + halves[1]).flip_rate, all_jets.flip_rate)


def test_flips_count_queries_whose_strongest_key_is_another():
    first = np.tile(np.eye(4), (1, 1, 2, 1, 1))
    second = first.copy()
    second[0, 0, 1, 0] = (0.4, 0.6, 0, 0)  # one of four queries of the second head
    second[0, 0, 1, 1] = (0.4, 0.6, 0, 0)  # weaker, but the same key
    np.testing.assert_array_equal(attention_change(first, second, np.ones((1, 4), bool)).flip_rate, [[0, 0.25]])


def test_agreement_and_outcomes():
    classes = np.array([[0, 1, 2, 2], [0, 1, 1, 2], [1, 2, 0, 0]])
    np.testing.assert_array_equal(agreement(classes), [[1, 0.75, 0], [0.75, 1, 0], [0, 0, 1]])
    right = classes == np.array([0, 1, 1, 0])
    assert list(outcomes(right[0], right[1]).values()) == [2, 0, 1, 1]
    assert list(outcomes(right[1], right[0]).values()) == [2, 1, 0, 1]


def test_a_constant_added_to_a_jets_logits_is_no_drift():
    logits = np.random.default_rng(3).normal(0, 3, (50, 10))
    shifted = logits + np.arange(50)[:, None]
    np.testing.assert_allclose(logit_drift(softmax(logits), softmax(shifted)), 0, atol=1e-9)


def test_the_drift_of_one_logit():
    logits = np.random.default_rng(4).normal(0, 3, (50, 10))
    moved = logits.copy()
    moved[:, 3] += 0.5  # off the mean by 0.45 once and by -0.05 nine times
    np.testing.assert_allclose(logit_drift(softmax(logits), softmax(moved)), 0.5 * 0.9**0.5 * 0.1**0.5, rtol=1e-6)


def test_a_probability_that_underflows_leaves_the_drift_finite():
    assert np.isfinite(logit_drift(np.float32([[1, 0]]), np.float32([[0.5, 0.5]]))).all()


def test_a_calibrated_model_has_no_calibration_error():
    confidence = np.repeat([0.55, 0.75, 0.95], 100)
    right = np.concatenate([np.arange(100) < n for n in (55, 75, 95)])
    result = reliability(np.stack((confidence, 1 - confidence), 1), np.where(right, 0, 1), bins=10)
    assert result.expected_error == pytest.approx(0, abs=1e-12)
    assert result.counts.tolist() == [0, 0, 0, 0, 0, 100, 0, 100, 0, 100]
    np.testing.assert_allclose(result.accuracy[[5, 7, 9]], [0.55, 0.75, 0.95])
    assert np.isnan(result.accuracy[0])


def test_certain_and_always_wrong_is_an_error_of_one():
    assert reliability(np.tile([1.0, 0.0], (10, 1)), np.ones(10, int)).expected_error == 1


def test_the_calibration_error_weighs_bins_by_their_jets():
    p = np.array([0.9] * 30 + [0.6] * 10)
    labels = np.zeros(40, int)  # always right: off by 0.1 and by 0.4
    result = reliability(np.stack((p, 1 - p), 1), labels)
    assert result.expected_error == pytest.approx((30 * 0.1 + 10 * 0.4) / 40)
