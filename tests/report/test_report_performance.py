"""The numbers and charts of a report's performance, on scores whose answers are known."""

import numpy as np
import pytest

from part.analysis.statistics import bootstrap
from part.analysis.statistics.binomial import limit_of_none, wilson
from part.comparison.result import Comparison
from part.figures import performance_charts
from part.jets.schema import Dataset
from part.report.examples import choose
from part.report.sections import performance

DATASET = Dataset("toy", ("QCD", "Sig"), ("QCD", "signal"))


def comparison(scores, truth):
    """Return a model that gives the signal these scores."""
    scores = np.asarray(scores, np.float32)
    probabilities = np.stack([1 - scores, scores], 1)[None]
    return Comparison(("m",), DATASET, probabilities, np.asarray(truth), {}, (), (), 0)


def test_a_rejection_says_how_many_pass_and_is_a_bound_where_none_does():
    perfect = comparison([0.1] * 40 + [0.9] * 10, [0] * 40 + [1] * 10)
    for row in performance._rejections(perfect).rows:
        low = 1 / float(limit_of_none(40))
        assert row[3:] == ("0 of 40", f"> {low:.3g}")
    some = comparison([0.1] * 30 + [0.95] * 10 + [0.9] * 10, [0] * 40 + [1] * 10)
    assert [row[3] for row in performance._rejections(some).rows] == ["10 of 40", "10 of 40"]
    assert performance._rejections(some).rows[0][4].startswith("4 [")


def test_the_accuracy_has_wilsons_interval():
    quality = comparison([0.2, 0.8, 0.8, 0.2], [0, 1, 1, 1])
    assert performance._accuracy_ends(quality) == pytest.approx([float(end) for end in wilson(3, 4)])


def test_curves_and_bins_hold_the_jets():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    quality = comparison(np.clip(rng.normal(0.3 + 0.4 * truth, 0.2), 0.01, 0.99), truth)
    (curve,) = performance_charts.roc(quality).series
    assert (curve.low <= curve.y).all()
    assert (curve.y <= curve.high).all()
    assert curve.y[-1] == pytest.approx(1.0)
    _, points = performance_charts.calibration(quality).series
    assert sum(int(text.split()[0]) for text in points.labels) == 500
    np.testing.assert_allclose(performance_charts.confusion(quality).values.sum(1), 100)


def test_the_interval_of_an_auc_holds_it():
    rng = np.random.default_rng(1)
    positive = np.repeat([True, False], 200)
    low, high = bootstrap.auc_interval(rng.normal(positive, 1.0), positive)
    assert low < 0.76 < high
    assert high - low < 0.12


def test_the_three_jets_are_what_they_are_said_to_be():
    scores = [0.9, 0.8, 0.7, 0.99, 0.51, 0.02]
    truth = [1, 1, 1, 0, 1, 1]
    chosen = choose(comparison(scores, truth))
    assert list(chosen.values()) == [1, 3, 4]


def test_without_labels_no_jet_is_right_or_wrong():
    unlabelled = Comparison(("m",), DATASET, np.array([[[0.6, 0.4], [0.9, 0.1]]]), None, {}, (), (), 0)
    assert [kind.split(",")[0] for kind in choose(unlabelled)] == ["A typical jet", "The most uncertain prediction"]
