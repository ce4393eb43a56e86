"""Figures of a comparison show its numbers."""

import numpy as np
import pytest

from part.analysis.statistics.binomial import wilson
from part.analysis.statistics.divergence import AttentionChange
from part.analysis.statistics.metrics import rejection
from part.benchmarking.cost import Cost
from part.comparison.result import Comparison, build_comparison
from part.figures.plotly import comparison as draw
from part.jets.datasets import JETCLASS, QUARKGLUON, TOPLANDSCAPE
from part.jets.schema import Dataset

ACCENTS = ("#111111", "#222222", "#333333", "#444444")
TIMES, SCATTER = (0.004, 0.002, 0.009, 0.001), np.array([1, 0.9, 1.1, 0.95, 1.05])
NAMES = ("first", "second_of_a_long_name.pt", "third", "fourth")


def random_comparison(jets: int, dataset: Dataset = JETCLASS, models: int = 4, labels=None) -> Comparison:
    """Return models each of which is worse and faster than the last, except the third, which is worse and slower."""
    rng = np.random.default_rng(0)
    classes = len(dataset.classes)
    truth = np.arange(jets) % classes if labels is None else labels
    logits = rng.normal(0, 1.5, (jets, classes))
    right = np.eye(classes)[truth]
    z = [logits + rng.normal(0, 0.4, logits.shape) + right * (4 - 0.7 * m) for m in range(models)]
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    change = AttentionChange(10, np.full((2, 3), 0.0005), np.full((2, 3), 5))
    attention = [None, change, "no attention", change][:models]
    passes = [tuple((time * SCATTER).tolist()) for time in TIMES[:models]]
    costs = [Cost(1000, 10_000, own[0], own[0], 10**6, own, own) for own in passes]
    return build_comparison(
        NAMES[:models], dataset, e / e.sum(-1, keepdims=True), truth, costs, attention, 8, replicas=20
    )


@pytest.fixture(scope="module")
def comparison():
    return random_comparison(800)


def test_rejections_are_drawn_with_their_intervals_and_infinite_ones_as_limits(comparison):
    figure = draw.draw_rejections(comparison, "light", 400, ACCENTS)
    n_limits = 0
    for m in range(4):
        points, arrows = figure.data[2 * m : 2 * m + 2]
        drawn, limits = 0, 0
        for name, point in comparison.rejections.items():
            value = rejection(comparison.probabilities[m], comparison.truth, *point)
            if np.isfinite(value):
                ends = points.x[drawn] - points.error_x.arrayminus[drawn], points.x[drawn] + points.error_x.array[drawn]
                assert points.x[drawn] == pytest.approx(value, abs=0.06)
                low, high = comparison.interval(m, name)
                assert ends[0] == pytest.approx(low)
                assert ends[1] == pytest.approx(high) or np.log10(ends[1]) > figure.layout.xaxis.range[1]
                assert points.customdata[drawn].endswith(f"({round(80 / value)} of 80)")
                drawn += 1
            else:
                assert arrows.x[3 * limits] == pytest.approx(1 / (1 - 0.05 ** (1 / 80)), abs=0.01)
                assert arrows.x[3 * limits + 1] > arrows.x[3 * limits]  # the arrow points to larger rejections
                assert arrows.customdata[3 * limits] == "> 27 at 95 % (0 of 80)"
                limits += 1
        assert (len(points.x), len(arrows.x)) == (drawn, 3 * limits)
        n_limits += limits
    assert n_limits


def test_the_line_joins_models_that_no_other_beats_in_both(comparison):
    figure = draw.draw_pareto(comparison, "light", 400, ACCENTS)
    assert list(figure.data[0].x) == pytest.approx([1, 2, 4])
    assert "time a jet in a batch" in figure.layout.xaxis.title.text
    for point, time in zip(figure.data[1:], TIMES, strict=True):
        low, high = 1e3 * np.quantile(time * SCATTER, (0.16, 0.84))
        assert point.x[0] - point.error_x.arrayminus[0] == pytest.approx(low)
        assert point.x[0] + point.error_x.array[0] == pytest.approx(high)
    assert [trace.y[0] for trace in figure.data[1:]] == [quality["accuracy"] for quality in comparison.quality]


def test_models_that_were_not_timed_are_drawn_by_their_size(comparison):
    untimed = comparison.with_costs([Cost(1000 * (m + 1), 1, 1.0, 1.0, 1) for m in range(4)])
    figure = draw.draw_pareto(untimed, "light", 400, ACCENTS)
    assert figure.layout.xaxis.title.text == "parameters [millions]"
    assert [trace.x[0] for trace in figure.data[1:]] == pytest.approx([0.001, 0.002, 0.003, 0.004])
    assert comparison.costs[0].is_timed  # the comparison itself stays as it was


