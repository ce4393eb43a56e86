"""The divergence of two samples: closed forms, the null hypothesis, the bias of finite samples."""

import numpy as np
import pytest

from part.analysis.statistics.histograms import (
    MIN_JETS,
    bin_edges,
    compare_histograms,
    compare_values,
    divergence_in_bits,
    histogram,
)
from part.errors import PartError


def entropy(*shares: float) -> float:
    return -sum(p * np.log2(p) for p in shares if p)


def test_equal_histograms_have_no_divergence_and_disjoint_ones_one_bit():
    assert divergence_in_bits(np.array([3, 1, 6]), np.array([6, 2, 12])) == pytest.approx(0)
    assert divergence_in_bits(np.array([4, 0]), np.array([0, 9])) == 1


def test_the_divergence_is_the_entropy_of_the_mean_minus_the_mean_of_entropies():
    p, q = np.array([0.5, 0.5, 0]), np.array([0.1, 0.2, 0.7])
    expected = entropy(*(p + q) / 2) - (entropy(*p) + entropy(*q)) / 2
    assert divergence_in_bits(p, q) == pytest.approx(expected)
    assert divergence_in_bits(q, p) == pytest.approx(expected)


def test_disjoint_samples_differ_by_exactly_one_bit():
    rng = np.random.default_rng(2)
    found = compare_values(rng.uniform(0, 1, 300), rng.uniform(2, 3, 300))
    assert (found.value, found.low, found.high, found.plain) == pytest.approx((1, 1, 1, 1))
    assert found.p_value < 0.01


def test_samples_of_one_distribution_are_compatible_with_0():
    rng = np.random.default_rng(3)
    found = [compare_values(rng.normal(size=150), rng.normal(size=900), 200, seed) for seed in range(120)]
    assert np.mean([one.low == 0 for one in found]) > 0.9
    assert np.mean([one.plain <= one.chance for one in found]) > 0.88
    p_values = np.array([one.p_value for one in found])
    assert 0.4 < p_values.mean() < 0.6
    # The plain divergence is above 0 by about (bins - 1) / (8 ln 2) (1 / n + 1 / m).
    bias = 9 / (8 * np.log(2)) * (1 / 150 + 1 / 900)
    assert np.mean([one.plain for one in found]) == pytest.approx(bias, rel=0.15)
    assert np.mean([one.value for one in found]) < bias / 2


def test_the_interval_holds_a_known_divergence():
    p = np.linspace(1, 3, 10) / np.linspace(1, 3, 10).sum()
    truth, rng = float(divergence_in_bits(p, p[::-1])), np.random.default_rng(4)
    found = [
        compare_histograms(rng.multinomial(300, p), rng.multinomial(2000, p[::-1]), 200, seed) for seed in range(150)
    ]
    assert np.mean([one.low <= truth <= one.high for one in found]) > 0.88
    assert np.mean([one.value for one in found]) == pytest.approx(truth, rel=0.05)
    assert np.mean([one.plain for one in found]) > 1.03 * truth


def test_too_few_jets_or_draws_give_no_number():
    assert compare_values(np.arange(MIN_JETS - 1.0), np.arange(100.0)) is None
    with pytest.raises(PartError, match="1 draws give no interval"):
        compare_histograms(np.array([1, 2]), np.array([2, 1]), 1)


def test_edges_hold_equally_many_values_or_one_value_each():
    values = np.random.default_rng(5).exponential(size=1000)
    counts = histogram(values, bin_edges(values, 8))
    assert counts.sum() == 1000
    assert np.ptp(counts) <= 1
    few = np.array([0, 2, 3, 3, np.nan, 0])
    edges = bin_edges(few, 5)
    assert edges.tolist() == [-1, 1, 2.5, 3.5]
    assert histogram(few[np.isfinite(few)], edges).tolist() == [2, 1, 2]
    assert bin_edges(np.array([7.0]), 3).tolist() == [6.5, 7.5]
    with pytest.raises(PartError, match="No jet has a finite number"):
        bin_edges(np.array([np.nan, np.inf]), 3)
    with pytest.raises(PartError, match="0 bins"):
        bin_edges(values, 0)
