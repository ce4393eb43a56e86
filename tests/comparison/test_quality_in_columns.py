"""Comparisons against columns: brute force over the jets of each bin, and known cases of sculpting."""

import numpy as np
import pytest

from part.analysis.statistics import metrics
from part.benchmarking.cost import Cost
from part.comparison.columns import (
    bin_index,
    passes,
    quality_in_bins,
    quality_rows,
    slice_comparison,
    working_point,
)
from part.comparison.result import build_comparison
from part.comparison.sculpting import measure_sculpting, sculpting_rows
from part.errors import PartError
from part.figures.column_charts import quality_charts, sculpting_chart
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart as draw_for_paper
from part.figures.plotly.charts import draw_chart
from part.jets.datasets import JETCLASS

JETS = 6000
QCD, HBB = 0, 1


def compare(probabilities, truth, replicas=0):
    names = [f"model {m}" for m in range(len(probabilities))]
    cost = Cost(1, 1, 1.0, 1.0, 1)
    attention = [None] + ["no attention"] * (len(names) - 1)
    return build_comparison(names, JETCLASS, probabilities, truth, [cost] * len(names), attention, 1, replicas)


def scores(signal_score, rng):
    """Return probabilities (J, C) whose discriminant of Hbb is a score in (0, 1)."""
    probabilities = np.full((len(signal_score), 10), 0.01, np.float64)
    rest = 1 - 0.01 * 8 - rng.uniform(0, 0.2, len(signal_score))
    probabilities[:, HBB], probabilities[:, QCD] = signal_score * rest, (1 - signal_score) * rest
    return probabilities


@pytest.fixture(scope="module")
def sample():
    """Return a comparison of two models, and a column: model 0 knows it, model 1 does not."""
    rng = np.random.default_rng(7)
    truth = rng.choice([QCD, HBB, 2, -1], JETS, p=(0.5, 0.35, 0.1, 0.05))
    mass = np.where(truth == HBB, rng.normal(125, 10, JETS), rng.exponential(60, JETS))
    other = np.where(truth == HBB, rng.normal(0.6, 0.2, JETS), rng.normal(0.4, 0.2, JETS)).clip(0.01, 0.99)
    knowing = (0.25 * np.exp(-(((mass - 125) / 20) ** 2)) + 0.75 * other).clip(0.01, 0.99)
    mass[rng.choice(JETS, 40, replace=False)] = np.nan
    return compare(np.stack([scores(knowing, rng), scores(other, rng)]), truth), mass


def test_each_bin_is_counted_jet_by_jet(sample):
    comparison, mass = sample
    point = working_point(comparison, HBB, 0.3)
    quality = quality_in_bins(comparison, "mass", mass, 6, point)
    known = comparison.truth >= 0
    own = mass[known]
    assert quality.not_finite == np.isnan(own).sum()
    assert quality.jets.sum() + quality.not_finite == known.sum()
    for m, probabilities in enumerate(comparison.probabilities[:, known]):
        score = metrics.discriminant(probabilities, HBB, QCD)
        cut = np.quantile(score[comparison.labels == HBB], 0.7, method="lower")
        for k in range(6):
            last = k == 5
            inside = (own >= quality.edges[k]) & (
                (own <= quality.edges[k + 1]) if last else (own < quality.edges[k + 1])
            )
            labels, passing = comparison.labels[inside], score[inside] >= cut
            right = probabilities[inside].argmax(1) == labels
            assert quality.accuracy.value[m, k] == pytest.approx(right.mean())
            assert quality.medians[k] == np.median(own[inside])
            for rate, kind in ((quality.signal_efficiency, HBB), (quality.background_efficiency, QCD)):
                assert (rate.passed[m, k], rate.total[k]) == (passing[labels == kind].sum(), (labels == kind).sum())


def test_one_bin_of_all_jets_is_the_published_measure(sample):
    comparison, _ = sample
    point = working_point(comparison)
    assert (point.signal, point.background, point.efficiency) == (HBB, QCD, 0.5)
    quality = quality_in_bins(comparison, "all", np.ones(JETS), 8, point)
    for m in range(2):
        measured = comparison.quality[m]
        assert quality.accuracy.value[m, 0] == pytest.approx(measured["accuracy"], abs=1e-5)
        assert quality.background_efficiency.inverse[0][m, 0] == pytest.approx(measured["rejection_Hbb_50%"], abs=0.06)
        assert quality.signal_efficiency.value[m, 0] == pytest.approx(0.5, abs=0.001)


def test_rows_hold_the_bins_and_intervals(sample):
    comparison, mass = sample
    quality = quality_in_bins(comparison, "mass", mass, 4, working_point(comparison))
    rows = list(quality_rows(comparison, quality))
    assert len(rows) == 3 * 2 * 4
    assert {row["measure"] for row in rows} == {"accuracy", "signal_efficiency", "rejection"}
    assert all(row["low"] <= row["value"] for row in rows if row["value"] is not None)
    assert {row.get("signal") for row in rows if row["measure"] == "accuracy"} == {None}


