"""The tab Search of Circuits without a browser: sets of heads against their size."""

import numpy as np
import pytest
from helpers.app_driver import captions, open_page, run_until, sentences, state_of
from helpers.jets import write_jets

from app.pages.circuits.state import CircuitsState
from app.services import estimates, files, studies
from part.analysis.circuits.search.study import CircuitStudy
from part.figures.studies import circuit as charts

JETS = 40


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder):
    write_jets(jets_folder / "many.root", [4 + i % 5 for i in range(JETS)], seed=8)


def visit(charts=7, **params):
    app = open_page("circuits", **({"file": "many.root", "model": "alpha", "tab": "search"} | params))
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= charts or app.error)


def test_a_search_shows_its_curves_and_its_set():
    app = visit()
    assert sentences(app) == []
    result = studies.task("alpha", "circuit", files.find("many.root"), np.arange(JETS)).result
    assert len(app.get("plotly_chart")) == 7
    assert app.select_slider(key="choose_size").value == charts.shown_size(result)
    assert f"{result.jets[0]} + {result.jets[1]} jets" in captions(app)


def test_the_size_is_chosen_and_in_the_link():
    app = visit(set_size="3")
    assert app.select_slider(key="choose_size").value == 3
    app.select_slider(key="choose_size").set_value(5).run()
    assert state_of(app, CircuitsState).size == 5
    assert sentences(app) == []
    assert visit(set_size="100").select_slider(key="choose_size").value == CircuitStudy().most


def test_edges_are_searched_with_a_corrupted_jet_in_their_place():
    app = visit(set="edges", others_give="corrupted", set_size="40")
    assert sentences(app) == []
    assert app.select_slider(key="choose_size").value == 32
    assert "what they give in a jet of the other class" in captions(app)
    assert app.selectbox(key="choose_corruption").value == "class"


def test_a_replacement_that_edges_do_not_have_gives_way_to_the_mean():
    app = open_page("circuits", file="many.root", model="alpha", tab="search", set="edges", others_give="zero")
    assert app.selectbox(key="choose_replacement").value == "mean"
    assert sentences(app) == []


def test_a_search_takes_longer_for_more_jets_of_its_classes_and_other_jets_do_not_count():
    file = files.find("many.root")
    few, many, other = (
        studies.task("alpha", "circuit", file, np.arange(n), **options)
        for n, options in ((10, {}), (JETS, {}), (JETS, {"target_class": "Hbb", "contrast_class": "Hcc"}))
    )
    corrupted = studies.task("alpha", "circuit", file, np.arange(10), replacement="corrupted")
    shares = [estimates.share_taken(task.study, task.model, task.file, task.entries) for task in (few, many, other)]
    assert 0 < shares[0] <= 1
    assert shares[0] * 10 < shares[1] * JETS
    assert corrupted.estimate() > 0
    edges = studies.task("alpha", "edge_circuit", file, np.arange(JETS), most=16, per_class=2)
    assert estimates.share_taken(edges.study, edges.model, file, edges.entries) * JETS <= 8
