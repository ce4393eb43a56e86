"""Axes of probabilities: from 0 to 1, and narrower where, as of many classes, all are improbable."""

import numpy as np
import pytest

from part.analysis.bias.bias_ablation import BiasAblation
from part.figures.axis_ranges import probability_range
from part.figures.charts import colour_limits
from part.figures.studies.bias_switch import jet_probabilities
from part.figures.studies.topk import jet_comparison, jet_curves

MANY = np.full((2, 188), 1 / 200)
MANY[:, 3] = 0.03
FEW = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]])


@pytest.mark.parametrize(("values", "top"), [(FEW, 1.02), (MANY, 0.0375), (np.array([np.nan, 0.1]), 0.125)])
def test_the_axis_holds_all_probabilities_and_is_not_empty(values, top):
    assert probability_range(values) == pytest.approx((0, top))
    assert probability_range(values / 2, values) == pytest.approx((0, top))


def test_an_axis_of_nothing_is_whole():
    assert probability_range() == (0, 1.02)
    assert probability_range(np.full(3, np.nan)) == (0, 1.02)


@pytest.mark.parametrize("probabilities", [FEW, MANY])
def test_bars_and_curves_of_a_jet_fill_the_plot(probabilities):
    titles = [f"class {c}" for c in range(probabilities.shape[1])]
    largest = probabilities.max()
    for span in (
        jet_comparison(*probabilities, 3, titles).x_range,
        jet_curves((1, 3), probabilities, titles).y_range,
    ):
        assert largest < span[1] <= max(1.3 * largest, 1.02)


@pytest.mark.parametrize("probabilities", [FEW, MANY])
def test_the_map_of_a_jet_uses_all_colours(probabilities):
    titles = [f"class {c}" for c in range(probabilities.shape[1])]
    chart = jet_probabilities((BiasAblation(), BiasAblation("bias")), probabilities, titles)
    assert colour_limits(chart) == pytest.approx((0, 100 * probabilities.max()))
