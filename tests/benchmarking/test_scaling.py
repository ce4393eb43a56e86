"""Fits of time against size are exact on power laws."""

import numpy as np
import pytest

from part.benchmarking.scaling import PowerLaw, crossover, power_law_exponent, students_t


def test_exponents_of_powers_are_exact_and_fitted_to_the_upper_half():
    x = np.array([16.0, 32, 64, 128, 256, 512, 1024])
    exact = pytest.approx(1.7)
    assert power_law_exponent(x, 3 * x**1.7) == PowerLaw(exact, exact, exact, 4)
    bent = np.where(x < 100, 7.0, x**2)
    assert power_law_exponent(x[::-1], bent[::-1]).exponent == pytest.approx(2)
    assert power_law_exponent(x[:2], x[:2]) is None


@pytest.mark.parametrize("points", [3, 8])
def test_an_interval_holds_the_exponent_in_19_of_20_fits(points):
    rng, x = np.random.default_rng(points), 2.0 ** np.arange(points)
    x = np.concatenate((1e-3 * x, x)) if points > 3 else x  # of which the upper half is fitted
    fits = [power_law_exponent(x, x**1.5 * np.exp(rng.normal(0, 0.1, len(x)))) for _ in range(2000)]
    assert 0.935 < np.mean([fit.low <= 1.5 <= fit.high for fit in fits]) < 0.965


@pytest.mark.parametrize(("freedom", "half"), [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (30, 2.042)])
def test_students_intervals_are_those_of_the_tables(freedom, half):
    assert students_t(freedom) == pytest.approx(half, abs=1e-3)


def test_models_cross_where_their_lines_do():
    x = np.array([10.0, 100, 1000])
    assert crossover(x, x**2, 50 * x) == (10, 100)
    assert crossover(x, x**2, x) is None  # below throughout
    assert crossover(x, x, x**2) is None
