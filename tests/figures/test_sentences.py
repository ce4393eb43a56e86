"""The sentences under charts are right, and silent where nothing is significant."""

import numpy as np
import pytest

from part.figures.sentences import enough, number, range_of_heads, strongest


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
