"""Metrics against closed forms and brute force."""

import numpy as np
import pytest

from part.analysis.metrics import accuracy, auc, macro_auc, rejection


def test_auc_is_the_share_of_ordered_pairs_and_ties_count_half():
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 20, 200) / 20, rng.random(200) < 0.3
    p, n = scores[positive][:, None], scores[~positive][None]
    assert auc(scores, positive) == pytest.approx(((p > n) + 0.5 * (p == n)).mean())


def test_auc_of_perfect_and_of_useless_scores():
    positive = np.array([True, True, False])
    assert auc(np.array([0.9, 0.8, 0.1]), positive) == 1.0
    assert auc(np.ones(3), positive) == 0.5


def test_auc_of_one_kind_only_is_refused():
    with pytest.raises(ValueError, match="both kinds"):
        auc(np.ones(3), np.ones(3, bool))


def test_macro_auc_averages_the_pairs_both_ways():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 300)
    p = rng.dirichlet(np.ones(3), 300) + 0.5 * np.eye(3)[labels]
    expected = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        for this, other in ((a, b), (b, a)):
            s, o = p[labels == this, this][:, None], p[labels == other, this][None]
            expected.append((s > o).mean())
    assert macro_auc(p, labels) == pytest.approx(np.mean(expected))


def test_accuracy():
    assert accuracy(np.eye(4), np.array([0, 1, 2, 0])) == 0.75


def test_rejection_of_a_known_cut():
    signal = np.linspace(0.01, 1, 100)  # half of it lies above 0.5
    background = np.concatenate((np.full(95, 0.1), np.full(5, 0.9)))
    score = np.concatenate((signal, background))
    p = np.stack((1 - score, score), 1)
    labels = np.repeat([1, 0], 100)
    assert rejection(p, labels, 1, 0, 0.5) == pytest.approx(20)
    assert rejection(p, labels, 1, 0, 0.05) == np.inf
