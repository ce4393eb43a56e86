"""Rank correlations and bootstrap draws, against direct calculations."""

from itertools import product

import numpy as np
import pytest

from part.analysis.statistics.poisson_bootstrap import DrawnMeans, drawn_interval, poisson_counts
from part.analysis.statistics.ranks import DrawnRanks, drawn_spearman, midranks, spearman


def direct_ranks(values: np.ndarray) -> np.ndarray:
    """Return the mean of the ranks that each value may take: those below it, and half of its equals."""
    return np.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])


def direct_spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(direct_ranks(a), direct_ranks(b))[0, 1])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_ties_share_the_mean_of_their_ranks():
    assert midranks(np.array([10, 20, 10, 30, 20, 20])).tolist() == [1.5, 4, 1.5, 6, 4, 4]
    assert midranks(np.array([5.0, 1.0, 5.0]), np.array([True, True, False])).tolist() == [2, 1, 0]


def test_correlations_are_those_of_a_direct_calculation_with_ties_and_masks(rng):
    a, b = rng.integers(0, 6, (4, 3, 25)), rng.integers(0, 4, (4, 1, 25))
    mask = rng.random((4, 1, 25)) < 0.7
    rho = spearman(a.astype(float), b.astype(float), mask)
    for j, r in product(range(4), range(3)):
        counted = mask[j, 0]
        assert rho[j, r] == pytest.approx(direct_spearman(a[j, r, counted], b[j, 0, counted]), abs=1e-12)


def test_a_published_example():
    """The classic example of IQ against hours of television has ρ = -29/165."""
    iq = np.array([106, 86, 100, 101, 99, 103, 97, 113, 112, 110])
    hours = np.array([7, 0, 27, 50, 28, 29, 20, 12, 6, 17])
    assert spearman(iq, hours, np.ones(10, bool)) == pytest.approx(-29 / 165)


def test_what_is_constant_or_too_short_has_no_correlation():
    line = np.arange(4.0)
    assert np.isnan(spearman(line, np.ones(4), np.ones(4, bool)))
    assert np.isnan(spearman(line, line, line < 2))
    assert spearman(line, -line, line < 3) == -1


def test_a_jet_drawn_twice_counts_as_two_jets(rng):
    a, b = rng.integers(0, 9, (3, 30)).astype(float), rng.normal(size=(2, 30))
    drawn = rng.poisson(1.0, 30)
    rho = drawn_spearman(DrawnRanks(a), DrawnRanks(b), drawn.astype(float))
    for i, j in product(range(3), range(2)):
        repeated = (np.repeat(values, drawn) for values in (a[i], b[j]))
        assert rho[i, j] == pytest.approx(direct_spearman(*repeated), abs=1e-12)


def test_drawn_means_are_those_of_repeated_jets_whatever_the_batches(rng):
    values, groups = rng.normal(size=(40, 2, 3)), rng.random((40, 2)) < 0.6
    values[rng.random(values.shape) < 0.1] = np.nan
    counts = poisson_counts(np.arange(40), 7)
    together, apart = DrawnMeans(7, 2, (2, 3)), DrawnMeans(7, 2, (2, 3))
    together.add(values, groups, counts)
    for rows in np.array_split(rng.permutation(40), 5):
        apart.add(values[rows], groups[rows], counts[rows])
    np.testing.assert_allclose(apart.result, together.result)
    repeated = np.repeat(values[groups[:, 1]], counts[groups[:, 1], 4].astype(int), axis=0)
    np.testing.assert_allclose(together.result[4, 1], np.nanmean(repeated, 0))


def test_the_interval_of_a_mean_is_that_of_its_standard_error(rng):
    values = rng.normal(5, 2, (400, 1))
    drawn = DrawnMeans(2000, 1, (1,))
    drawn.add(values, np.ones((400, 1), bool), poisson_counts(np.arange(400), 2000))
    low, high = drawn_interval(drawn.result)
    error = values.std(ddof=1) / 20
    np.testing.assert_allclose(
        [low[0, 0], high[0, 0]], values.mean() + np.array([-1.96, 1.96]) * error, atol=0.25 * error
    )


def test_draws_are_those_of_the_jet_and_not_of_its_place():
    hashes = np.array([7, 123456789, 7])
    counts = poisson_counts(hashes, 50)
    np.testing.assert_array_equal(counts[0], counts[2])
    np.testing.assert_array_equal(poisson_counts(hashes[1:2], 50)[0], counts[1])
    assert (poisson_counts(hashes, 50, seed=1) != counts).any()
