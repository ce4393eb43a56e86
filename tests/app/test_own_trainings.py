"""Models with data configs of their own on all pages: other files, classes, inputs, collections, and no momenta."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import canvases, no_exception, open_page, run_until, sentences, state_of, texts
from helpers.own_models import INDEX_OF_MANY, MANY, WITHOUT_MOMENTA, write_own_model
from helpers.own_training import write_own_jets
from streamlit.testing.v1 import AppTest

import part

FILE = "own.root"
pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")  # the page says it


@pytest.fixture(scope="module")
def own_jets(jets_folder) -> Path:
    return write_own_jets(jets_folder / FILE, n=60)


@pytest.fixture(scope="module", autouse=True)
def own_models(models_folder, own_jets) -> Path:
    write_own_model(models_folder / "vertices.safetensors", "vertices", class_layers=0)
    write_own_model(models_folder / "many.safetensors", classes=MANY, changes=INDEX_OF_MANY, biased_blocks=(1,))
    write_own_model(models_folder / "bare_inputs.safetensors", changes=WITHOUT_MOMENTA)
    return models_folder


@pytest.fixture
def left_out(own_models, own_jets) -> int:
    """The first entry that the data configs leave out."""
    kept = part.read_jets(own_jets, config=part.load_model(own_models / "vertices.safetensors").data_config)["entry"]
    return int(np.setdiff1d(np.arange(60), kept)[0])


def is_done(app: AppTest) -> bool:
    return not any(button.key in ("run", "cancel") for button in app.button)


def drawn_by(app: AppTest, name: str) -> dict:
    """Return what a canvas component draws."""
    return json.loads(next(e.proto.json for e in app.get("bidi_component") if e.proto.component_name == name))


@pytest.mark.parametrize("name", ["vertices", "many", "bare_inputs"])
def test_the_page_shows_the_probabilities_that_predict_gives(own_models, own_jets, visit, name):
    app = visit(file=FILE, model=name)
    assert sentences(app) == []
    tagger = part.load_model(own_models / f"{name}.safetensors")
    jets = part.read_jets(own_jets, config=tagger.data_config)
    shown = jets["entry"].tolist().index(state_of(app).jet)
    strongest = tagger.predict(jets[shown : shown + 1])[0]
    bars = texts(app).split('<div class="bars"')[1]
    for index in np.argsort(-strongest)[:3]:
        bar = bars.split(f"<span>{tagger.dataset.titles[index]}")[1][:200]
        assert f"<em>{strongest[index]:.3f}</em>" in bar


def test_of_many_classes_the_strongest_and_the_true_one_are_shown(visit):
    page = texts(visit(file=FILE, model="many"))
    n_bars = page.count('class="bar')  # with the box around them
    assert 10 <= n_bars - page.count('class="bars"') <= 11
    assert "◂ true" in page
    assert "more classes, together" in page


def test_tokens_of_another_collection_have_their_own_name_and_marker(visit, own_jets, own_models):
    tagger = part.load_model(own_models / "vertices.safetensors")
    jets = part.read_jets(own_jets, config=tagger.data_config)
    with_vertex = int(jets["entry"][np.argmax([1 in kinds for kinds in jets["part_kind"].tolist()])])
    app = visit(file=FILE, model="vertices", jet=str(with_vertex))
    assert sentences(app) == []
    display = drawn_by(app, "partscope_display")
    vertices = [i for i, name in enumerate(display["names"]) if name == "sv"]
    assert vertices
    assert {display["marker"][i] for i in vertices} == {"triangle-down"}
    assert "sv" in [title for _, _, title in display["legend"]]
    table = drawn_by(app, "partscope_table")
    species = [heading for heading, _ in table["columns"]].index("species")
    assert "sv" in {row[species] for row in table["rows"]}


def test_without_momenta_there_is_no_event_display_and_the_page_says_so(visit):
    app = visit(file=FILE, model="bare_inputs")
    assert sentences(app) == []
    assert "partscope_display" not in canvases(app)
    assert "There is no event display" in texts(app)
    assert {"partscope_mosaic", "partscope_matrix", "partscope_table"} <= set(canvases(app))
    assert "pT [GeV]" not in [heading for heading, _ in drawn_by(app, "partscope_table")["columns"]]


def test_entries_that_the_selection_leaves_out_are_not_offered(visit, left_out):
    app = visit(file=FILE, model="vertices", jet=str(left_out))
    (sentence,) = sentences(app)
    assert f"Jet {left_out}" in sentence
    assert "np.abs(fj_eta) < 2" in sentence
    assert state_of(app).jet != left_out
    assert left_out not in range(state_of(app).jet)[left_out + 1 :]
    captions = " ".join(caption.value for caption in app.caption)
    assert "selects these from 60" in captions
    app.button(key="previous").click().run()
    assert state_of(no_exception(app)).jet != left_out


def test_models_that_read_a_file_differently_are_side_by_side_or_say_why_not(visit):
    app = visit(file=FILE, model=["vertices", "bare_inputs", "alpha"])
    (sentence,) = sentences(app)
    assert "holds several trees" in sentence
    assert canvases(app).count("partscope_mosaic") == 2
    (sentence,) = sentences(visit(file="toys.root", model="vertices"))
    assert "toys.root" in sentence


def test_a_model_by_itself_opens_a_file_that_it_can_read(visit):
    app = visit(file="", model="vertices")
    assert sentences(app) == []
    assert state_of(app).file == FILE


@pytest.mark.parametrize("tab", ["jet", "shares", "shapley", "function", "switch"])
def test_the_bias_is_studied_where_only_some_blocks_have_it(tab):
    app = open_page("bias", file=FILE, model="many", tab=tab, studied="20")
    if tab != "jet":
        run_until(app, is_done)
    assert sentences(app) == []


@pytest.mark.parametrize("model", ["vertices", "bare_inputs"])
@pytest.mark.parametrize(
    ("page", "tab"),
    [
        ("sparsity", "heads"),
        ("sparsity", "places"),
        ("sparsity", "components"),
        ("sparsity", "topk"),
        ("circuits", "edges"),
        ("attribution", "jet"),
        ("attribution", "inputs"),
        ("intervention", "ablate"),
        ("intervention", "patch"),
        ("intervention", "lens"),
    ],
)
def test_studies_take_them_like_any_other(page, tab, model):
    app = open_page(page, file=FILE, model=model, tab=tab, studied="20")
    if page != "attribution":  # whose study of a jet takes long, and is tested elsewhere
        run_until(app, is_done)
    assert sentences(app) == []


def test_what_the_jets_do_not_have_is_left_out_with_a_sentence():
    app = open_page("sparsity", file=FILE, model="bare_inputs", tab="places", studied="20")
    run_until(app, is_done)
    assert "so they have no subjets" in texts(app)
    (sentence,) = sentences(open_page("intervention", file=FILE, model="vertices", tab="edit"))
    assert "does not follow an edit of constituents" in sentence
    app = open_page("circuits", file=FILE, model="vertices", corrupted="subjet")
    assert "expected the corruption class, another jet" in texts(app)


def test_models_with_the_same_data_config_are_compared(own_models):
    write_own_model(own_models / "many_again.safetensors", classes=MANY, changes=INDEX_OF_MANY, seed=1)
    # Each checkpoint has its own name of the config, which makes it no other config.
    app = open_page("compare", file=FILE, model=["many", "many_again"], section="confusion", jets="30")
    run_until(app, is_done)
    assert sentences(app) == []
    assert any("of 188 classes" in caption.value for caption in app.caption)
