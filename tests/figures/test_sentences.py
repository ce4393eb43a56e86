"""The sentences under charts are right, and silent where nothing is significant."""

import numpy as np
import pytest

from part.figures.charts import Series
from part.figures.sentences.curves import enough, largest_step, trend
from part.figures.sentences.effects import strongest, strongest_target
from part.figures.sentences.numbers import listed, number, on_axis, short
from part.figures.sentences.places import range_of_heads


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (-3.14, 0.61, "−3.1 ± 0.6"),
        (-3.14, 0.149, "−3.14 ± 0.15"),
        (30.02, 12.3, "30 ± 12"),
        (123.4, 51.0, "123 ± 51"),
        (0.9993, 0.00028, "0.99930 ± 0.00028"),
        (0.25, 0.0, "0.25"),
        (-0.25, np.nan, "−0.25"),
    ],
)
def test_numbers_have_the_digits_of_their_interval(value, half, text):
    assert number(value, half) == text


def changes(*cells: tuple[int, int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return changes (2, 4) of 0.1 that are not significant, but for these cells, and their intervals."""
    values, significant = np.full((2, 4), 0.1), np.zeros((2, 4), bool)
    for layer, head, value in cells:
        values[layer, head], significant[layer, head] = value, True
    return values, np.full((2, 4), 0.6), significant


def test_the_strongest_head_is_named():
    text = strongest(*changes((0, 3, -3.1), (1, 1, 2.0)), "points", "accuracy")
    assert text == (
        "Largest effect: without head 4 of layer 1, accuracy falls by 3.1 ± 0.6 points; 2 of 8 heads differ from none."
    )


def test_a_rise_is_a_rise_and_one_head_is_alone():
    text = strongest(*changes((1, 0, 0.9)), "nats", "cross-entropy")
    assert text == (
        "Largest effect: without head 1 of layer 2, cross-entropy rises by 0.9 ± 0.6 nats; "
        "the other 7 do not differ from none."
    )


def test_a_large_change_that_is_not_significant_is_not_named():
    values, half, significant = changes((1, 1, -1.0))
    values[0, 0] = -50
    assert "without head 2 of layer 2" in strongest(values, half, significant, "points", "accuracy")


def test_parts_of_layers_have_their_names():
    text = strongest(*changes((0, 2, -1.0), (0, 1, -0.9)), "points", "accuracy", ["all heads", "the bias", "q·k", ""])
    assert text.startswith("Largest effect: without q·k of layer 1,")
    assert "2 of 8 parts of layers differ from none" in text


def test_nothing_is_said_of_nothing_significant():
    assert strongest(*changes(), "points", "accuracy") == ""
    nothing = np.array([1.0, np.inf]), np.array([0.1, np.nan]), np.array([False, True])
    assert strongest_target(*nothing, ["muons", "photons"], "points", "accuracy") == ""


def test_the_strongest_of_other_targets_is_named():
    values, half = np.array([-3.0, -47.0, 0.1]), np.array([1.0, 4.0, 0.5])
    text = strongest_target(values, half, np.array([True, True, False]), ["a", "the bias", "c"], "points", "accuracy")
    assert text == "Without the bias, accuracy falls by 47 ± 4 points; 2 of 3 differ from none."


def test_the_ends_of_a_quantity_are_named():
    values = np.array([[0.2, 0.5], [0.9, np.nan]])
    text = range_of_heads(values, np.full((2, 2), 0.04), "nats")
    assert text == "Most in layer 2 head 1 (0.90 ± 0.04 nats), least in layer 1 head 1 (0.20 ± 0.04 nats)."


def test_heads_that_do_not_differ_are_not_named():
    values = np.array([[0.20, 0.21], [0.22, 0.25]])
    assert range_of_heads(values, np.full((2, 2), 0.04)) == ""
    assert range_of_heads(np.full((2, 2), np.nan), np.full((2, 2), 0.04)) == ""


def test_where_a_change_ends():
    values = np.array([-20.0, -5.0, -0.2, 0.0])
    places = [f"k = {k}" for k in (1, 2, 4, 8)]
    text = enough(values, values - 1, values + 1, places, "Accuracy changes at", "points")
    assert text == (
        "Accuracy changes at k = 2 by −5.0 ± 1.0 points; from k = 4 on the change does not differ from none."
    )


@pytest.mark.parametrize("values", [[-20.0, -5.0, -3.0], [0.1, 0.2, -0.1]], ids=["to the end", "never"])
def test_a_change_that_does_not_end_or_does_not_begin_is_not_described(values):
    values = np.array(values)
    assert enough(values, values - 1, values + 1, ["a", "b", "c"], "It changes at") == ""


def test_each_place_is_one_of_several_comparisons():
    """A change of two half widths among ten places is expected by chance."""
    values = np.array([-1.2, *[0.0] * 9])
    places = [str(k) for k in range(10)]
    assert enough(values, values - 1, values + 1, places, "It changes at") == ""
    assert enough(2 * values, 2 * values - 1, 2 * values + 1, places, "It changes at") != ""


def curve(name: str, *numbers: float, half: float = 1.0) -> Series:
    y = np.array(numbers)
    return Series(name, np.linspace(500, 900, len(y)), y, y - half, y + half)


def test_a_trend_is_that_of_the_curve_that_changes_most():
    text = trend([curve("one", 5, 9, 12), curve("two", 5, 4, 5.5), curve("", 0, 99)], "jet pT [GeV]", "nats")
    assert text == "From jet pT 500 to 900 GeV, one rises from 5.0 ± 1.0 to 12.0 ± 1.0 nats; 1 of 2 curves change."


@pytest.mark.parametrize(
    "curves",
    [
        [curve("one", 5, 6.3)],
        [curve("one", 5)],
        [Series("one", np.arange(2), np.array([0.0, 9.0]))],
        [curve("one", 0, 9, half=0.0)],
        [],
    ],
    ids=["not significant", "a single point", "no interval", "an interval of no width", "nothing"],
)
def test_a_curve_without_a_certain_trend_is_not_described(curves):
    assert trend(curves, "depth") == ""


def test_the_largest_step_is_named():
    values, half = np.array([0.1, 0.4, 0.8, 0.82]), np.full(4, 0.04)
    places = [f"depth {depth}" for depth in range(4)]
    assert largest_step(values, half, places, "Accuracy") == (
        "Accuracy rises most from depth 1 (0.40 ± 0.04) to depth 2 (0.80 ± 0.04); at depth 3 it is 0.82 ± 0.04."
    )
    assert largest_step(values, 10 * half, places, "Accuracy") == ""
    assert largest_step(values[:1], half[:1], places, "Accuracy") == ""


def test_numbers_without_an_interval():
    texts = [short(value) for value in (0.1234, -0.0, -3.0, 4096.0, 1e-5, 2.5e-7, 1.25e7)]
    assert texts == ["0.123", "0", "−3", "4096", "10⁻⁵", "2.5×10⁻⁷", "1.25×10⁷"]
    assert on_axis("jet pT [GeV]", 550, 900) == "jet pT 550 to 900 GeV"
    assert on_axis("constituents", 16) == "constituents 16"
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
