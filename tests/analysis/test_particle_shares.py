"""The shares of one jet's particles: with what is no particle's they add up to the difference of logits."""

import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.jets import write_jets

import part
from part.analysis.circuits.direct_logits import class_head_shares
from part.analysis.circuits.particle_shares import particle_shares
from part.errors import PartError
from part.figures.about import explain
from part.figures.jet_view import view_jet
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart
from part.figures.plotly.charts import draw_chart as draw_plotly
from part.figures.studies.particle_shares import MOST, bars, plane

N = 17  # constituents


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def jet(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "j.root", [N], seed=3))


@pytest.mark.parametrize("name", ["part", "nobias", "pairattn", "mean", "linpart"])
@pytest.mark.parametrize("classes", [("Tbqq", "QCD"), ("Hbb", ""), ("", "")])
def test_they_add_up(load, jet, name, classes):
    tagger = load(name)
    shares = particle_shares(tagger, jet, *classes)
    p = tagger.predict(jet)[0].astype(float)
    names = list(tagger.dataset.classes)
    target = names.index(classes[0]) if classes[0] else int(p.argmax())
    rest = [names.index(classes[1])] if classes[1] else [i for i in range(len(p)) if i != target]
    assert shares.total == pytest.approx(np.log(p[target]) - np.log(p[rest]).mean(), abs=1e-4)
    assert shares.particles.shape == (N,)
    assert shares.particles.sum() + sum(shares.others.values()) == pytest.approx(shares.total, abs=1e-4)
    assert ("class token" in shares.others) == (name != "mean")
    assert shares.target.startswith(tagger.dataset.titles[target])
    assert np.abs(shares.particles).max() > 1e-3


def test_a_particle_has_what_the_class_token_reads_of_it_apart_from_biases(load, jet):
    """The values of the class token's heads are linear in the stream; the biases are the same for each particle."""
    tagger, weights = load("part"), torch.zeros(10)
    weights[8], weights[0] = 1.0, -1.0
    shares = particle_shares(tagger, jet, "Tbqq", "QCD")
    read = class_head_shares(tagger, jet, weights).class_heads[0, ..., 1:].sum((0, 1)).numpy()
    assert np.corrcoef(shares.particles, read)[0, 1] > 0.9


@pytest.mark.parametrize("name", ["part", "mean"])
def test_they_are_drawn_with_their_sum(load, jet, name):
    tagger = load(name)
    shares, view = particle_shares(tagger, jet), view_jet(tagger, jet)
    drawn = bars(shares, view)
    (series,) = drawn.series
    assert len(series.x) == MOST + 1 + len(shares.others) + 1
    assert series.x[-1] == "sum"
    assert f"{N - MOST} other particles" in series.x
    assert series.y[:-1].sum() == pytest.approx(series.y[-1], abs=1e-4)
    np.testing.assert_array_equal(plane(shares, view).values, shares.particles)
    for chart in (drawn, plane(shares, view)):
        assert explain(chart.about)
        assert chart.sentence.endswith(".")
        assert draw_plotly(chart, "light", 400).layout.height == 400
        assert figure_bytes(draw_chart(chart), "pdf", {}).startswith(b"%PDF")


def test_a_jet_with_few_particles_has_no_others(load, tmp_path):
    tagger = load("part")
    single = part.read_jets(write_jets(tmp_path / "s.root", [1], seed=3))
    drawn = bars(particle_shares(tagger, single), view_jet(tagger, single))
    assert not any("other" in name for name in drawn.series[0].x)


def test_what_is_not_one_jet_or_not_linear_is_refused(load, jet):
    with pytest.raises(PartError, match="one jet"):
        particle_shares(load("part"), jet[[0, 0]])
    with pytest.raises(PartError, match="no residual stream"):
        particle_shares(load("pfn"), jet)
    with pytest.raises(PartError, match="global token, to which heads add"):
        particle_shares(load("global"), jet)
