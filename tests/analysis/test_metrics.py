"""Metrics against closed forms and brute force."""

import numpy as np
import pytest

from part.analysis.statistics.bootstrap import replicas
from part.analysis.statistics.calibration import reliability
from part.analysis.statistics.metrics import (
    accuracy,
    auc,
    background_class,
    confusion,
    discriminant,
    macro_auc,
    measure,
    rejection,
    roc_curve,
    working_points,
)
from part.errors import PartError
from part.jets.datasets import JETCLASS, QUARKGLUON, TOPLANDSCAPE


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


def test_macro_auc_averages_ordered_pairs():
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


def test_the_area_under_the_roc_curve_is_the_auc():
    rng = np.random.default_rng(2)
    scores, positive = rng.integers(0, 12, 300) / 12, rng.random(300) < 0.4
    efficiency, mistaken = roc_curve(scores, positive)
    assert (efficiency[0], mistaken[0], efficiency[-1], mistaken[-1]) == (0, 0, 1, 1)
    assert len(efficiency) == len(np.unique(scores)) + 1
    assert np.trapezoid(efficiency, mistaken) == pytest.approx(auc(scores, positive))


def test_the_roc_curve_holds_the_rejection():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 400)
    p = rng.dirichlet(np.ones(2), 400) + 0.4 * np.eye(2)[labels]
    efficiency, mistaken = roc_curve(discriminant(p, 1, 0), labels == 1)
    cut = np.argmax(efficiency >= 0.5)
    assert 1 / mistaken[cut] == pytest.approx(rejection(p, labels, 1, 0, 0.5), rel=0.05)


def test_confusion_counts_true_against_predicted_classes():
    counts = confusion(np.array([0, 1, 1, 2, 0]), np.array([0, 1, 0, 2, 2]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]


def test_jets_of_one_class_have_an_accuracy_and_no_auc():
    p = np.eye(10)[np.array([1, 1, 2, 1])]
    result = measure(p, np.ones(4, int), JETCLASS)
    assert result == {"jets": 4, "accuracy": 0.75, "accuracy_error": 0.21651, "macro_auc": None}


def test_rejections_are_those_that_were_published():
    names = list(working_points(JETCLASS, np.arange(10)))
    assert names[0] == "rejection_Hbb_50%"
    assert {"rejection_Hqql_99%", "rejection_Tbl_99.5%"} <= set(names)
    assert len(names) == 9
    assert working_points(TOPLANDSCAPE, np.arange(2)) == {
        "rejection_Top_30%": (0, 1, 0.3),
        "rejection_Top_50%": (0, 1, 0.5),
    }
    assert working_points(TOPLANDSCAPE, np.ones(2, int)) == {}
    assert (background_class(JETCLASS), background_class(TOPLANDSCAPE), background_class(QUARKGLUON)) == (0, 1, 1)


def test_a_label_beyond_the_classes_is_named():
    probabilities, truth = np.full((3, 10), 0.1), np.array([0, 10, 12])
    for compute, scores in ((measure, probabilities), (replicas, probabilities[None])):
        with pytest.raises(PartError, match="jet 1 has class 10; expected 0 to 9 for JetClass"):
            compute(scores, truth, JETCLASS)


@pytest.mark.parametrize("measured", [reliability, lambda p, y: measure(p, y, JETCLASS)])
def test_probabilities_that_are_not_finite_are_refused(measured):
    probabilities = np.full((3, 10), 0.1)
    probabilities[2, 4] = np.nan
    with pytest.raises(PartError, match="jet 2 has probabilities that are not finite"):
        measured(probabilities, np.arange(3))


def test_no_jets_have_no_quality():
    with pytest.raises(PartError, match="There are no jets to measure"):
        measure(np.empty((0, 10)), np.empty(0, int), JETCLASS)
