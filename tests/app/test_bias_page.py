"""The page Bias without a browser."""

from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import calm, open_page, run_until, texts
from helpers.jets import write_model
from streamlit.testing.v1 import AppTest

from app.services import bias, files
from app.services.models import tagger
from app.services.studies import Task
from part import read_jets
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
    """Run the study, unless another tab has, and the page until the findings are there."""
    return run_until(app, lambda app: shown in texts(app))


def test_a_jet_is_there_at_once(visit):
    app = visit(head="2")
    assert "Strongest pairs of the jet in head 2" in texts(app)
    assert app.button(key="run").disabled
    assert "Strongest pairs of constituent 3 in head 2" in texts(visit(head="2", particle="3"))


def test_a_jet_of_one_constituent_has_no_pairs(visit):
    assert "it has no pairs" in texts(visit(jet="3"))


def test_explained_pairs_are_the_strongest_and_add_up():
    file = files.find("toys.root")
    model = tagger("alpha", file)
    baseline, others = bias.draw(file, np.arange(12), model)
    assert baseline.shape == (64, 4)
    assert others.shape[1] == 4
    found = bias.explain(file, 0, model, 1, None, baseline)
    trace = model.trace(read_jets(file.path, 0, 1))
    of_head = trace.bias[0, 0, 1]
    strongest = np.sort(np.abs(of_head[np.triu_indices(30, 1)]))[::-1][: len(found.pairs)]
    np.testing.assert_allclose(np.abs(found.found.bias[:, 1]), strongest, atol=1e-5)
    total = found.found.base[1] + found.found.values[:, 1].sum(-1)
    np.testing.assert_allclose(total, of_head[tuple(found.pairs.T)], atol=1e-5)


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("shares", "Bias: share of the logits"),
        ("shapley", "Mean size of Shapley values"),
        ("function", "Mean attention over the Lund plane, layer 2, head 1"),
        ("switch", "Accuracy (untouched"),
    ],
)
def test_run_leads_to_what_the_sample_says(visit, tab, shown):
    finish(visit(tab=tab, layer="2"), shown)


def test_the_page_finds_what_the_library_finds(visit):
    finish(visit(tab="shares", model="beta"), "Bias: share")
    file = files.find("toys.root")
    model = tagger("beta", file)
    task = Task("beta", model, bias.BiasStudy(), file, np.arange(12))
    expected = study_jets(bias.BiasStudy(), model, read_jets(file.path)).arrays()
    for name, values in task.job.result.arrays().items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5, err_msg=name)


def test_the_function_follows_its_sliders_and_the_url(visit):
    app = visit(tab="function", lnz="-3.0")
    assert app.slider(key="choose_lnz").value == -3.0
    assert app.slider(key="choose_lnm2").disabled
    app.toggle(key="massless").set_value(False).run()
    assert not app.slider(key="choose_lnm2").disabled
    app.slider(key="choose_lnm2").set_value(2.0).run()
    assert calm(app).query_params["lnm2"] == "2.0"


def test_models_without_bias_say_so(visit):
    app = visit(model="plain")
    assert "plain has no interaction bias; its attention is q·k alone" in app.error[0].value.replace("\\", "")


def test_one_of_several_models_is_looked_at(visit):
    app = visit(model=["alpha", "plain"])
    assert not app.error
    assert visit(model=["alpha", "plain"], focus="2").error
