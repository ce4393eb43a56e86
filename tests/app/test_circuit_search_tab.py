"""The tab Search of Circuits without a browser: sets of heads against their size."""

import numpy as np
import pytest
from helpers.app_driver import captions, open_page, run_until, sentences, state_of
from helpers.jets import write_jets

from app.pages.circuits.state import CircuitsState
from app.services import files, studies
from part.analysis.circuits.search.study import CircuitStudy
from part.figures.studies import circuit as charts

JETS = 40


@pytest.fixture(scope="module", autouse=True)
def more(jets_folder):
    write_jets(jets_folder / "many.root", [4 + i % 5 for i in range(JETS)], seed=8)


def visit(**params):
    app = open_page("circuits", **({"file": "many.root", "model": "alpha", "tab": "search"} | params))
    return run_until(app, lambda app: len(app.get("plotly_chart")) >= 6 or app.error)


def test_a_search_shows_its_curves_and_its_set():
    app = visit()
    assert sentences(app) == []
    result = studies.task("alpha", "circuit", files.find("many.root"), np.arange(JETS)).result
    assert len(app.get("plotly_chart")) == 6
    assert app.slider(key="choose_size").value == charts.shown_size(result)
    assert f"{result.jets[0]} + {result.jets[1]} jets" in captions(app)


def test_the_size_is_chosen_and_in_the_link():
    app = visit(size="3")
    assert app.slider(key="choose_size").value == 3
    app.slider(key="choose_size").set_value(5).run()
    assert state_of(app, CircuitsState).size == 5
    assert sentences(app) == []
    assert visit(size="100").slider(key="choose_size").value == CircuitStudy().most
