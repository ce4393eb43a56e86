"""Streaming means and errors against numpy's."""

import numpy as np
import pytest

from part.analysis.statistics.running_mean import RunningMean
from part.errors import PartError

RNG = np.random.default_rng(0)
VALUES = RNG.normal(1e4, 1.0, (50, 3, 2))  # far from 0, where sums of squares would lose their digits


def added(values: np.ndarray, sizes: list[int]) -> RunningMean:
    moments = RunningMean(values.shape[1:])
    for block in np.split(values, np.cumsum(sizes)[:-1]):
        moments.add(block)
    return moments


@pytest.mark.parametrize("sizes", [[50], [1] * 50, [20, 30], [0, 49, 1]])
def test_means_and_errors_are_those_of_numpy(sizes):
    result = added(VALUES, sizes).result
    np.testing.assert_allclose(result.value, VALUES.mean(0), rtol=1e-14)
    np.testing.assert_allclose(result.error, VALUES.std(0, ddof=1) / 50**0.5, rtol=1e-9)
    assert (result.jets == 50).all()


@pytest.mark.parametrize("sizes", [[50], [7] * 7 + [1]])
def test_nan_does_not_count(sizes):
    values = VALUES.copy()
    values[RNG.random(values.shape) < 0.4] = np.nan
    values[:7, 0, 0] = np.nan  # none in the first batch
    result = added(values, sizes).result
    jets = np.isfinite(values).sum(0)
    np.testing.assert_array_equal(result.jets, jets)
    np.testing.assert_allclose(result.value, np.nanmean(values, 0), rtol=1e-14)
    np.testing.assert_allclose(result.error, np.nanstd(values, 0, ddof=1) / jets**0.5, rtol=1e-9)


def test_one_jet_has_no_error_and_no_jets_have_no_mean():
    values = np.array([[3.0, np.nan]])
    result = added(values, [1]).result
    assert result.value[0] == 3.0
    assert np.isnan(result.value[1])
    assert np.isnan(result.error).all()
    assert result.jets.tolist() == [1, 0]


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draws = RNG.normal(0.3, 2.0, (60, 4000))
    low, high = added(draws, [60]).result.interval
    share = ((low < 0.3) & (high > 0.3)).mean()
    assert share == pytest.approx(0.945, abs=0.015)  # a little below 0.95, as Student's t predicts for 60


def test_another_shape_is_refused():
    with pytest.raises(PartError, match=r"\(2,\) per jet; expected \(3,\)"):
        RunningMean((3,)).add(np.zeros((5, 2)))
