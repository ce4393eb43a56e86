"""Fits of time against size are exact on power laws."""

import numpy as np
import pytest

from part.benchmarking.scaling import crossover, power_law_exponent


def test_exponents_of_powers_are_exact_and_fitted_to_the_upper_half():
    x = np.array([16.0, 32, 64, 128, 256, 512, 1024])
    assert power_law_exponent(x, 3 * x**1.7) == (pytest.approx(1.7), 4)
    bent = np.where(x < 100, 7.0, x**2)
    assert power_law_exponent(x[::-1], bent[::-1]) == (pytest.approx(2), 4)
    assert power_law_exponent(x[:2], x[:2]) is None


def test_models_cross_where_their_lines_do():
    x = np.array([10.0, 100, 1000])
    assert crossover(x, x**2, 50 * x) == pytest.approx(50)
    assert crossover(x, x**2, x) is None  # below throughout
    assert crossover(x, x, x**2) is None
