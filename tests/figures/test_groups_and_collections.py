"""Charts of groups of classes, of many classes and inputs, and of tokens of several collections."""

import numpy as np
import pytest
from helpers.own_models import write_own_model
from helpers.own_training import DEFINITIONS, FEATURES, group, own_config, write_own_jets

import part
from part.analysis.attribution.methods import attribute
from part.analysis.attribution.task import make_task
from part.comparison.result import build_comparison
from part.figures.jet_view import view_jet
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart as draw_for_paper
from part.figures.particles import Constituents
from part.figures.plotly.charts import draw_chart
from part.figures.plotly.comparison import draw_confusion, draw_rejections, rejections_drawn
from part.figures.prediction import strongest_classes
from part.figures.studies import particles as particle_charts
from part.figures.studies.lens import jet_lens
from part.jets.class_groups import ClassGroup
from part.jets.schema import Dataset

pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")
ENGINEERED = [f"pf_engineered_{i}" for i in range(53)]


@pytest.fixture(scope="module")
def vertices(tmp_path_factory):
    """A jet with vertices, as a model of two collections sees it."""
    folder = tmp_path_factory.mktemp("own")
    tagger = part.load_model(write_own_model(folder / "two.safetensors", "vertices", class_layers=0))
    jets = part.read_jets(write_own_jets(folder / "own.root", n=30), config=tagger.data_config)
    index = int(np.argmax([1 in kinds for kinds in jets["part_kind"].tolist()]))
    return view_jet(tagger, jets[index : index + 1]).constituents


@pytest.mark.parametrize("order", ["pt", "file"])
def test_collections_are_blocks_in_every_order(vertices, order):
    blocks = vertices.groups(order)
    assert [title for title, _, _ in blocks] == ["pf", "sv"]
    shown = vertices.order(order)
    for kind, (_, first, stop) in enumerate(blocks):
        assert set(vertices.kind[shown[first:stop]]) == {kind}
        if order == "pt":
            assert (np.diff(vertices.pt[shown[first:stop]]) <= 0).all()
    assert sorted(shown.tolist()) == list(range(len(vertices)))


def test_orders_that_the_file_does_not_tell_are_said(vertices):
    assert vertices.missing_order("pt") is None
    assert vertices.missing_order("species") is None  # the collections tell tokens apart
    nameless = Constituents(*np.full((4, 3), np.nan), np.full(3, -1), np.zeros(3, int))
    assert "momenta" in nameless.missing_order("subjet")
    assert "species" in nameless.missing_order("species")
    assert nameless.missing_order("file") is None


@pytest.fixture(scope="module")
def sixty(tmp_path_factory):
    """The attribution of a jet to 60 inputs."""
    folder = tmp_path_factory.mktemp("sixty")
    inputs = own_config()["inputs"]
    inputs["pf_features"] = group([*FEATURES, *([name, None] for name in ENGINEERED)], 20, "wrap")
    made = {name: f"np.tanh(cand_dxy * {i})" for i, name in enumerate(ENGINEERED)}
    changes = {"new_variables": DEFINITIONS | made, "inputs": inputs}
    tagger = part.load_model(write_own_model(folder / "sixty.safetensors", changes=changes))
    jet = part.read_jets(write_own_jets(folder / "own.root", n=5), config=tagger.data_config)[:1]
    return attribute(make_task(tagger, jet), "smoothgrad"), view_jet(tagger, jet)


def test_sixty_inputs_are_named_as_in_the_data_config(sixty):
    chart = particle_charts.by_input(*sixty)
    assert chart.columns == (*(item[0] for item in FEATURES), *ENGINEERED)
    figure = draw_chart(chart, "light", 600)
    assert len(figure.data[0].x) == 60
    assert figure.layout.xaxis.dtick == 1  # no name is left out
    assert figure.data[0].texttemplate == ""  # numbers would overlap; hovers tell them
    assert figure_bytes(draw_for_paper(chart), "pdf", {}).startswith(b"%PDF")


def test_a_chosen_class_is_among_the_strongest_once():
    probabilities = np.linspace(0, 1, 188)
    shown = strongest_classes(probabilities, truth=3, kept=5, chosen=(7, 187, 3)).tolist()
    assert shown == [187, 186, 185, 184, 183, 3, 7]


def test_a_chosen_group_comes_first_in_the_lens():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(188), 4)
    chosen = ClassGroup("mine", (3, 100))
    plot = jet_lens(probabilities, [f"class {i}" for i in range(188)], chosen)
    assert plot.series[0].name == "mine"
    np.testing.assert_allclose(plot.series[0].y, probabilities[:, [3, 100]].sum(1))
    assert len(plot.series) == 5
    assert plot.y_range[1] < 0.2  # the axis ends where the curves do


@pytest.fixture(scope="module")
def many():
    names = (*(f"class {i}" for i in range(187)), "QCD")
    rng = np.random.default_rng(0)
    truth = np.concatenate((rng.integers(0, 187, 400), np.full(50, 187), np.full(30, 5)))
    scores = rng.dirichlet(np.ones(188), (1, len(truth)))
    return build_comparison(["toy"], Dataset("many", names, names), scores, truth, [None], [None], 0, replicas=2)


def test_of_many_rejections_those_of_most_jets_are_drawn(many):
    drawn = rejections_drawn(many)
    jets = np.bincount(many.labels, minlength=188)
    assert len(drawn) == 14 < len(many.rejections)
    assert "rejection_class 5_50%" in drawn
    fewest = min(jets[signal] for signal, _, _ in drawn.values())
    left_out = [jets[point[0]] for name, point in many.rejections.items() if name not in drawn]
    assert max(left_out) <= fewest
    figure = draw_rejections(many, "light", 500, ("#000000",))
    assert len(figure.data[0].y) == 14


def test_a_confusion_of_many_classes_names_each_row(many):
    figure = draw_confusion(many, 0, "dark", 560)
    assert len(figure.layout.yaxis.ticktext) == len(figure.layout.xaxis.ticktext) == 24
    assert figure.layout.xaxis.tickangle == -90