def test_a_slice_is_the_comparison_of_its_jets_alone(sample):
    comparison, mass = sample
    kept = (mass > 80) & (mass < 150)
    own = slice_comparison(comparison, kept)
    alone = compare(comparison.probabilities[:, kept], comparison.truth[kept])
    assert own.quality == alone.quality
    assert own.costs == comparison.costs
    with pytest.raises(PartError, match="slice holds no jets"):
        slice_comparison(comparison, np.zeros(JETS, bool))


def test_a_model_that_knows_the_mass_sculpts_it_and_one_that_does_not_does_not(sample):
    comparison, mass = sample
    sculpting = measure_sculpting(comparison, "mass", mass, working_point(comparison))
    knowing, blind = sculpting.divergence
    assert knowing.low > 0.1
    assert knowing.p_value < 0.01
    assert blind.low == 0
    assert blind.plain < 1.5 * blind.chance
    background = comparison.labels == QCD
    assert sculpting.not_finite == np.isnan(mass[comparison.labelled][background]).sum()
    for m in range(2):
        cut = passes(comparison, m, sculpting.point)[background]
        assert sculpting.passing[m].sum() == (cut & np.isfinite(mass[comparison.labelled][background])).sum()
        assert (sculpting.passing[m] + sculpting.failing[m]).sum() + sculpting.not_finite == background.sum()
    rows = list(sculpting_rows(comparison, sculpting))
    assert [row["model"] for row in rows] == ["model 0", "model 1"]
    assert rows[0]["value"] > rows[1]["value"]


def test_a_column_that_says_who_passes_gives_one_bit(sample):
    comparison, _ = sample
    point = working_point(comparison, HBB, 0.3)
    column = np.zeros(JETS)
    column[comparison.labelled] = passes(comparison, 1, point)
    sculpting = measure_sculpting(comparison, "passes", column, point)
    assert sculpting.divergence[1].value == pytest.approx(1)
    assert sculpting.passing[1].tolist() == [0, column[comparison.truth == QCD].sum()]


def test_what_cannot_be_measured_is_refused(sample):
    comparison, mass = sample
    with pytest.raises(PartError, match="Zqq is no signal of these jets; expected one of Hbb, Hcc"):
        working_point(comparison, 6)
    with pytest.raises(PartError, match="expected a number between 0 and 1"):
        working_point(comparison, HBB, 1.0)
    with pytest.raises(PartError, match="No jet has a finite number"):
        quality_in_bins(comparison, "mass", np.full(JETS, np.nan), 4)
    with pytest.raises(PartError, match="No background jet has a finite number in mass"):
        measure_sculpting(
            comparison, "mass", np.where(comparison.truth == QCD, np.nan, mass), working_point(comparison)
        )
    with pytest.raises(PartError, match="no labels"):
        quality_in_bins(compare(comparison.probabilities, None), "mass", mass)
    of_one_class = slice_comparison(comparison, comparison.truth == HBB)
    assert working_point(of_one_class) is None


def test_bins_hold_their_lower_edge_and_the_last_one_both():
    edges = np.array([0.0, 1.0, 2.0])
    assert bin_index(np.array([0, 1, 2, -0.1, 2.1, np.nan, np.inf]), edges).tolist() == [0, 1, 1, -1, -1, -1, -1]


def test_the_charts_are_drawn_for_screen_and_paper(sample):
    comparison, mass = sample
    point = working_point(comparison)
    sculpting = measure_sculpting(comparison, "jet_sdmass", mass, point)
    charts = quality_charts(comparison, quality_in_bins(comparison, "jet_sdmass", mass, 8, point))
    charts["sculpting"] = sculpting_chart(comparison, sculpting, 0)
    assert list(charts) == ["accuracy", "efficiency", "rejection", "sculpting"]
    for chart in charts.values():
        assert chart.x_title == "jet_sdmass [GeV]"
        assert len(draw_chart(chart, "dark", 300).data) >= 4
        assert figure_bytes(draw_for_paper(chart), "svg", {}).startswith(b"<?xml")
    areas = [(series.y * np.diff(sculpting.edges)).sum() for series in charts["sculpting"].series]
    assert areas == pytest.approx([1, 1])


def test_a_bin_where_no_background_passes_is_a_lower_limit_apart_from_the_line():
    rng = np.random.default_rng(1)
    truth, column = np.repeat([QCD, HBB], 200), np.tile(np.repeat([0.0, 1.0], 100), 2)
    score = np.where(truth == HBB, 0.9, np.where(column == 1, 0.95, 0.1))
    comparison = compare(np.stack([scores(score, rng)] * 2), truth)
    quality = quality_in_bins(comparison, "column", column, 8, working_point(comparison))
    assert quality.background_efficiency.passed.tolist() == [[0, 100]] * 2
    chart = quality_charts(comparison, quality)["rejection"]
    lines, limits = ([s for s in chart.series if s.style == style] for style in ("line", "limits"))
    assert [s.y.tolist() for s in lines] == [[1.0], [1.0]]
    for series in limits:
        np.testing.assert_allclose(series.y, 1 / (1 - 0.05 ** (1 / 100)))  # about a third of the jets
        assert series.labels == ("none of 100 passes, 95 %",)
    rows = [row for row in quality_rows(comparison, quality) if row["measure"] == "rejection"]
    assert [(row["passing"], row["jets"], row["value"]) for row in rows[:2]] == [(0, 100, None), (100, 100, 1.0)]