def test_calibration_has_wilsons_intervals(comparison):
    figure = draw.draw_reliability(comparison, "light", 400, ACCENTS)
    for curve, trace in zip(comparison.reliability, figure.data[1::2], strict=True):
        filled = curve.counts > 0
        low, high = wilson(np.round(curve.accuracy[filled] * curve.counts[filled]), curve.counts[filled])
        np.testing.assert_allclose(np.array(trace.y) + trace.error_y.array, high)
        np.testing.assert_allclose(np.array(trace.y) - trace.error_y.arrayminus, low)


def test_a_roc_panel_a_class_and_every_curve_ends_where_all_pass(comparison):
    figure = draw.draw_roc(comparison, "dark", 500, ACCENTS)
    curves = [trace for trace in figure.data if trace.mode == "lines" and trace.fill is None]
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert len(curves) == len(bands) == 4 * 9
    for trace, band in zip(curves, bands, strict=True):
        assert (trace.x[-1], trace.y[-1]) == (1, 1)
        assert max(trace.y) <= 80
        assert (np.diff(trace.x) >= 0).all()
        high, low = np.split(np.array(band.y), 2)
        assert (low[::-1] <= np.array(trace.y) + 1e-9).all()
        assert (high >= np.array(trace.y) - 1e-9).all()
    limits = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert limits
    assert {round(trace.y[0], 3) for trace in limits} == {round(1 / (1 - 0.05 ** (1 / 80)), 3)}
    assert len(figure.layout.shapes) == 9
    assert {shape.x0 for shape in figure.layout.shapes} == {0.5, 0.99, 0.995}


@pytest.mark.parametrize("dataset", [TOPLANDSCAPE, QUARKGLUON])
def test_two_classes_have_one_roc_panel_and_two_published_points(dataset):
    comparison = random_comparison(200, dataset, 2)
    assert [point[2] for point in comparison.rejections.values()] == [0.3, 0.5]
    figure = draw.draw_roc(comparison, "light", 400, ACCENTS)
    assert len([trace for trace in figure.data if trace.mode == "lines" and trace.fill is None]) == 2
    assert [shape.x0 for shape in figure.layout.shapes] == [0.3, 0.5]
    assert len(draw.draw_rejections(comparison, "light", 400, ACCENTS).layout.yaxis.ticktext) == 2
    assert dataset.titles[0] in figure.layout.annotations[0].text


def test_confusion_rows_sum_to_100_and_changes_to_0(comparison):
    shares = np.array(draw.draw_confusion(comparison, 1, "light", 400).data[0].z)
    np.testing.assert_allclose(shares.sum(1), 100)
    assert np.trace(shares) / 10 == pytest.approx(100 * comparison.quality[1]["accuracy"], abs=1e-3)
    change = np.array(draw.draw_confusion_change(comparison, 1, "light", 400).data[0].z)
    np.testing.assert_allclose(change.sum(1), 0, atol=1e-9)


def test_classes_without_jets_stay_empty():
    comparison = random_comparison(30, labels=np.full(30, 4))
    shares = np.array(draw.draw_confusion(comparison, 0, "light", 400).data[0].z)
    assert np.isnan(np.delete(shares, 4, axis=0)).all()
    assert comparison.signals == ()
    assert comparison.quality[0]["macro_auc"] is None


def test_small_numbers_of_heads_have_a_power_of_ten_as_unit(comparison):
    figure = draw.draw_heads(comparison.attention[1].mean_divergence, "nats", "light", 400)
    assert figure.data[0].text[0] == ["5.0"] * 3
    assert "10<sup>-5</sup>" in figure.layout.xaxis.title.text
    figure = draw.draw_heads(100 * comparison.attention[1].flip_rate, "%", "light", 400)
    assert figure.data[0].text[0] == ["50.0"] * 3
    assert figure.layout.xaxis.title.text == "Head"


def test_outcomes_share_out_all_jets(comparison):
    figure = draw.draw_outcomes(comparison, "dark", 300, ACCENTS)
    np.testing.assert_allclose(np.sum([bar.x for bar in figure.data], axis=0), 100)
    both, first, _, _ = (np.array(bar.x) for bar in figure.data)
    np.testing.assert_allclose(both + first, 100 * (comparison.classes[0] == comparison.truth).mean())


def test_agreement_is_written_and_disagreement_coloured(comparison):
    figure = draw.draw_agreement(comparison, "light", 300)
    assert figure.data[0].text[0][1] == f"{100 * comparison.agreement[0, 1]:.1f}"
    np.testing.assert_allclose(np.diag(np.array(figure.data[0].z)), 0)


def test_the_drift_of_every_jet_is_counted(comparison):
    assert sum(draw.draw_drift(comparison, 2, "light", 300, ACCENTS[2]).data[0].y) == len(comparison)


@pytest.mark.parametrize("jets", [1, 2])
def test_a_jet_or_two_can_be_drawn(jets):
    comparison = random_comparison(jets, models=2)
    for function in (draw.draw_pareto, draw.draw_reliability, draw.draw_outcomes):
        function(comparison, "light", 300, ACCENTS)
    draw.draw_drift(comparison, 1, "light", 300, ACCENTS[1])
