"""Intervals of rates: Wilson's is where the normal test of a rate turns, Newcombe's combines two of them."""

import numpy as np
import pytest

from part.analysis.statistics.binomial import Rate, limit_of_none, newcombe, wilson
from part.analysis.statistics.running_mean import Z95


@pytest.mark.parametrize(("passed", "total"), [(1, 7), (3, 10), (50, 100), (999, 1000)])
def test_the_ends_are_the_rates_that_are_z_standard_deviations_away(passed, total):
    for end in wilson(passed, total):
        assert abs(passed / total - end) == pytest.approx(Z95 * np.sqrt(end * (1 - end) / total))


def test_rates_of_0_and_1_have_intervals_with_a_width():
    low, high = wilson(np.array([0, 10]), np.array([10, 10]))
    assert (low[0], high[1]) == (0, 1)
    assert high[0] == pytest.approx(Z95**2 / (10 + Z95**2))
    assert low[1] == pytest.approx(1 - high[0])


def test_an_interval_holds_the_rate_in_19_of_20_samples():
    passed = np.random.default_rng(1).binomial(200, 0.3, 4000)
    low, high = wilson(passed, np.full(4000, 200))
    assert 0.94 < ((low <= 0.3) & (high >= 0.3)).mean() < 0.965


def test_an_inverse_rate_has_the_inverse_ends_and_is_infinite_where_none_passes():
    rate = Rate(np.array([0, 5, 0]), np.array([20, 20, 0]))
    value, low, high = rate.inverse
    ends = rate.interval
    assert value[:2].tolist() == [np.inf, 4]
    assert (low[1], high[1]) == pytest.approx((1 / ends[1][1], 1 / ends[0][1]))
    assert low[0] == pytest.approx(1 / limit_of_none(20))
    assert high[0] == np.inf
    assert np.isnan([value[2], low[2], high[2]]).all()


def test_published_intervals():
    # Newcombe (1998), Stat. Med. 17, 857, table I, method 3 (Wilson's): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    low, high = wilson(np.array([81, 15, 0, 1]), np.array([263, 148, 20, 29]))
    np.testing.assert_allclose(low, [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(high, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


@pytest.mark.parametrize("total", [1, 50, 10_000])
def test_none_passes_in_1_of_20_samples_at_the_limit(total):
    assert (1 - limit_of_none(total)) ** total == pytest.approx(0.05)


def test_the_limit_of_many_jets_is_three_over_their_number():
    assert limit_of_none(10_000) * 10_000 == pytest.approx(-np.log(0.05), rel=1e-3)
    assert np.isnan(limit_of_none(0))


def test_a_difference_of_rates_is_antisymmetric_and_published():
    first, second = Rate(np.array([48]), np.array([80])), Rate(np.array([56]), np.array([70]))
    low, high = newcombe(first, second)
    # Newcombe (1998), example a of table II, method 10: 56/70 - 48/80.
    assert (float(low[0]), float(high[0])) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    back = newcombe(second, first)
    assert (back[0][0], back[1][0]) == pytest.approx((-high[0], -low[0]))
