"""Sentences on single jets say what is the case."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.jet_view import HEADS, LAYERS, N, random_constituents, random_jet_view, random_trace, with_slots

from part.figures.sentences.jet import all_heads, head
from part.figures.sentences.one_jet import extremes, largest_part, last_change, prediction_change, strongest_change
from part.figures.view import View

CLASSES = ("q/g", "top")


def looking_at(key: int, share: float, **changes):
    """Return a jet whose head 2 of layer 1 gives one constituent this share, all other heads the same to all."""
    pattern = np.full((LAYERS, HEADS, N, N), 1 / N, np.float32)
    pattern[0, 1] = (1 - share) / (N - 1)
    pattern[0, 1, :, key] = share
    return random_jet_view(trace=replace(random_trace(), pattern=pattern), **changes)


def test_a_head_gives_most_of_its_attention_to_a_constituent():
    particles = random_constituents()
    leading = int(particles.pt.argmax())
    view = looking_at(leading, 0.61, constituents=particles)
    text = head(view, View("matrix", layer=0, head=1))
    name, pt = particles.numbered(leading), particles.pt[leading]
    assert text == f"Layer 1 head 2 gives 61 % of its attention to {name}, the leading constituent ({pt:.3g} GeV)."


def test_a_query_gives_its_own_attention():
    view = looking_at(4, 0.61)
    text = head(view, View("matrix", layer=0, head=1, query=2))
    assert text.startswith(f"Here {view.constituents.numbered(2)} gives 61 % of its attention to ")


def test_a_head_that_looks_at_all_alike_is_not_described():
    assert head(looking_at(4, 0.61), View("matrix", layer=1, head=1)) == ""


def test_the_largest_pair_of_other_quantities_is_named():
    view = random_jet_view()
    bias = view.trace["bias"][0, 0]
    query, key = np.unravel_index(bias.argmax(), bias.shape)
    numbered = view.constituents.numbered
    expected = f"{bias.max():.3g}, of {numbered(int(query))} to {numbered(int(key))}."
    assert head(view, View("matrix", "bias", 0, 0)) == f"Largest interaction bias: {expected}"


def test_slots_are_named_by_number():
    view = random_jet_view(trace=with_slots(random_trace()))
    texts = [head(view, View("matrix", layer=layer, head=h)) for layer in range(LAYERS) for h in range(HEADS)]
    assert any("to slot " in text for text in texts)


def test_a_single_constituent_attends_to_nothing_else():
    view = random_jet_view(n=1)
    assert head(view, View("matrix")) == all_heads(view) == ""


def test_sharp_and_broad_heads_are_named():
    """Equal weights on n keys have the effective number n, all weight on one key has 1."""
    assert all_heads(looking_at(4, 1.0)) == (
        f"Sharpest is layer 1 head 2 (1.0 keys a query), broadest layer 1 head 1 ({N:.1f})."
    )


def test_the_prediction_may_change_or_stay():
    before = np.array([0.9, 0.1])
    assert prediction_change(CLASSES, before, np.array([0.6, 0.4]), "Without layer 1") == (
        "Without layer 1, q/g stays the most probable class: 0.9 becomes 0.6."
    )
    assert prediction_change(CLASSES, before, np.array([0.2, 0.8]), "Without layer 1") == (
        "Without layer 1, top (0.80) becomes the most probable class instead of q/g (0.90)."
    )


def test_the_class_of_the_end_may_come_late():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.2, 0.8]])
    assert last_change((0, 1, 2, 3), probabilities, CLASSES, "depth") == (
        "top is the most probable class from depth 3 on; before, it is q/g."
    )
    assert last_change((1, 8), probabilities[[1, 3]], CLASSES, "k") == "top is the most probable class at every k."


def test_the_largest_contribution_is_named_if_it_is_sampled_well_enough():
    values = np.array([-2.0, 0.5, 0.5])
    assert largest_part(values, "abc", "log odds") == "The largest is that of a: −2 log odds; 1 of 3 hold half of all."
    assert " ± 0.1 log odds" in largest_part(values, "abc", "log odds", np.full(3, 0.1))
    assert largest_part(values, "abc", "log odds", np.full(3, 1.9)) == ""
    assert largest_part(np.zeros(3), "abc", "log odds") == ""


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            [[-3.0, 0.0], [1.0, 2.0]],
            "falls most without layer 1 head 1 (by 3 points) and rises most without layer 2 head 2",
        ),
        ([[-3.0, 0.0], [-1.0, -2.0]], "falls most without layer 1 head 1 (by 3 points)."),
        ([[0.0, 0.0], [0.0, 0.0]], ""),
    ],
)
def test_the_strongest_changes_of_one_jet(values, text):
    assert text in strongest_change(np.array(values), "points")


def test_extremes_of_one_jet():
    assert extremes(np.array([0.5, np.nan, 2.0]), "abc") == "Largest: c (2), smallest: a (0.5)."
    assert extremes(np.array([0.5, 0.5]), "ab") == ""
