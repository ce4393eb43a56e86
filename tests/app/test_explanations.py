"""Every picture of every page has a question mark beside it, and opens with a sentence where there is one to say."""

import pytest
from helpers.app_driver import canvases, captions, no_exception, open_page
from streamlit.testing.v1 import AppTest

from app.components.tour.tour import STEPS
from part.figures.about import TEXTS

TABS = {
    "attribution": ("jet", "inputs", "methods", "sample", "truth", "physics"),
    "bias": ("jet", "shares", "shapley", "function", "switch"),
    "circuits": ("edges",),
    "intervention": ("ablate", "patch", "edit", "probes", "lens"),
    "sparsity": ("heads", "weights", "groups", "places", "components", "topk"),
    "performance": ("speed", "growth", "operators", "roofline"),
}
SECTIONS = ("overview", "roc", "confusion", "disagreement", "attention")


@pytest.fixture(autouse=True)
def shipped_files(monkeypatch):
    """Have only what comes with the project, as at a first visit."""
    for name in ("PARTSCOPE_DATA", "PARTSCOPE_CHECKPOINTS", "PARTSCOPE_RUNS", "PARTSCOPE_PERFORMANCE"):
        monkeypatch.delenv(name, raising=False)


def question_marks(app: AppTest) -> list[str]:
    """Return the texts of the question marks beside pictures."""
    return [mark.proto.help for mark in no_exception(app).main.markdown if mark.proto.help]


def pictures(app: AppTest) -> int:
    return len(app.get("plotly_chart")) + len([name for name in canvases(app) if name != "partscope_tour"])


@pytest.mark.parametrize(("page", "tab"), [(page, tab) for page, tabs in TABS.items() for tab in tabs])
def test_every_picture_of_a_tab_is_explained(page, tab):
    app = open_page(page, tab=tab)
    assert pictures(app)
    assert len(question_marks(app)) == pictures(app)
    assert all(text.endswith((".", "\\.")) for text in question_marks(app))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_picture_of_a_comparison_is_explained(section):
    app = open_page("compare", section=section)
    assert pictures(app)
    assert len(question_marks(app)) == pictures(app)


def test_a_jet_is_explained():
    app = open_page("explore")
    assert len(question_marks(app)) == pictures(app) + 1  # the bars of the prediction, too
    assert "of its attention to" in captions(app)
    assert "Sharpest is layer " in captions(app)


def test_two_models_say_what_their_pictures_show_in_the_tips():
    app = open_page("explore", model=["part-full", "part-int8"], layer="5", head="4")
    assert "of its attention to" not in captions(app)
    marks = [mark.replace("\\", "") for mark in question_marks(app)]
    assert sum("Here: Sharpest is layer " in mark for mark in marks) == 2
    assert sum("of its attention to" in mark for mark in marks) == 2


def test_a_tab_says_which_question_it_answers():
    app = open_page("bias", tab="shares")
    assert "What decides the attention: q·k or the bias?" in "".join(e.proto.body for e in app.get("html"))


def test_the_tour_is_on_every_page_and_short():
    for page in ("explore", "train"):
        assert canvases(open_page(page)).count("partscope_tour") == 1
    assert len(STEPS) == 6
    assert all(len(text.split()) <= 40 and text.endswith(".") for _, text, _ in STEPS)


def test_the_kinds_of_the_pages_own_pictures_have_texts():
    own = ("prediction", "mosaic", "head", "slots", "display", "constituents", "bias_heads", "disagreement")
    own += ("loss", "accuracy_by_epoch", "auc_by_epoch", "rejections", "pareto", "calibration", "roc", "confusion")
    assert set(own) <= set(TEXTS)
