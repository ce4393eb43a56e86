"""The page Explore without a browser: what the URL restores, fallbacks, and no traceback on the page."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.app_driver import canvases, in_url, no_exception, notes, open_page, sentences, state_of, texts
from helpers.jets import COUNTS
from streamlit.testing.v1 import AppTest

import part
from app.pages.explore.context import ExploreContext
from app.pages.explore.state import ExploreState
from app.state.resolve import resolve
from app.state.selection import OPENING, JetSelection, first_jet
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

ROOT = Path(__file__).parents[2]


def test_without_choices_the_example_of_the_first_file_is_shown(visit):
    app = visit(file="", model="")
    assert sentences(app) == []
    selection = state_of(app)
    assert selection.jet == first_jet(selection.file)
    assert selection.file
    assert len(selection.models) == 1


def test_the_bare_address_opens_with_a_telling_jet():
    app = no_exception(AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60).run())
    assert state_of(app) == replace(state_of(app), jet=8, layer=OPENING.layer, head=OPENING.head)
    sample = part.read_jets(ROOT / "data_samples" / "jetclass_like.root", 8, 9)
    assert sample.label_Tbqq[0] == 1


@pytest.mark.parametrize("page", ["explore", "attribution", "bias"])
def test_a_link_that_names_no_jet_opens_with_the_example_on_every_page(page):
    app = open_page(page, model="part-full", file="jetclass_like.root", tab="jet")
    assert state_of(app).jet == 8
    assert state_of(open_page(page, model="part-full", file="jetclass_like.root", jet="0")).jet == 0


def test_the_url_restores_the_view_and_stays_as_it_is(visit):
    url = {
        "model": ["beta", "kin"],
        "jet": "5",
        "layer": "2",
        "head": "4",
        "show": "bias",
        "order": "species",
    }
    url |= {"order": "species", "particle": "45", "edges": "7", "class": ["Hqql"], "n": "20-140"}
    app = visit(**url)
    assert sentences(app) == []
    selection = state_of(app)
    assert (selection.jet, selection.models, selection.layer, selection.head) == (5, ("beta", "kin"), 1, 3)
    assert (selection.order, selection.particle) == ("species", 44)
    assert (selection.classes, selection.n) == (("Hqql",), (20, 140))
    assert state_of(app, ExploreState) == ExploreState(quantity="bias", edges=7)
    for name, value in url.items():
        assert in_url(app, name) == (value if isinstance(value, list) else [value])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jet", "9999"),
        ("class", "Hxx"),
        ("layer", "4"),
        ("head", "5"),
        ("particle", "31"),
        ("show", "x"),
        ("focus", "2"),
        ("pt", "0-100000"),
        ("n", "1-140"),
    ],
)
def test_what_does_not_exist_falls_back_and_leaves_the_url(visit, name, value):
    app = visit(**{name: value})
    is_said = name in ("jet", "class", "layer", "head", "particle", "show")  # the others are limits, or of no effect
    assert len(sentences(app)) == is_said
    assert state_of(app) == JetSelection(file="toys.root", jet=0, models=("alpha",))
    assert state_of(app, ExploreState) == ExploreState()
    assert in_url(app, "jet") == ["0"]  # a link without it would open with the file's example
    assert name == "jet" or name not in app.query_params


@pytest.mark.parametrize("name", ["../outside.root", "/etc/passwd", "link.root", "no.root", "![x](http://h/x.png)"])
def test_a_file_out_of_bounds_gives_one_sentence_and_another_file(visit, name):
    app = visit(file=name)
    (sentence,) = sentences(app)
    assert name in sentence
    assert state_of(app).file not in ("", name)


def test_sentences_are_plain_text_whatever_a_file_is_called(visit):
    (error,) = visit(file="![x](http://h/x.png)").error
    assert "![" not in error.value
    assert "](" not in error.value


def test_a_damaged_file_gives_one_sentence_and_nothing_is_lost(visit):
    app = visit(file="garbage.root", layer="2", show="bias")
    (sentence,) = sentences(app)
    assert "garbage.root" in sentence
    assert "/" not in sentence.split("garbage.root")[0]
    assert (state_of(app).layer, state_of(app, ExploreState).quantity) == (1, "bias")


def test_an_unknown_model_is_left_out(visit):
    assert state_of(visit(model=["beta", "unknown"])).models == ("beta",)


def test_a_model_can_be_shown_beside_itself_in_bfloat16(visit):
    app = visit(model=["beta", "beta@bf16"])
    assert sentences(app) == []
    assert state_of(app).models == ("beta", "beta@bf16")
    assert state_of(visit(model=["beta@bf17"])).models != ("beta@bf17",)


def test_a_model_that_needs_more_than_the_jets_have_says_so_in_its_card(visit):
    app = visit(file="bare.root", model=["alpha", "kin"])
    assert sentences(app) == []
    (sentence,) = notes(app)
    assert sentence.startswith("alpha needs identity and displacements of the constituents, which these jets do not")
    assert sentence.endswith("; part-kin, part-qg-kin and part-top fit.")
    assert state_of(app).models == ("alpha", "kin")
    assert "alpha (needs identity and displacements)" not in app.multiselect(key="choose_models").options
    assert "beta (needs identity and displacements)" in app.multiselect(key="choose_models").options
    assert "<li>beta <span>needs identity and displacements</span></li>" in texts(app)
    app = app.button(key="fit_0_part-qg-kin").click().run()
    assert sentences(app) == []
    assert state_of(app).models == ("part-qg-kin", "kin")


def test_jets_without_labels_have_no_class_filter(visit):
    app = visit(file="bare.root", model="kin", wrong="True")
    assert sentences(app) == []
    assert [widget.label for widget in app.sidebar.multiselect] == ["Models"]
    assert app.sidebar.toggle[0].disabled
    assert not state_of(app).misclassified_only


@pytest.mark.parametrize("quantity", ["pattern", "scores_qk", "bias", "logits", "value_norms"])
@pytest.mark.parametrize("scale", ["log", "linear"])
def test_every_quantity_can_be_shown(visit, quantity, scale):
    app = visit(show=quantity, scale=scale, model=["alpha", "beta"], particle="2")
    assert sentences(app) == []
    assert state_of(app, ExploreState).quantity == quantity


@pytest.mark.parametrize("order", ["pt", "subjet", "species", "file"])
@pytest.mark.parametrize("jet", ["0", "3"])
def test_every_order_can_be_shown_even_of_a_single_particle(visit, order, jet):
    assert sentences(visit(order=order, jet=jet, particle="1")) == []


def test_a_model_without_heads_shows_the_jet_and_its_constituents(visit, models_folder):
    save_checkpoint(models_folder / "headless.safetensors", build(PFNConfig(phi=(8,), f=(8,))), FULL, JETCLASS, {})
    app = visit(model="headless")
    assert sentences(app) == []
    drawn = {element.proto.component_name: element.proto for element in app.get("bidi_component")}
    assert {"partscope_display", "partscope_table"} <= set(drawn)
    assert not {"partscope_mosaic", "partscope_matrix"} & set(drawn)
    shown = json.loads(drawn["partscope_display"].json)
    assert shown["quantity"] == ""
    assert len(shown["pt"]) == COUNTS[0]
    assert shown["edges"] == []


def test_four_models_share_a_row_of_detail(visit):
    app = visit(model=["alpha", "beta", "gamma", "delta"], focus="3")
    assert sentences(app) == []
    keys = canvases(app)
    assert keys.count("partscope_mosaic") == 4
    assert keys.count("partscope_matrix") == keys.count("partscope_table") == 1


def test_the_page_says_how_many_constituents_are_left_out(visit):
    def heading(jet: str) -> str:
        return next(html.proto.body for html in no_exception(visit(jet=jet)).get("html") if "Jet" in html.proto.body)

    assert "140 constituents" in heading("2")
    assert "12 of lowest pT left out" in heading("2")
    assert "left out" not in heading("1")


def test_the_zoom_of_the_event_display_is_that_of_its_jet_alone(visit):
    app = visit(jet="3", zoom="3:0.1:-0.2:0.15")
    assert sentences(app) == []
    state = state_of(app, ExploreState)
    assert state.zoom == (3, 0.1, -0.2, 0.15)
    context = ExploreContext(resolve(state_of(app)), state)
    assert context.view.zoom == (0.1, -0.2, 0.15)
    other = ExploreContext(resolve(replace(state_of(app), jet=4)), state)
    assert other.view.zoom is None
