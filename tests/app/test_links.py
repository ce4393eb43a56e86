"""What a link asks for and does not get is said in one line."""

import shutil

import pytest
from helpers.app_driver import open_page, sentences, state_of
from helpers.jets import COUNTS

MODEL = {"file": "toys.root", "model": "alpha"}  # 3 layers of 4 heads


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"jet": "999"}, "This view needs jet 999, which is not here; jet 0 is shown instead."),
        (
            {"layer": "7", "head": "9"},
            "This view needs layer 7 and head 9, which are not here; layer 1 and head 1 are shown instead.",
        ),
        ({"particle": "500"}, "This view needs constituent 500, which is not here; no constituent is shown instead."),
        ({"class": "Nothing"}, "This view needs class Nothing, which is not here; every class is shown instead."),
        (
            {"file": "gone.root", "model": ["gone", "alpha"], "layer": "7"},
            "This view needs the jets gone.root, the model gone and layer 7, which are not here; jetclass_like.root, "
            "alpha and layer 1 are shown instead.",
        ),
        (
            {"jet": "abc", "show": "nothing"},
            "The link has jet=abc and show=nothing, which makes no sense and is left out.",
        ),
        ({"jet": str(len(COUNTS) - 1), "layer": "3", "head": "4"}, None),
    ],
)
def test_all_that_a_link_does_not_get_is_one_line(asked, sentence):
    assert sentences(open_page("explore", **(MODEL | asked))) == ([sentence] if sentence else [])


def test_a_choice_of_another_model_is_no_link():
    app = open_page("explore", file="toys.root", model="part-full", layer="7")
    assert sentences(app) == []
    app = app.multiselect(key="choose_models").set_value(["alpha"]).run()
    assert sentences(app) == []
    assert state_of(app).layer == 0


def test_a_file_that_vanishes_is_said_with_what_is_shown_instead(monkeypatch, tmp_path, jets_folder):
    shutil.copy(jets_folder / "toys.root", tmp_path / "mine.root")
    monkeypatch.setenv("PARTSCOPE_DATA", str(tmp_path))
    app = open_page("explore", file="mine.root", model="alpha")
    assert sentences(app) == []
    (tmp_path / "mine.root").unlink()
    app = app.button(key="next").click().run()
    assert sentences(app) == [
        "This view needs the jets mine.root, which are not here; jetclass_like.root is shown instead."
    ]
    assert app.selectbox(key="choose_file").value == "jetclass_like.root"
