"""The page Bias without a browser."""

from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import captions, no_exception, notes, offered, open_page, run_until, sentences, state_of, texts
from helpers.jets import write_model
from streamlit.testing.v1 import AppTest

from app.services import bias, files, studies
from app.services.models import load_tagger
from part import read_jets
from part.analysis.bias.study import BiasStudy
from part.analysis.study import study_jets

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def plain_model(models_folder):
    small = {"embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 4}
    write_model(models_folder / "plain.safetensors", 4, model="ParTNoBias", **small)


@pytest.fixture
def visit():
    """Open Bias at a URL, for the toys and one model unless said otherwise."""

    return lambda **params: open_page("bias", **({"file": "toys.root", "model": "alpha"} | params))


def finish(app: AppTest, shown: str) -> AppTest:
    """Run the study, unless another tab has, and the page until the results are there."""
    return run_until(app, lambda app: shown in texts(app))


def test_a_jet_is_shown_at_once(visit):
    app = visit(head="2")
    assert "Strongest pairs of the jet in head 2" in texts(app)
    assert app.button(key="run").disabled
    assert "Strongest pairs of constituent 3 in head 2" in texts(visit(head="2", particle="3"))


def test_a_layer_is_chosen_only_where_the_layers_differ(visit, models_folder):
    def has_layer(**params) -> bool:
        app = visit(**params)
        assert sentences(app) == []
        assert has_text(app) != any(widget.key == "choose_layer" for widget in app.number_input)
        return not has_text(app)

    def has_text(app: AppTest) -> bool:
        return "The same in all layers" in captions(app)

    assert not has_layer(tab="jet")
    assert not has_layer(tab="shapley")
    assert has_layer(tab="shares")
    write_model(models_folder / "first.safetensors", 4, layers=3, biased_blocks=(0, 1))
    assert has_layer(tab="jet", model="first")


def test_a_jet_of_one_constituent_has_no_pairs(visit):
    assert "it has no pairs" in texts(visit(jet="3"))


def test_explained_pairs_are_the_strongest_and_add_up():
    file = files.find("toys.root")
    model = load_tagger("alpha", file)
    baseline, others = bias.sample_pairs(file, np.arange(12), model)
    assert baseline.shape == (64, 4)
    assert others.shape[1] == 4
    explained_pairs = bias.explain_pairs(file, 0, model, 1, None, baseline)
    trace = model.trace(read_jets(file.path, 0, 1))
    of_head = trace.bias[0, 0, 1]
    strongest = np.sort(np.abs(of_head[np.triu_indices(30, 1)]))[::-1][: len(explained_pairs.pairs)]
    np.testing.assert_allclose(np.abs(explained_pairs.shapley.bias[:, 1]), strongest, atol=1e-5)
    total = explained_pairs.shapley.base[1] + explained_pairs.shapley.values[:, 1].sum(-1)
    np.testing.assert_allclose(total, of_head[tuple(explained_pairs.pairs.T)], atol=1e-5)


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("shares", "Bias: share of the logits"),
        ("shapley", "Mean size of Shapley values"),
        ("function", "Mean attention over the Lund plane, layer 2, head 1"),
        ("switch", "Accuracy ("),
    ],
)
def test_run_shows_the_results_of_the_sample(visit, tab, shown):
    finish(visit(tab=tab, layer="2"), shown)


def test_the_numbers_are_those_of_the_library(visit):
    finish(visit(tab="shares", model="beta"), "Bias: share")
    file = files.find("toys.root")
    model = load_tagger("beta", file)
    task = studies.task("beta", "bias", file, np.arange(12))
    expected = study_jets(BiasStudy(), model, read_jets(file.path)).arrays()
    for name, values in task.job.result.arrays().items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5, err_msg=name)


def test_the_function_follows_its_sliders_and_the_url(visit):
    app = visit(tab="function", lnz="-3.0")
    assert app.slider(key="choose_lnz").value == -3.0
    assert app.slider(key="choose_lnm2").disabled
    app.toggle(key="massless").set_value(False).run()
    assert not app.slider(key="choose_lnm2").disabled
    app.slider(key="choose_lnm2").set_value(2.0).run()
    assert no_exception(app).query_params["lnm2"] == "2.0"


def test_jets_that_lack_what_a_model_needs_give_one_sentence(visit):
    for tab in ("jet", "function"):
        app = visit(file="bare.root", tab=tab)
        assert sentences(app) == []
        (sentence,) = notes(app)
        assert "alpha needs identity and displacements of the constituents" in sentence


def test_models_without_bias_say_so_and_models_that_have_one_are_offered(visit):
    app = visit(model="plain")
    assert sentences(app) == []
    (sentence,) = notes(app)
    assert "plain has no interaction bias" in sentence
    assert "its attention is q·k alone" in sentence
    assert offered(app) == ["part-full", "part-qg-kin", "part-top"]
    app = no_exception(app.button(key="fit_page0_part-top").click().run())
    assert state_of(app).models == ("part-top",)
    assert notes(app) == []


def test_one_of_several_models_is_shown(visit):
    app = visit(model=["alpha", "plain"])
    assert notes(app) == []
    assert "plain has no interaction bias" in notes(visit(model=["alpha", "plain"], focus="2"))[0]
