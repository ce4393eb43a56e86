"""Sentences on comparisons, speed and training are right for made-up numbers, and silent where models do not differ."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from part.analysis.statistics.divergence import AttentionChange
from part.analysis.statistics.histograms import SampleDivergence
from part.benchmarking.measurement import SpeedMeasurement
from part.comparison.result import Comparison, build_comparison
from part.figures.sentences import comparison as sentences
from part.figures.sentences import speed, training
from part.figures.sentences.samples import divergence
from part.figures.training_curves import TrainingCurves
from part.jets.schema import Dataset

DATASET = Dataset("toys", ("label_QCD", "label_Hbb", "label_Tbqq"), ("q/g", "H→bb", "t→bqq′"))


def made_up(right: tuple[float, ...], jets: int = 1200, confidence: float = 0.8, seed: int = 0) -> Comparison:
    """Return models that are right with these frequencies and have a fixed confidence; wrong ones predict q/g."""
    rng = np.random.default_rng(seed)
    truth = np.arange(jets) % 3
    probabilities = np.full((len(right), jets, 3), (1 - confidence) / 2)
    for m, share in enumerate(right):
        is_right = rng.random(jets) < share
        chosen = np.where(is_right, truth, np.where(truth == 0, 1, 0))
        probabilities[m, np.arange(jets), chosen] = confidence + 1e-3 * rng.random(jets)
    names = ("alpha", "beta", "gamma")[: len(right)]
    return build_comparison(names, DATASET, probabilities, truth, (), (None,) * len(right), jets)


@pytest.fixture(scope="module")
def different():
    return made_up((0.6, 0.9))


@pytest.fixture(scope="module")
def alike():
    return made_up((0.8, 0.8), jets=300)


def test_a_gain_is_named_with_its_paired_interval(different):
    text = sentences.gain(different, "accuracy")
    change = 100 * (different.quality[1]["accuracy"] - different.quality[0]["accuracy"])
    assert text.startswith(f"Accuracy: that of beta is above it by {change:.1f} ± ")
    assert text.endswith("points (alpha is the reference; the same jets).")


def test_models_that_do_not_differ_are_not_named(alike):
    assert sentences.gain(alike, "accuracy") == sentences.gain(alike, "macro_auc") == ""
    assert sentences.rejections(alike) == sentences.outcomes(alike) == sentences.confusion_change(alike, 1) == ""


def test_the_working_point_at_which_less_background_passes(different):
    text = sentences.rejections(different)
    assert text.startswith("At 50 % of ")
    assert "beta lets" in text
    assert "less q/g pass than alpha" in text


def test_confidence_is_compared_with_accuracy():
    text = sentences.calibration(made_up((0.6, 0.8, 0.95), confidence=0.8))
    assert "alpha is overconfident by 2" in text
    assert "gamma is underconfident by 1" in text
    assert "beta" not in text


def test_the_most_frequent_confusion_is_named(different):
    counts = different.confusion(0)
    worst = max((1, 2), key=lambda c: counts[c, 0])
    text = sentences.confusion(different, 0)
    assert f"of 400 {DATASET.titles[worst]} jets are predicted as q/g" in text or "q/g jets are predicted as" in text
    assert sentences.confusion(made_up((1.0,)), 0) == ""


def test_a_cell_that_differs_is_counted_on_the_same_jets(different):
    text = sentences.confusion_change(different, 1)
    assert text.startswith("Largest difference: ")
    assert "by beta alone" in text
    assert "cells differ" in text


def test_the_sign_test_is_exact():
    assert sentences.sign_test(2, 8) == pytest.approx(2 * sum(comb(10, k) for k in range(3)) / 2**10)
    assert sentences.sign_test(5, 5) == 1.0
    assert sentences.sign_test(0, 0) == 1.0


def test_agreement_and_outcomes_count_jets(different):
    share = different.agreement[0, 1]
    assert sentences.agreement(different).startswith(f"alpha and beta agree on {100 * share:.1f} [")
    counts = different.outcomes(1)
    expected = f"beta alone is right on {counts['only second']} jets, alpha alone on {counts['only first']}."
    assert sentences.outcomes(different) == expected
    assert sentences.agreement(made_up((0.5,))) == ""


def test_attention_and_drift_are_facts_of_the_jets(different):
    change = AttentionChange(10, np.array([[1.0, 4.0]]), np.array([[5.0, 2.0]]))
    assert "most in layer 1 head 2 (0.4 nats), least in layer 1 head 1 (0.1 nats)" in sentences.attention(
        different, change, flips=False
    )
    assert "most in layer 1 head 1 (0.5 of queries)" in sentences.attention(different, change, flips=True)
    assert sentences.drift(different, 1).startswith("Half of the jets have logits within ")


def test_two_samples_differ_if_permutations_seldom_do():
    found = SampleDivergence(0.05, 0.02, 0.08, 0.06, 0.01, 0.004)
    assert divergence(found, "They differ", 4) == (
        "They differ: Jensen-Shannon divergence 0.05 bits (95 %: 0.02 to 0.08), p below 0.01."
    )
    assert divergence(found, "They differ", 20) == divergence(None, "They differ", 1) == ""


def row(model: str, batch: int, *milliseconds: float, warmup: float = 1.0) -> SpeedMeasurement:
    seconds = tuple(1e-3 * time for time in milliseconds)
    return SpeedMeasurement(
        model, "ParT", "fp32", "fused", 1, 1, batch, 30.0, 44, True, False, (warmup,), seconds, 10**6, None
    )


def test_the_fastest_model_is_named_where_its_passes_are_shorter():
    fast, slow = np.linspace(9, 11, 15), np.linspace(28, 32, 15)
    series = {"a": [row("a", 8, *fast)], "b": [row("b", 8, *slow)]}
    assert speed.fastest(series, "batch", "jets of a pass") == (
        "At 8 jets of a pass, a is the fastest; b takes 3 times as long."
    )
    series["a"].append(row("a", 64, 9.0))  # a single pass tells nothing
    series["b"].append(row("b", 64, 30.0))
    assert speed.fastest(series, "batch", "jets of a pass").startswith("At 8 jets")
    assert speed.fastest({"a": series["a"], "c": [row("c", 8, *(fast + 0.1))]}, "batch", "jets") == ""
    assert speed.fastest({"a": series["a"]}, "batch", "jets") == ""


def test_ranks_have_the_probability_of_all_their_orders():
    """The normal limit is near the share of all 12,870 orders of 8 and 8 times that are at least as extreme."""
    first, second = np.arange(1.0, 9), np.arange(3.5, 11)
    ranks = np.concatenate((first, second)).argsort().argsort()
    observed = abs(ranks[8:].sum() - 8 * 15 / 2)
    sums = np.array([sum(chosen) for chosen in combinations(range(16), 8)])
    exact = (np.abs(sums - 8 * 15 / 2) >= observed).mean()
    assert speed.p_of_ranks(first, second) == pytest.approx(exact, rel=0.05)
    assert speed.p_of_ranks(np.ones(5), np.ones(5)) == 1.0


def test_a_long_first_pass_is_named():
    series = {"a": [row("a", 8, 10, 11, 10, warmup=0.5)], "b": [row("b", 8, 10, 30, warmup=0.02)]}
    assert speed.warm_up(series, 8) == ("The first pass of a takes 50 times as long as the median of those that count.")
    assert speed.warm_up({"b": series["b"]}, 8) == ""


def test_the_largest_share_of_the_time_is_named():
    assert speed.largest_share({"m": {"mm": 3.0, "add": 1.0}}, "seconds") == "Largest share of time: mm (75 % of m)."
    leaves = {("blocks", "mm"): 3.0, ("blocks", "add"): 2.0, ("embed", "mm"): 5.1}
    assert speed.largest_module("m", leaves, "memory") == "Largest share of new tensors: embed (50 % of m)."


def test_a_training_has_a_best_epoch():
    losses, accuracy, none = np.array([0.9, 0.5, 0.7]), np.array([0.5, 0.82, 0.8]), np.empty(0)
    curves = TrainingCurves(none, none, none, 1, np.arange(1.0, 4), none, losses, accuracy, accuracy)
    assert training.loss(curves) == "The validation loss is lowest after epoch 2 (0.5) and 0.7 after epoch 3."
    text = training.metric(curves, "accuracy", 1000)
    assert text == "Best accuracy 0.820 after epoch 2 of 3, 95 %: 0.795 to 0.843 for 1000 jets."
    assert training.metric(curves, "auc") == "Best macro AUC 0.820 after epoch 2 of 3."
    empty = TrainingCurves(none, none, none, 1, none, none, none, none, none)
    assert training.loss(empty) == training.metric(empty, "accuracy") == ""
