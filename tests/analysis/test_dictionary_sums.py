"""The sums of the study `dictionary`: shares with errors of ratios, correlations, and the strongest jets."""

import numpy as np
import pytest

from part.analysis.dictionary.sums import Correlations, FeatureSums, Recovery


def test_recovery_is_a_share_with_the_error_of_a_ratio():
    rng = np.random.default_rng(1)
    sums, parts = Recovery(1), [Recovery(1), Recovery(1)]
    values = rng.normal((2.0, 1.8, 1.0), 0.3, (400, 3))
    sums.add(values[:, None])
    for own, rows in zip(parts, (values[:150], values[150:]), strict=True):
        own.add(rows[:, None])
    parts[0].merge(parts[1])
    share, error = sums.recovered
    c, w, m = values.mean(0)
    assert share[0] == pytest.approx((w - m) / (c - m))
    draws = [values[rng.integers(0, 400, 400)].mean(0) for _ in range(2000)]
    assert error[0] == pytest.approx(np.std([(b - z) / (a - z) for a, b, z in draws]), rel=0.1)
    np.testing.assert_allclose(parts[0].recovered, sums.recovered)
    np.testing.assert_allclose(sums.means[1][0], values.std(0, ddof=1) / 20)


def test_correlations_are_pearsons():
    rng = np.random.default_rng(2)
    a, o = rng.normal(size=(80, 3)), rng.normal(size=(80, 2))
    a[:, 2], o[5, 0] = 1.0, np.nan
    sums = Correlations(3, 2)
    sums.add(a[:30], o[:30])
    sums.add(a[30:], o[30:])
    kept = np.isfinite(o).all(1)
    expected = np.corrcoef(a[kept, :2].T, o[kept].T)[:2, 2:]
    np.testing.assert_allclose(sums.value[:2], expected)
    assert np.isnan(sums.value[2]).all()


def test_of_equally_strong_jets_the_first_is_kept():
    sums, weights = FeatureSums(1), np.zeros((3, 4, 1))
    weights[:, 2] = 5.0
    sums.add(weights, np.ones((3, 4), bool), np.array([7, 3, 9]), np.zeros((3, 1)))
    assert sums.entry[0].tolist() == [3, 7, 9, -1]
    assert sums.particle[0].tolist() == [2, 2, 2, -1]
