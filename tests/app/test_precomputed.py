"""What pages show of shipped models before anything is run."""

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import can_run, captions, no_exception, open_page, run_until, sentences

from app.services import files, precomputed
from app.services.precomputed import FOLDER, key, read_about

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import precompute

PATHS = sorted(FOLDER.glob("*/*.json"))
LARGEST = 8_000_000  # bytes
TABS = {
    "atlas": ("heads", "hypotheses", "logits"),
    "attribution": ("jet", "inputs", "methods", "sample", "truth", "physics"),
    "bias": ("jet", "shares", "shapley", "function", "switch"),
    "circuits": ("edges", "search", "dictionary", "similarity"),
    "compare": ("",),
    "intervention": ("ablate", "patch", "edit", "probes", "lens"),
    "sparsity": ("heads", "weights", "groups", "places", "components", "topk"),
}


@pytest.fixture(autouse=True)
def shipped_files(monkeypatch):
    """Have only what comes with the project, as at a first visit."""
    for name in ("PARTSCOPE_DATA", "PARTSCOPE_CHECKPOINTS", "PARTSCOPE_RUNS"):
        monkeypatch.delenv(name, raising=False)


def test_they_are_small():
    assert PATHS
    assert sum(path.stat().st_size for path in PATHS) < LARGEST


@pytest.mark.parametrize("model", sorted({path.parent.name for path in PATHS}))
def test_a_model_has_all_of_them_for_its_weights_and_jets(model):
    assert model in precompute.shipped()
    expected = {name: key(precompute.about(task)) for name, task in precompute.tasks(model)}
    found = {path.stem: key(read_about(path)) for path in (FOLDER / model).glob("*.json")}
    own = f"{next(iter(expected.values()))[0]}+"
    assert found.pop("comparison")[0].startswith(own)
    assert found.pop("heads", (own,))[0].startswith(own)
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize(("model", "study"), [("part-full", "lens"), ("part-top", "bias"), ("pfn-full", "irc")])
def test_they_can_be_made_again(model, study):
    task = dict(precompute.tasks(model))[study]
    made = task.precomputed
    assert made
    again = precompute.run_task(task).arrays()
    for name, values in made.result.arrays().items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(values, again[name], rtol=5e-3, atol=1e-3 * np.nanmax(np.abs(again[name])))


@pytest.mark.slow
def test_a_comparison_can_be_made_again():
    file = files.find("jetclass_like.root")
    models = precompute.comparison.comparable_models(("pfn-full", "part-full"), file)
    about = precompute.about_comparison(models, file)
    made = precomputed.find(about["sha256"], file.key, about["study"])
    assert made
    assert made.covers(np.arange(precompute.COMPARED))
    again = precompute.run_comparison(models, file)
    np.testing.assert_allclose(made.result.probabilities, again.probabilities, atol=1e-3)
    assert made.result.quality[0]["accuracy"] == pytest.approx(again.quality[0]["accuracy"], abs=1e-3)


def test_matches_of_heads_belong_to_the_models_that_are_compared():
    file = files.find("jetclass_like.root")
    models = precompute.comparison.comparable_models(("part-full", "linpart-landmark"), file)
    assert key(read_about(FOLDER / "part-full" / "heads.json")) == key(precompute.about_heads(models, file))
    job = precompute.head_matching.find(file, np.arange(precompute.COMPARED), models)
    assert job.measured_on
    assert job.result.matchings[1].jets == 200
    assert precompute.head_matching.find(file, np.arange(5), models) is None


@pytest.mark.parametrize(("page", "tab"), [(page, tab) for page, tabs in TABS.items() for tab in tabs])
def test_a_page_opens_with_charts(page, tab):
    app = open_page(page, **({"tab": tab} if tab else {}))
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) + len(app.get("bidi_component")) > 0
    assert "Run " not in " ".join(info.value for info in app.info)


def test_a_page_says_when_and_on_which_jets():
    app = open_page("sparsity", studied="20")
    date = read_about(FOLDER / "part-full" / "sparsity.json")["date"]
    expected = f"Measured on {date} on the first 500 jets of jetclass_like.root; Run takes those that are chosen here."
    assert expected in captions(app)
    assert can_run(app)


def test_there_is_nothing_to_run_on_the_jets_that_were_measured():
    assert not can_run(open_page("sparsity"))


def test_run_measures_the_jets_that_are_chosen():
    app = open_page("sparsity", studied="5")
    run_until(app, lambda app: not can_run(app) and "Measured on" not in captions(app))
    assert len(no_exception(app).get("plotly_chart")) > 0
