"""Navigation in Explore without a browser: steps, filters, heads, files and uploads."""

from pathlib import Path

import numpy as np
from helpers.app_driver import in_url, sentences, state_of, texts
from helpers.field import JET, of_no_class
from helpers.jet_samples import columns, write_tree
from helpers.jets import COUNTS

import part

ROOT = Path(__file__).parents[2]


def test_next_and_previous_go_round_the_jets_that_pass(visit):
    app = visit(n="18-27", jet="8")
    passing = [jet for jet, count in enumerate(COUNTS) if 18 <= count <= 27]
    seen = []
    for _ in passing:
        app.button(key="next").click().run()
        seen.append(state_of(app).jet)
    start = passing.index(8)
    assert seen == [*passing[start + 1 :], *passing[: start + 1]]
    app.button(key="previous").click().run()
    assert state_of(app).jet == passing[start - 1]
    assert in_url(app, "jet") == [str(passing[start - 1])]


def test_a_filter_moves_on_to_a_jet_that_passes(visit):
    app = visit(jet="1", particle="3")
    app.multiselect(key="choose_classes").set_value(["Hgg"]).run()
    assert sentences(app) == []
    assert state_of(app).jet == 3
    assert state_of(app).particle is None


def test_filters_that_nothing_passes_keep_the_jet_and_say_so(visit):
    app = visit(jet="5", n="2-3")
    assert "No jet passes" in sentences(app)[0]
    assert state_of(app).jet == 5


def test_random_finds_another_jet_that_passes(visit):
    app = visit(n="20-30", jet="0")
    for _ in range(5):
        before = state_of(app).jet
        app.button(key="random").click().run()
        assert state_of(app).jet != before
        assert 20 <= COUNTS[state_of(app).jet] <= 30


def test_misclassified_only_stops_at_misclassified_jets_only(visit, jets_folder, models_folder):
    jets = part.read_jets(jets_folder / "toys.root")
    predicted = part.load_model(models_folder / "alpha.safetensors").predict(jets).argmax(axis=1)
    wrong = np.flatnonzero(predicted != np.arange(len(COUNTS)) % 10).tolist()
    app = visit(wrong="True")
    seen = [state_of(app).jet]
    for _ in wrong[1:]:
        app.button(key="next").click().run()
        seen.append(state_of(app).jet)
    assert sentences(app) == []
    assert sorted(seen) == wrong


def test_another_jet_deselects_the_particle(visit):
    app = visit(particle="3")
    assert app.button(key="clear_particle").label.startswith("Constituent 3")
    app.button(key="next").click().run()
    assert state_of(app).particle is None
    assert "particle" not in app.query_params


def test_the_chosen_particle_can_be_deselected(visit):
    app = visit(particle="3")
    app.button(key="clear_particle").click().run()
    assert state_of(app).particle is None


def test_layer_and_head_count_from_one_on_screen(visit):
    app = visit()
    app.number_input(key="choose_layer").set_value(3).run()
    app.number_input(key="choose_head").set_value(2).run()
    assert (state_of(app).layer, state_of(app).head) == (2, 1)
    assert (in_url(app, "layer"), in_url(app, "head")) == (["3"], ["2"])


def test_another_file_starts_at_its_first_jet_without_filters(visit):
    app = visit(jet="4", n="20-30", **{"class": "H4q"})
    app.selectbox(key="choose_file").set_value("bare.root").run()
    assert (state_of(app).file, state_of(app).jet, state_of(app).n, state_of(app).classes) == (
        "bare.root",
        0,
        None,
        (),
    )


def test_an_upload_that_holds_no_jets_gives_one_sentence_and_changes_nothing(visit):
    app = visit(jet="4", layer="2")
    app.file_uploader(key="upload").set_value([("../../x.root", b"no jets at all", "text/plain")]).run()
    (sentence,) = sentences(app)
    assert "unknown kind of file" in sentence
    assert (state_of(app).file, state_of(app).jet, state_of(app).layer) == ("toys.root", 4, 1)


def test_the_content_of_an_upload_decides_not_its_name(visit, jets_folder):
    app = visit(file="bare.root", model="kin")
    content = (jets_folder / "toys.root").read_bytes()
    app.file_uploader(key="upload").set_value([("holiday.jpg", content, "image/jpeg")]).run()
    assert sentences(app) == []
    assert state_of(app).file.startswith("upload:")
    assert len(state_of(app).models) == 1
    shown = app.selectbox(key="choose_file")
    assert "holiday.jpg" in shown.options


def test_a_url_to_an_upload_that_is_gone_says_so(visit):
    app = visit(file="upload:" + "0" * 32)
    assert "upload the files here" in sentences(app)[0]


def test_a_model_that_is_not_here_is_named(visit):
    app = visit(model=["alpha", "a-colleagues"])
    assert sentences(app) == ["This view needs the model a-colleagues, which is not here; alpha is shown instead."]
    assert in_url(app, "model") == ["alpha"]
    app = visit(model="a-colleagues")
    [sentence] = sentences(app)
    assert sentence == "This view needs the model a-colleagues, which is not here; part-full is shown instead."
    app = visit(model="a-colleagues", file="gone.root")
    assert all(name in sentences(app)[0] for name in ("gone.root", "a-colleagues"))


def test_a_tree_is_chosen_in_the_url(visit):
    app = visit(file="toys.root:tree", jet="3")
    assert sentences(app) == []
    assert (state_of(app).file, state_of(app).jet) == ("toys.root:tree", 3)
    [sentence] = sentences(visit(file="toys.root:Events"))
    assert sentence.startswith("toys.root: holds no tree 'Events'; expected tree")


def test_jets_of_no_class_are_shown_and_are_not_misclassified(visit, jets_folder):
    write_tree(jets_folder / "none.root", of_no_class(columns(8)))
    app = visit(file="none.root", jet=str(JET))
    assert sentences(app) == []
    assert state_of(app).jet == JET
    assert "◂ true" not in texts(app)
    assert "◂ true" in texts(visit(file="none.root", jet=str(JET + 1)))
    assert state_of(visit(file="none.root", jet=str(JET), wrong="True")).jet != JET
    (jets_folder / "none.root").unlink()
