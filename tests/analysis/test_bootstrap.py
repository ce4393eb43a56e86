"""Draws of jets, against the metrics of jets that are really repeated."""

import numpy as np
import pytest

from part.analysis.statistics import metrics
from part.analysis.statistics.bootstrap import draws, interval, replicas
from part.errors import PartError
from part.jets.datasets import JETCLASS, TOPLANDSCAPE


def sample(jets: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of two models, the second with coarse scores that tie, and labels of ten classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, jets)
    first = rng.dirichlet(np.ones(10), jets) + np.eye(10)[labels] * rng.random((jets, 1))
    second = np.round(first, 1) + 0.05
    return np.stack([p / p.sum(1, keepdims=True) for p in (first, second)]).astype(np.float32), labels


def test_every_draw_has_the_classes_of_the_sample():
    labels = np.repeat([0, 3, 4], [5, 1, 30])
    drawn = np.concatenate(list(draws(labels, 50)))
    assert drawn.shape == (50, 36)
    for c in (0, 3, 4):
        assert (drawn[:, labels == c].sum(1) == (labels == c).sum()).all()
    assert drawn.std(0)[labels != 3].min() > 0


def test_the_seed_decides_and_the_size_of_blocks_does_not(monkeypatch):
    probabilities, labels = sample(80)
    one = replicas(probabilities, labels, JETCLASS, 20, seed=1)
    monkeypatch.setattr("part.analysis.statistics.bootstrap._BLOCK", 7 * 80)
    other = replicas(probabilities, labels, JETCLASS, 20, seed=1)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    assert (replicas(probabilities, labels, JETCLASS, 20, seed=2)["accuracy"] != one["accuracy"]).any()


def test_a_draw_measures_what_the_repeated_jets_measure():
    probabilities, labels = sample(300)
    (drawn,) = draws(labels, 6, seed=3)
    by_metric = replicas(probabilities, labels, JETCLASS, 6, seed=3)
    for r in range(6):
        jets = np.repeat(np.arange(300), drawn[r].astype(int))
        for m in range(2):
            p, y = probabilities[m, jets], labels[jets]
            assert by_metric["accuracy"][m, r] == pytest.approx(metrics.accuracy(p, y))
            assert by_metric["macro_auc"][m, r] == pytest.approx(metrics.macro_auc(p, y))
            for name, point in metrics.working_points(JETCLASS, labels).items():
                assert by_metric[name][m, r] == pytest.approx(metrics.rejection(p, y, *point)), name


def test_the_interval_of_an_accuracy_is_that_of_binomials():
    labels = np.repeat([0, 1], 2000)
    right = np.concatenate((np.arange(2000) < 1400, np.arange(2000) < 1800))
    p = np.eye(2)[np.where(right, labels, 1 - labels)]
    values = replicas(np.stack((p, p)), labels, TOPLANDSCAPE, 2000)["accuracy"]
    deviation = np.sqrt((0.7 * 0.3 + 0.9 * 0.1) / 2000) / 2
    assert values[0].std() == pytest.approx(deviation, rel=0.06)
    low, high = interval(values[0])
    assert (high - low) / 2 == pytest.approx(1.96 * deviation, rel=0.08)


def test_models_are_paired():
    """A model that is wrong on one jet more is never better, however the accuracy itself scatters."""
    labels = np.zeros(100, int)
    better = np.tile([0.9, 0.1], (100, 1))
    better[:40] = (0.1, 0.9)
    worse = better.copy()
    worse[50] = (0.1, 0.9)
    values = replicas(np.stack((better, worse)), labels, TOPLANDSCAPE, 100)["accuracy"]
    gain = values[1] - values[0]
    assert values[0].std() > 0.03
    assert gain.max() <= 0
    assert gain.mean() == pytest.approx(-0.01, abs=0.005)


def test_an_interval_may_end_at_infinity():
    values = np.array([*np.arange(1.0, 96.0), *[np.inf] * 5])
    assert interval(values) == (3, np.inf)


def test_jets_of_one_class_have_only_an_accuracy():
    probabilities, _ = sample(20)
    assert list(replicas(probabilities, np.full(20, 4), JETCLASS, 5)) == ["accuracy"]


def test_one_replica_gives_no_interval():
    with pytest.raises(PartError, match="expected 2 or more"):
        replicas(*sample(20), JETCLASS, 1)
