"""Charts side by side share the limits of their colours where they show the same."""

from dataclasses import replace

import numpy as np

from part.figures.charts import HeadMap, Plot, Series, colour_limits
from part.figures.one_scale import share_limits

SMALL, LARGE = HeadMap("a", "nats", np.array([[0.5, 1.0]])), HeadMap("b", "nats", np.array([[0.0, 4.0]]))


def test_equal_units_share_the_largest_limits():
    shared = share_limits({"a": SMALL, "b": LARGE})
    assert list(shared) == ["a", "b"]
    assert [colour_limits(chart) for chart in shared.values()] == [(0, 4)] * 2
    assert colour_limits(SMALL) == (0, 1)  # the charts themselves stay


def test_signed_and_other_units_are_apart():
    signed = HeadMap("c", "nats", np.array([[-2.0, 1.0]]), signed=True)
    other = replace(SMALL, unit="points", values=np.array([[9.0]]))
    shared = share_limits({"a": SMALL, "b": LARGE, "signed": signed, "other": other})
    assert colour_limits(shared["signed"]) == (-2, 2)
    assert colour_limits(shared["other"]) == (0, 9)


def test_what_has_no_colours_or_no_numbers_stays():
    plot = Plot("", "", "", (Series("", np.ones(1), np.ones(1)),))
    empty = replace(SMALL, values=np.full((1, 2), np.nan))
    shared = share_limits({"plot": plot, "empty": empty, "a": SMALL})
    assert (shared["plot"], shared["empty"]) == (plot, empty)
    assert colour_limits(shared["a"]) == (0, 1)
