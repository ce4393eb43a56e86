"""Charts and sentences on speed agree with the measurements."""

import numpy as np
import pytest

from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.profile import Profile, ProfileEntry
from part.benchmarking.roofline import WHOLE_MODEL, RooflinePoint
from part.figures import speed_charts as charts
from part.figures.matplotlib.charts import draw_chart as draw_matplotlib
from part.figures.plotly.charts import draw_chart as draw_plotly


def row(batch, seconds, model="m", n=30.0, failed=None):
    return SpeedMeasurement(
        model, "ParT", "fp32", "fused", 10, 20, batch, n, 44, True, False, (9.0,), seconds, 10**6, None, failed
    )


SERIES = {
    "one": [row(1, (1.0, 2.0, 3.0)), row(8, (8.0, 8.0, 8.0)), row(64, (64.0, 64.0, 64.0))],
    "two": [row(64, (8.0,)), row(1, (4.0,)), row(8, (8.0,)), row(512, (), failed="no")],
}


def test_latency_is_the_median_with_its_spread_by_rising_batch():
    plot = charts.latency(SERIES, "batch")
    one, two = plot.series
    np.testing.assert_allclose(one.y, [2000, 8000, 64000])
    np.testing.assert_allclose((one.low[0], one.high[0]), (1320, 2680))
    assert np.isnan(two.low).all()  # of one pass
    assert two.x.tolist() == [1, 8, 64]  # what failed is left out
    assert plot.x_ticks == (1, 8, 64)


def test_throughput_counts_jets():
    one, two = charts.throughput(SERIES, "batch").series
    np.testing.assert_allclose(one.y, [0.5, 1, 1])
    np.testing.assert_allclose((one.low[0], one.high[0]), (1 / 2.68, 1 / 1.32))
    np.testing.assert_allclose(two.y, [0.25, 1, 8])


def test_every_pass_is_shown_warm_ups_dashed():
    warm, counted = charts.passes({"one": SERIES["one"]}, 1).series
    assert warm.dashed
    np.testing.assert_allclose(warm.y, [9000, 1000])
    np.testing.assert_allclose(counted.y, [1000, 2000, 3000])
    assert counted.x.tolist() == [2, 3, 4]


def test_sentences_state_exponents_and_crossovers():
    sentences = charts.describe_growth(SERIES, "batch")
    assert sentences[0] == "one: time ∝ B^0.83 [-0.39, 2.06] at 95 %, over the upper 3 points."
    assert (
        sentences[2] == "two is faster than one from between B = 8 and 64 on, 8.0 times at the last, in too few passes."
    )
    reversed_order = charts.describe_growth({"two": SERIES["two"], "one": SERIES["one"]}, "batch")
    assert reversed_order[2] == "one is nowhere faster than two from some B on."


def test_a_ratio_that_may_be_one_is_no_gain():
    slow, close = (row(64, seconds) for seconds in ((1.0, 1.1, 0.9, 1.0), (0.95, 1.2, 0.8, 1.05)))
    start = row(1, (0.1, 0.1, 0.1))
    assert charts.describe_growth({"a": [start, slow], "b": [start, close]}, "batch") == [
        "b is not clearly faster than a at B = 64."
    ]


PROFILES = [
    Profile("a", (ProfileEntry("blocks.0.attn", "mm", 1, 0.003, 10), ProfileEntry("blocks.1.attn", "mm", 1, 0.002, 10),
                  ProfileEntry("", "add", 1, 0.001, 0)), 0.005),
    Profile("b", (ProfileEntry("head", "an_operator_with_a_name_that_does_not_end", 1, 0.004, 0),), 0.004),
]  # fmt: skip


def test_operators_of_two_models_stand_beside_each_other():
    a, b = charts.operators(PROFILES, "seconds").series
    assert a.x == ("mm", "an_operator_with_a_name_that_…", "add")
    np.testing.assert_allclose(a.y, [5, 0, 1])
    np.testing.assert_allclose(b.y, [0, 4, 0])


def test_modules_of_all_blocks_are_one_bar():
    a, _ = charts.modules(PROFILES, "seconds").series
    assert dict(zip(a.x, a.y, strict=True)) == pytest.approx({"blocks.*.attn": 5, "head": 0, "the rest": 1})


def test_a_flame_has_the_modules_below_each_other():
    flame = charts.flame(PROFILES[0])
    assert flame.leaves == pytest.approx(
        {("blocks", "0", "attn", "mm"): 3, ("blocks", "1", "attn", "mm"): 2, ("add",): 1}
    )
    assert flame.coloured == ("blocks",)


def test_a_roofline_has_a_roof_and_the_points_below_it():
    peaks = {"peak_flops": 1e11, "bandwidth": 1e10, "cache_bandwidth": 5e10}
    points = [
        RooflinePoint("m", WHOLE_MODEL, 1e9, 1e9, 1, **peaks),
        RooflinePoint("m", "blocks.*.ffn", 1e9, 1e7, 0.1, **peaks),
    ]
    memory, cache, modules = charts.roofline(points).series
    assert memory.y.max() == pytest.approx(100)  # GFLOP/s
    np.testing.assert_allclose(np.minimum(memory.x * 10, 100), memory.y)
    assert (cache.y >= memory.y).all()
    np.testing.assert_allclose(modules.y, [1, 10])
    assert modules.labels == (WHOLE_MODEL, "blocks.*.ffn")


@pytest.mark.parametrize(
    "chart",
    [charts.latency(SERIES, "batch"), charts.memory(SERIES, "n"), charts.passes(SERIES, 1), charts.flame(PROFILES[1])],
    ids=lambda chart: chart.title,
)
def test_all_are_drawn(chart):
    assert draw_plotly(chart, "dark", 200).layout.height == 200
    assert draw_matplotlib(chart).axes
