"""Sentences on the bias that is switched off and on soft emissions are right for made-up numbers."""

import numpy as np
import pytest

from part.analysis.bias.bias_ablation import BiasAblation, Effect
from part.analysis.intervention.irc import IRCResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.sentences.ablation import absolute, jet_classes, relative
from part.figures.studies.irc import sentence


def effect(layer: int | None, value: float, change: float, half: float = 0.02, quantity: str = "accuracy") -> Effect:
    ablation = BiasAblation("bias", layer)
    return Effect(ablation, quantity, value, value - half, value + half, change, change - half, change + half)


def test_the_ablation_that_costs_most_is_named():
    effects = [effect(None, 0.4, -0.4), effect(0, 0.78, -0.019), effect(1, 0.7, -0.1)]
    assert relative(effects, "accuracy") == (
        "Largest effect: bias off, all layers, accuracy falls by 0.400 ± 0.020; 2 of 3 changes differ from none."
    )
    assert relative(effects[1:2], "accuracy") == ""


def test_the_change_of_a_rejection_is_a_ratio():
    effects = [effect(0, 50.0, 1.01, quantity="rejection_Hbb_50%"), effect(1, 20.0, 0.4, quantity="rejection_Hbb_50%")]
    text = relative(effects, "the rejection", is_ratio=True)
    assert text.startswith(
        "Largest effect: bias off, layer 2, Hbb 50%, the rejection is 0.400 ± 0.020 of the untouched"
    )
    unknown = effect(0, np.inf, np.nan, quantity="rejection_Hbb_50%")
    assert relative([unknown], "the rejection", is_ratio=True) == ""


def test_drifts_have_ends():
    text = absolute([effect(None, 2.0, np.nan), effect(0, 0.3, np.nan)], "logit drift")
    assert (
        text
        == "Largest logit drift: bias off, all layers (2.000 ± 0.020), smallest: bias off, layer 1 (0.300 ± 0.020)."
    )


def test_the_class_of_a_jet_may_change():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    rows, classes = ("untouched", "bias off", "bias only"), ("q/g", "top")
    assert jet_classes(probabilities, rows, classes) == (
        "In 1 of 2 cases, another class than q/g (90 %) is the most probable, such as top (bias off)."
    )
    assert jet_classes(probabilities[[0, 2]], rows, classes) == (
        "q/g (90 %) stays the most probable class, whatever is removed."
    )


@pytest.mark.parametrize(
    ("least", "rest"), [(0.01, "is still 0.010 ± 0.004 nats"), (0.002, "does not differ from 0: 0.002 ± 0.004 nats")]
)
def test_a_safe_model_forgets_soft_emissions(least, rest):
    """The points may be in any order."""
    points, values = np.array([0.1, 1e-4]), np.array([0.2, least])
    mean = Mean(values, np.full(2, 0.004 / Z95), np.full(2, 100))
    text = sentence(IRCResult("soft", points, mean, mean), "divergence")
    assert text == (
        "As an emission gets softer, from 0.1 to 0.0001, the divergence falls from 0.200 ± 0.004 nats; "
        f"in the end it {rest}."
    )


def test_an_emission_that_changes_nothing_is_not_described():
    mean = Mean(np.array([0.2, 0.2]), np.full(2, 0.01), np.full(2, 100))
    assert sentence(IRCResult("soft", np.array([1e-4, 0.1]), mean, mean), "changed") == ""
