"""One model on two samples: equal samples do not change, and each side is measured as it is alone."""

import awkward as ak
import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis.statistics.metrics import measure
from part.comparison.result import Comparison
from part.comparison.samples import MemorySample
from part.comparison.two_samples import STAGES, SamplePair, compare_samples, sample_rows
from part.figures.column_charts import score_chart
from part.figures.matplotlib.charts import draw_chart as draw_for_paper
from part.figures.plotly.charts import draw_chart
from part.jets.datasets import TOPLANDSCAPE
from part.jets.labels import labels

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    path = write_model(tmp_path_factory.mktemp("model") / "alpha.safetensors", 1, **SMALL)
    return part.load_model(path, "cpu")


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jets")
    return [
        part.read_jets(write_jets(folder / f"{seed}.root", [5 + i % 7 for i in range(60)], seed)) for seed in (1, 2)
    ]


def pair_of(tagger, first, second, **options) -> SamplePair:
    samples = (MemorySample(jets, tagger.dataset) for jets in (first, second))
    return compare_samples(tagger, *samples, replicas=40, **options)


def test_each_side_is_measured_as_alone(tagger, jets):
    steps, batches = [], []
    pair = pair_of(
        tagger,
        *jets,
        progress=lambda *step: steps.append(step),
        on_batch=lambda side, batch, p: batches.append((side, p.shape)),
    )
    for sample, own in zip(pair.samples, jets, strict=True):
        assert (
            sample.quality[0].items()
            >= measure(tagger.predict(own), labels(own, tagger.dataset), tagger.dataset).items()
        )
    assert tuple(dict.fromkeys(stage for stage, _, _ in steps)) == STAGES
    assert batches == [(0, (1, 60, 10)), (1, (1, 60, 10))]
    change, ends = pair.change("accuracy")
    assert change == pytest.approx(pair.samples[1].quality[0]["accuracy"] - pair.samples[0].quality[0]["accuracy"])
    assert ends[0] <= change <= ends[1]


def test_a_sample_and_itself_do_not_differ(tagger, jets):
    pair = pair_of(tagger, jets[0], jets[0])
    change, (low, high) = pair.change("macro_auc")
    assert change == 0
    assert low < 0 < high  # independent draws, not the same ones
    rows = list(sample_rows(pair))
    assert all(row["change"] == 0 for row in rows if row["measure"] in ("accuracy", "efficiency"))
    alone = SamplePair(("a", "b"), (pair.samples[0], pair.samples[0]))
    assert np.array_equal(*alone.score_histograms(0))


def test_without_labels_only_the_scores_of_all_jets_are_compared(tagger, jets):
    bare = jets[1][[name for name in jets[1].fields if not name.startswith("label")]]
    pair = pair_of(tagger, jets[0], bare)
    assert not pair.has_labels
    assert pair.measures == ()
    rows = list(sample_rows(pair))
    assert {row["measure"] for row in rows} == {"score_jensen_shannon_bits"}
    assert len(rows) == 10
    first, second = pair.score_histograms(3)
    assert (first.sum(), second.sum()) == (60, 60)


def made_pair(shift: float, n: int = 4000) -> SamplePair:
    """Return two samples of top and QCD jets, whose scores differ by a shift in one of them."""
    sides = []
    for seed, move in ((1, 0.0), (2, shift)):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, n)
        top = (0.5 + 0.15 * np.where(truth == 0, 1, -1) + rng.normal(0, 0.12, n) - move).clip(0.01, 0.99)
        probabilities = np.stack([top, 1 - top], 1)[None]
        sides.append(Comparison(("made",), TOPLANDSCAPE, probabilities, truth, {}, (), (), 0))
    return SamplePair(("old", "new"), (sides[0], sides[1]))


def test_shifted_scores_are_found_and_equal_ones_are_not():
    shifted, equal = made_pair(0.1), made_pair(0.0)
    assert all(found.low > 0.02 for found in shifted.score_divergences)
    assert all(found.value < 0.005 for found in equal.score_divergences)
    rows = {(row["measure"], row["class"]): row for row in sample_rows(shifted)}
    top = rows["efficiency", "Top"]
    assert top["change_high"] < 0
    first, second = (float((s.probabilities[0].argmax(1) == s.truth)[s.truth == 0].mean()) for s in shifted.samples)
    assert top["change"] == pytest.approx(second - first, abs=1e-4)
    rejection = rows["rejection_Top_50%", ""]
    assert rejection["change"] == pytest.approx(rejection["second"] / rejection["first"], rel=1e-4)


def test_the_scores_are_drawn_for_screen_and_paper():
    chart = score_chart(made_pair(0.1), 0)
    assert [series.name for series in chart.series] == ["old", "new"]
    width = 1 / len(chart.series[0].y)
    assert [float(series.y.sum() * width) for series in chart.series] == pytest.approx([1, 1])
    assert len(draw_chart(chart, "light", 300).data) == 4
    assert draw_for_paper(chart).axes


def test_labels_are_counted_jet_by_jet(tagger, jets):
    mixed = ak.concatenate([jets[0][:10], jets[1][30:60]])
    pair = pair_of(tagger, jets[0], mixed)
    totals = pair.efficiencies[1].total
    assert totals.tolist() == np.bincount(labels(mixed, tagger.dataset), minlength=10).tolist()
