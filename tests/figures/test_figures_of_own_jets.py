"""Figures of jets that a data config prepared: collections, many classes, and no momenta."""

import json
import warnings

import numpy as np
import pytest
from helpers.own_models import INDEX_OF_MANY, MANY, WITHOUT_MOMENTA, write_own_model
from helpers.own_training import write_own_jets

import part
from part.errors import PartError
from part.export import make, origin, render
from part.figures.constituent_table import tabulate_constituents
from part.figures.data import figure_data
from part.figures.jet_view import view_jet
from part.figures.matplotlib import draw_matplotlib
from part.figures.plotly import draw_plotly
from part.figures.prediction import strongest_classes
from part.figures.style import MARKERS
from part.figures.view import FIGURES, ORDERS, View

pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")
KINDS = {
    "vertices": {"kind": "vertices", "class_layers": 0},
    "many": {"classes": MANY, "changes": INDEX_OF_MANY},
    "bare": {"changes": WITHOUT_MOMENTA},
}


@pytest.fixture(scope="module")
def views(tmp_path_factory) -> dict[str, tuple]:
    """A model, its jets and the view of one of these, of each kind."""
    folder = tmp_path_factory.mktemp("own")
    path, found = write_own_jets(folder / "jets.root", n=30), {}
    for name, options in KINDS.items():
        tagger = part.load_model(write_own_model(folder / f"{name}.safetensors", **options))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            jets = part.read_jets(path, config=tagger.data_config)
        index = int(np.argmax([1 in kinds for kinds in jets["part_kind"].tolist()])) if name == "vertices" else 0
        found[name] = tagger, jets[index : index + 1], view_jet(tagger, jets[index : index + 1])
    return found


@pytest.mark.parametrize("name", KINDS)
def test_every_figure_that_a_jet_has_can_be_drawn(views, name):
    _, _, jet_view = views[name]
    for figure in jet_view.figures:
        for order in ORDERS if figure == "matrix" else ("pt",):
            data = figure_data(jet_view, View(figure, order=order))
            draw_plotly(data, "light", 400)
            draw_matplotlib(data, 3.4)


def test_all_tokens_that_the_model_saw_are_shown(views):
    for tagger, jets, jet_view in views.values():
        assert len(jet_view.constituents) == len(jets["inputs"][0]) == jet_view.trace.mask.sum()
        assert jet_view.n_truncated == jets["n_truncated"][0]
        assert jet_view.jet.n == len(jet_view.constituents) + jet_view.n_truncated
        assert jet_view.classes == tagger.dataset.titles
        assert jet_view.truth == jets["truth"][0]


def test_vertices_have_a_name_and_a_marker_of_their_own(views):
    _, jets, jet_view = views["vertices"]
    particles = jet_view.constituents
    is_vertex = np.array(jets["part_kind"][0]) == 1
    assert {particles.species_title(i) for i in np.flatnonzero(is_vertex)} == {"sv"}
    assert "sv" not in {particles.species_title(i) for i in np.flatnonzero(~is_vertex)}
    assert {MARKERS[mark] for mark in particles.mark[is_vertex]} == {"triangle-down"}
    assert not set(particles.mark[is_vertex]) & set(particles.mark[~is_vertex])
    assert ("sv", len(particles) - int(is_vertex.sum()), len(particles)) in particles.groups("species")
    assert "sv" in tabulate_constituents(jet_view, View())["species"]


def test_without_momenta_there_is_no_display_and_no_column_of_momenta(views):
    _, _, jet_view = views["bare"]
    assert "display" not in jet_view.figures
    assert set(jet_view.figures) == set(FIGURES) - {"display"}
    with pytest.raises(PartError, match="does not say the momenta"):
        figure_data(jet_view, View("display"))
    assert not {"pT [GeV]", "Δη", "subjet"} & set(tabulate_constituents(jet_view, View()))
    assert "nan" not in jet_view.heading


def test_of_many_classes_the_strongest_are_drawn_and_the_true_one():
    probabilities = np.linspace(1, 2, MANY)
    assert strongest_classes(probabilities).tolist() == list(range(MANY - 1, MANY - 11, -1))
    assert strongest_classes(probabilities, truth=5).tolist()[-1] == 5
    assert len(strongest_classes(probabilities, truth=MANY - 1)) == 10
    assert strongest_classes(np.array([0.2, 0.5, 0.3]), truth=0).tolist() == [0, 1, 2]
    both = np.stack((probabilities, probabilities[::-1]))
    assert {0, MANY - 1} <= set(strongest_classes(both).tolist())


def test_a_drawing_has_few_bars_and_the_table_all_classes(views):
    tagger, jets, jet_view = views["many"]
    prediction = figure_data(jet_view, View("prediction"))
    assert len(draw_plotly(prediction, "light", 400).data[0].y) == len(prediction.bars) <= 11
    exported = make(tagger, jets, origin(tagger, "many", "jets.root", 0, View("prediction"), jets_sha256="0"))
    assert len(render(exported, "csv").decode().splitlines()) == 1 + MANY


def test_groups_are_drawn_first_and_chosen_classes_in_any_case(views):
    tagger, jets, jet_view = views["many"]
    names, p = tagger.dataset.classes, jet_view.trace.probabilities
    weakest = int(p.argmin())
    texts = (f"both={names[0]},{names[1]}", names[weakest])
    view = View("prediction", classes=texts)
    prediction = figure_data(jet_view, view)
    assert (prediction.bars[0].name, prediction.bars[0].probability) == ("Σ both", pytest.approx(float(p[:2].sum())))
    assert tagger.dataset.titles[weakest] in [bar.name for bar in prediction.bars]
    assert View.from_dict(json.loads(json.dumps(view.to_dict()))) == view
    exported = make(tagger, jets, origin(tagger, "many", "jets.root", 0, view, jets_sha256="0"))
    rows = render(exported, "csv").decode().splitlines()
    assert len(rows) == 1 + MANY + 1
    assert rows[-1].startswith("Σ both,")
    for kind in ("pdf", "html"):
        assert render(exported, kind)
    with pytest.raises(PartError, match="There is no class 'nothing'"):
        figure_data(jet_view, View("prediction", classes=("nothing",)))
