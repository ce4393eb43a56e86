"""Charts of sets of heads say what made-up numbers say."""

import numpy as np
import pytest

from part.analysis.circuits.search.result import CircuitResult, Curve, Searched
from part.analysis.intervention.ablation import AblationTarget
from part.figures.studies import circuit as charts

HEADS = (
    *(AblationTarget("head", layer, head) for layer in range(2) for head in range(4)),
    AblationTarget("class head", 0, 0),
    AblationTarget("class head", 0, 1),
)


def curve(*rows, half=0.05) -> Curve:
    value = np.array(rows, float)
    return Curve(value, value - half, value + half)


@pytest.fixture
def result():
    """Three heads are enough; another sample finds the first two of them."""
    lost = np.full((2, 4, 4), np.nan)
    lost[:, 0, :1] = 0.2
    lost[:, 2, :3] = 0.5, 0.3, 0.01
    orders = np.array([[5, 8, 0, 1], [8, 5, 3, 2]])
    return CircuitResult(
        Searched("toy", ("Top", "QCD"), "their mean", HEADS, 10, orders[:, ::-1], orders, (1, 2, 3, 4), (1, 2, 4)),
        kept=curve([0.2, 0.6, 0.95, 1.1], [0.1, 0.5, 0.9, 1.0]),
        removed=curve([0.9, 0.5, 0.1, 0.0], [0.9, 0.4, 0.1, 0.0]),
        auc=curve([0.6, 0.8, 0.95, 0.97], [0.6, 0.8, 0.9, 0.95], half=0.01),
        agreement=np.array([[0.1, 0.5, 0.9, 0.95]] * 2),
        whole_auc=curve([0.98], [0.98], half=0.004),
        random_kept=np.linspace(0, 0.3, 19)[:, None].repeat(3, 1),
        random_removed=np.linspace(0.7, 1, 19)[:, None].repeat(3, 1),
        random_auc=np.linspace(0.5, 0.6, 19)[:, None].repeat(3, 1),
        lost=Curve(lost, lost - 0.02, lost + 0.02),
        least_lost=curve([0.2, 0.1, 0.01, 0.0]),
        mean_lost=curve([0.2, 0.4, 0.27, 0.1]),
        random_lost=np.linspace(0, 0.1, 19)[:, None].repeat(3, 1),
        total=np.array([[8.0, 0.0]] * 2),
        jets=np.array([50, 52]),
    )


def test_the_smallest_set_that_keeps_enough_is_shown_first(result):
    assert charts.shown_size(result) == 3
    drawn = charts.charts(result)
    assert drawn["kept"].sentence == (
        "Of 10 heads, 3 keep 0.95 ± 0.05 of the difference of logits, random ones 0.01 to 0.29 (p = 0.05)."
    )
    assert drawn["removed"].sentence == "Without 3 heads, 0.10 ± 0.05 is left, without random ones 0.71 to 0.99."
    assert drawn["auc"].sentence == "With 3 heads the AUC is 0.950 ± 0.010, that of the whole model 0.98."
    assert drawn["lost"].sentence == (
        "One of 3 heads is worth 0.27 ± 0.05 on average; 1 can be left out without a loss that is sure."
    )
    assert drawn["members"].sentence == "Of 3 heads, 2 cannot be left out without a loss."


def test_the_maps_have_the_order_of_entry_and_frames_around_the_set(result):
    layers, of_class = charts.head_map(result, 3), charts.class_head_map(result, 3)
    assert layers.texts == (("2", "1", "", ""), ("", "4", "", ""))
    assert of_class.texts == (("3", ""),)
    np.testing.assert_array_equal(np.argwhere(layers.marked), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(np.argwhere(of_class.marked), [[0, 0]])
    assert layers.values[1, 1] == 0.5
    assert of_class.values[0, 0] == 0.3
    assert layers.sentence == "In the set: L2H2 and L1H1."


def test_sets_are_stable_if_they_share_half_and_more_than_chance(result):
    assert result.overlap(2) == 1
    assert result.overlap(3) == 0.5
    assert charts.stability(result, 3).sentence.endswith("share 0.50 of their heads (0.20 by chance): not stable.")
    assert charts.stability(result, 2).sentence.endswith(": stable.")
    mean, largest = result.overlap_by_chance(2)
    assert mean == pytest.approx((16 / 45) / 3 + 1 / 45)  # of 45 pairs of heads 16 share one, and one shares both
    assert largest == 1


def test_a_set_of_one_loses_all_that_it_keeps(result):
    assert charts.members(result, 1).series[0].y.tolist() == [0.2]
    assert charts.kept(result, 1).sentence.startswith("Of 10 heads, 1 keeps 0.20 ± 0.05 of")
