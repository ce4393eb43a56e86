"""Sentences on where numbers are large, or other than expected, respect the number of comparisons."""

import numpy as np
import pytest

from part.analysis.statistics.running_mean import Z95
from part.figures.sentences.attribution import alike, area_of_jet, gain, most_gained
from part.figures.sentences.lund import densest, extremes, of_function, ratio
from part.figures.sentences.places import cell_names, ends, farthest, observed_ends
from part.figures.sentences.significance import differ, differs, widening
from part.figures.sentences.sparsity import small_weights
from part.figures.sentences.topk import enough_keys

NAMES = ["a", "b", "c", "d"]


def test_intervals_widen_with_the_number_of_comparisons():
    assert widening(1) == pytest.approx(1)
    assert widening(20) * Z95 == pytest.approx(3.0233, abs=1e-4)  # the quantile at 1 - 0.05 / 40


def test_of_many_numbers_few_differ_by_chance():
    """At 5 % for all comparisons together, five in a hundred samples of nothing have any that differs."""
    rng = np.random.default_rng(0)
    found = [differs(rng.normal(size=64), np.full(64, Z95)).any() for _ in range(2000)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("half", [0.0, np.nan])
def test_without_an_interval_nothing_differs(half):
    assert not differs(np.array([9.0]), np.array([half])).any()
    assert not differ((9.0, half), (0.0, 1.0))


def test_what_is_farthest_is_named_and_the_others_are_counted():
    values = np.array([0.5, -0.9, 0.02, np.nan])
    text = farthest(values, np.full(4, 0.1), NAMES, "Farthest from chance", "bars", unit="nats")
    assert text == "Farthest from chance: b (−0.90 ± 0.10 nats); of 3 bars, 1 is above and 1 below."
    assert farthest(values, np.full(4, 0.9), NAMES, "Farthest from chance") == ""


def test_what_is_expected_may_differ_from_place_to_place():
    null = np.array([0.5, 0.1])
    text = farthest(np.array([0.5, 0.4]), np.full(2, 0.1), ["a", "b"], "Farthest from chance", "bars", null)
    assert text.startswith("Farthest from chance: b (0.40 ± 0.10);")


def test_the_only_number_is_not_counted():
    text = farthest(np.array([0.8]), np.array([0.1]), ["a"], "Farthest from chance")
    assert text == "Farthest from chance: a (0.80 ± 0.10)."


def test_both_ends_are_named_if_they_differ():
    values, half = np.array([3.0, 1.0, 2.0, 2.5]), np.full(4, 0.3)
    assert ends(values, half, NAMES, "nats", "Most for", "least for") == (
        "Most for a (3.00 ± 0.30 nats), least for b (1.00 ± 0.30 nats)."
    )
    assert ends(values, 4 * half, NAMES) == ""


def test_two_ends_of_many_must_differ_by_more():
    """Two numbers that differ by four standard errors of their difference are no news among a thousand."""
    half = np.full(1000, Z95 / np.sqrt(2))
    values = np.zeros(1000)
    values[0] = 4.0
    assert ends(values[:2], half[:2], ["a", "b"]) != ""
    assert ends(values, half, [str(i) for i in range(1000)]) == ""


def test_ends_without_intervals_say_so():
    text = observed_ends(np.array([[0.2, 0.9]]), cell_names(["x"], ["y", "z"]), "nats", "30 jets")
    assert text == "In 30 jets, most in x, z (0.9 nats), least in x, y (0.2 nats); intervals were not measured."
    assert observed_ends(np.ones(3), NAMES, "", "30 jets") == ""


def test_the_method_that_gains_most_is_named():
    values = np.array([0.3, 0.1, -0.2])
    text = gain(values, np.full(3, 0.05), NAMES, "its curve lies below theirs")
    assert text == (
        "a gains most over random orders: its curve lies below theirs by 0.30 ± 0.05; "
        "2 of 3 methods are better than random orders."
    )
    assert most_gained(values, np.full(3, 0.05), NAMES) == "a (0.30 ± 0.05)"
    assert gain(values, np.ones(3), NAMES, "") == most_gained(-np.abs(values), np.full(3, 0.05), NAMES) == ""


def test_random_orders_may_be_as_good_for_one_jet():
    random = np.array([0.4, 0.5, 0.6])
    text = area_of_jet(np.array([0.7, 0.3]), random, NAMES, is_small_good=True)
    assert text == "b has the smallest area, 0.3, better than all of 3 random orders (mean 0.5)."
    text = area_of_jet(np.array([0.55, 0.3]), random, NAMES, is_small_good=False)
    assert text == "a has the largest area, 0.55, but 1 of 3 random orders are as good."


def test_methods_that_agree_are_named():
    values = np.array([[1, 0.8, 0.1], [0.8, 1, 0.2], [0.1, 0.2, 1]])
    assert alike(values, None, NAMES[:3]) == "Most alike are a and b (0.8), least a and c (0.1)."
    assert (
        alike(values, np.full((3, 3), 0.05), NAMES[:3])
        == "Most alike are a and b (0.80 ± 0.05), least a and c (0.10 ± 0.05)."
    )
    assert alike(values, np.full((3, 3), 0.9), NAMES[:3]) == ""


def test_the_ratio_is_compared_with_a_half():
    edges = np.array([-1.0, 0.0, 1.0])
    assert ratio(np.array([0.2, 0.8]), np.array([0.05, 0.05]), edges) == (
        "|q·k| is larger than |bias| in 0.80 ± 0.05 of the pairs, minus the mean of their row."
    )
    assert ratio(np.array([0.48, 0.52]), np.array([0.05, 0.05]), edges) == ""


def test_the_lund_plane_has_ends_that_many_jets_know():
    """The largest number, of a bin that few jets have, is not named."""
    x, y = np.array([1.0, 2.0]), np.array([-1.0, 1.0])
    values, half = np.array([[9.0, 3.0], [0.0, np.nan]]), np.array([[8.0, 0.1], [0.1, np.nan]])
    assert extremes(values, half, x, y) == (
        "Most (3.00 ± 0.10) at ln 1/Δ 2, ln kT −1, least (0.00 ± 0.10) at ln 1/Δ 1, ln kT 1."
    )
    assert extremes(values, 100 * half, x, y) == ""
    assert densest(np.array([[0.9, 0.05], [0.05, 0.0]]), x, y) == (
        "The middle half of the pairs has ln 1/Δ from 1 to 1 and ln kT from −1 to −1."
    )
    assert of_function(np.array([[0.0, np.log(8)], [0.0, 0.0]]), x, y).endswith(
        "at equal q·k, weights differ by up to a factor of 8."
    )


def test_small_weights_are_summed():
    edges = np.array([-5.0, -4.0, -3.0, -2.0])
    shares = np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3]])
    assert small_weights(shares, np.full((2, 3), 0.01), edges) == (
        "The share of weights below 10⁻³ is largest in layer 2 (0.700 ± 0.010), smallest in layer 1 (0.300 ± 0.010)."
    )
    assert small_weights(shares, np.full((2, 3), 0.5), edges) == ""


def test_enough_keys_are_enough_by_wilsons_interval():
    """99 of 100 jets are not certainly more than 95 %, 990 of 1,000 are."""
    share = np.array([0.6, 0.99, 1.0])
    assert enough_keys({"a": ((1, 4, 16), share, 1000)}) == "More than 95 % of the jets keep their class from k = 4 on."
    assert enough_keys({"a": ((1, 4, 16), share, 100)}) == "More than 95 % of the jets keep their class from k = 16 on."
    assert enough_keys({"a": ((1, 4, 16), share, 20)}) == ""
