"""The page Explore without a browser: choices, filters, fallbacks, and no traceback in front of anyone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.jets import COUNTS
from streamlit.testing.v1 import AppTest

import part
from app.state.selection import DEFAULT, OPENING
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import PFNConfig

ROOT = Path(__file__).parents[2]


def chosen(app):
    return app.session_state["selection"]


def calm(app):
    assert not app.exception, app.exception[0].value
    return app


def in_url(app, name: str) -> list[str]:
    value = app.query_params[name]
    return value if isinstance(value, list) else [value]


def sentences(app) -> list[str]:
    return [error.value.replace("\\", "") for error in calm(app).error]


def test_without_choices_the_first_jet_of_the_first_file_is_shown(visit):
    app = visit(file="", model="")
    assert sentences(app) == []
    selection = chosen(app)
    assert selection.jet == 0
    assert selection.file
    assert len(selection.models) == 1


def test_the_bare_address_opens_with_a_telling_jet():
    app = calm(AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60).run())
    assert chosen(app) == replace(chosen(app), jet=8, layer=OPENING.layer, head=OPENING.head)
    sample = part.read_jets(ROOT / "data_samples" / "jetclass_like.root", 8, 9)
    assert sample.label_Tbqq[0] == 1


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
    selection = chosen(app)
    assert (selection.jet, selection.models, selection.layer, selection.head) == (5, ("beta", "kin"), 1, 3)
    assert (selection.quantity, selection.order, selection.particle) == ("bias", "species", 44)
    assert (selection.edges, selection.classes, selection.n) == (7, ("Hqql",), (20, 140))
    for name, value in url.items():
        assert in_url(app, name) == (value if isinstance(value, list) else [value])


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("jet", "9999", "jet"),
        ("jet", "x", "jet"),
        ("class", "Hxx", "classes"),
        ("layer", "4", "layer"),
        ("head", "5", "head"),
        ("particle", "31", "particle"),
        ("show", "x", "quantity"),
        ("scale", "x", "scale"),
        ("order", "x", "order"),
        ("focus", "2", "focus"),
        ("pt", "0-100000", "pt"),
        ("n", "1-140", "n"),
    ],
)
def test_what_is_not_there_falls_back_and_leaves_the_url(visit, name, value, field):
    app = visit(**{name: value})
    assert sentences(app) == []
    assert getattr(chosen(app), field) == getattr(DEFAULT, field)
    assert name not in app.query_params


@pytest.mark.parametrize("name", ["../outside.root", "/etc/passwd", "link.root", "no.root", "![x](http://h/x.png)"])
def test_a_file_out_of_bounds_gives_one_sentence_and_another_file(visit, name):
    app = visit(file=name)
    (sentence,) = sentences(app)
    assert name in sentence
    assert chosen(app).file not in ("", name)


def test_sentences_are_plain_text_whatever_a_file_is_called(visit):
    (error,) = visit(file="![x](http://h/x.png)").error
    assert "![" not in error.value
    assert "](" not in error.value


def test_a_damaged_file_gives_one_sentence_and_nothing_is_lost(visit):
    app = visit(file="garbage.root", layer="2", show="bias")
    (sentence,) = sentences(app)
    assert "garbage.root" in sentence
    assert "/" not in sentence.split("garbage.root")[0]
    assert (chosen(app).layer, chosen(app).quantity) == (1, "bias")


def test_an_unknown_model_is_left_out(visit):
    assert chosen(visit(model=["beta", "nobody"])).models == ("beta",)


def test_a_model_stands_beside_itself_in_bfloat16(visit):
    app = visit(model=["beta", "beta@bf16"])
    assert sentences(app) == []
    assert chosen(app).models == ("beta", "beta@bf16")
    assert chosen(visit(model=["beta@bf17"])).models != ("beta@bf17",)


def test_a_model_that_needs_more_than_the_jets_have_says_so_in_its_card(visit):
    app = visit(file="bare.root", model=["alpha", "kin"])
    (sentence,) = sentences(app)
    assert "part_charge" in sentence
    assert chosen(app).models == ("alpha", "kin")


def test_jets_without_labels_have_no_class_filter(visit):
    app = visit(file="bare.root", model="kin", wrong="True")
    assert sentences(app) == []
    assert [widget.label for widget in app.multiselect] == ["Models"]
    assert app.toggle[0].disabled
    assert not chosen(app).wrong


@pytest.mark.parametrize("quantity", ["pattern", "scores_qk", "bias", "logits", "value_norms"])
@pytest.mark.parametrize("scale", ["log", "linear"])
def test_every_quantity_can_be_shown(visit, quantity, scale):
    app = visit(show=quantity, scale=scale, model=["alpha", "beta"], particle="2")
    assert sentences(app) == []
    assert chosen(app).quantity == quantity


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
    assert shown["caption"] == f"{COUNTS[0]} constituents"
    assert shown["edges"] == []


def test_four_models_share_a_row_of_detail(visit):
    app = visit(model=["alpha", "beta", "gamma", "delta"], focus="3")
    assert sentences(app) == []
    keys = [element.proto.component_name for element in app.get("bidi_component")]
    assert keys.count("partscope_mosaic") == 4
    assert keys.count("partscope_matrix") == keys.count("partscope_table") == 1


def test_the_user_is_told_how_many_constituents_were_dropped(visit):
    def heading(jet: str) -> str:
        return next(html.proto.body for html in calm(visit(jet=jet)).get("html") if "Jet" in html.proto.body)

    assert "140 constituents" in heading("2")
    assert "12 of lowest pT left out" in heading("2")
    assert "left out" not in heading("1")


def test_next_and_previous_go_round_the_jets_that_pass(visit):
    app = visit(n="18-27", jet="8")
    passing = [jet for jet, count in enumerate(COUNTS) if 18 <= count <= 27]
    seen = []
    for _ in passing:
        app.button(key="next").click().run()
        seen.append(chosen(app).jet)
    start = passing.index(8)
    assert seen == [*passing[start + 1 :], *passing[: start + 1]]
    app.button(key="previous").click().run()
    assert chosen(app).jet == passing[start - 1]
    assert in_url(app, "jet") == [str(passing[start - 1])]


def test_a_filter_moves_on_to_a_jet_that_passes(visit):
    app = visit(jet="1", particle="3")
    app.multiselect(key="choose_classes").set_value(["Hgg"]).run()
    assert sentences(app) == []
    assert chosen(app).jet == 3
    assert chosen(app).particle is None


def test_filters_that_nothing_passes_keep_the_jet_and_say_so(visit):
    app = visit(jet="5", n="2-3")
    assert "No jet passes" in sentences(app)[0]
    assert chosen(app).jet == 5


def test_random_finds_another_jet_that_passes(visit):
    app = visit(n="20-30", jet="0")
    for _ in range(5):
        before = chosen(app).jet
        app.button(key="random").click().run()
        assert chosen(app).jet != before
        assert 20 <= COUNTS[chosen(app).jet] <= 30


def test_misclassified_only_stops_at_misclassified_jets_only(visit, jets_folder, models_folder):
    jets = part.read_jets(jets_folder / "toys.root")
    predicted = part.load_model(models_folder / "alpha.safetensors").predict(jets).argmax(axis=1)
    wrong = np.flatnonzero(predicted != np.arange(len(COUNTS)) % 10).tolist()
    app = visit(wrong="True")
    seen = [chosen(app).jet]
    for _ in wrong[1:]:
        app.button(key="next").click().run()
        seen.append(chosen(app).jet)
    assert sentences(app) == []
    assert sorted(seen) == wrong


def test_another_jet_lets_go_of_the_particle(visit):
    app = visit(particle="3")
    assert app.button(key="clear_particle").label.startswith("Constituent 3")
    app.button(key="next").click().run()
    assert chosen(app).particle is None
    assert "particle" not in app.query_params


def test_the_chosen_particle_can_be_let_go_of(visit):
    app = visit(particle="3")
    app.button(key="clear_particle").click().run()
    assert chosen(app).particle is None


def test_layer_and_head_count_from_one_on_screen(visit):
    app = visit()
    app.number_input(key="choose_layer").set_value(3).run()
    app.number_input(key="choose_head").set_value(2).run()
    assert (chosen(app).layer, chosen(app).head) == (2, 1)
    assert (in_url(app, "layer"), in_url(app, "head")) == (["3"], ["2"])


def test_another_file_starts_at_its_first_jet_without_filters(visit):
    app = visit(jet="4", n="20-30", **{"class": "H4q"})
    app.selectbox(key="choose_file").set_value("bare.root").run()
    assert (chosen(app).file, chosen(app).jet, chosen(app).n, chosen(app).classes) == (
        "bare.root",
        0,
        None,
        (),
    )


def test_an_upload_that_holds_no_jets_gives_one_sentence_and_changes_nothing(visit):
    app = visit(jet="4", layer="2")
    app.file_uploader(key="upload").set_value(("../../x.root", b"no jets at all", "text/plain")).run()
    (sentence,) = sentences(app)
    assert "unknown kind of file" in sentence
    assert (chosen(app).file, chosen(app).jet, chosen(app).layer) == ("toys.root", 4, 1)


def test_an_upload_is_what_its_content_is_not_what_it_is_called(visit, jets_folder):
    app = visit(file="bare.root", model="kin")
    content = (jets_folder / "toys.root").read_bytes()
    app.file_uploader(key="upload").set_value(("holiday.jpg", content, "image/jpeg")).run()
    assert sentences(app) == []
    assert chosen(app).file.startswith("upload:")
    assert len(app.session_state["selection"].models) == 1
    shown = app.selectbox(key="choose_file")
    assert "holiday.jpg" in shown.options


def test_a_url_to_an_upload_that_is_gone_says_so(visit):
    app = visit(file="upload:" + "0" * 32)
    assert "upload it again" in sentences(app)[0]
