"""A new model is one file and one line in one table: with these, everything in the project takes it."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.app_driver import open_page, run_until, sentences, texts
from helpers.jets import write_jets, write_model
from helpers.models import random_jets, random_model, small_configs
from helpers.new_models import LINES
from test_contract import ModelContract

import part
from part.__main__ import main
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import MODELS
from part.models.checkpoints.checkpoint import save_checkpoint
from part.training.recipes import published_recipe

COUNTS = [8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 4


@pytest.fixture(scope="module", autouse=True)
def table():
    """Add the one line of each model."""
    with pytest.MonkeyPatch.context() as patch:
        for name, location in LINES.items():
            patch.setitem(MODELS, name, location)
        yield


@pytest.fixture(scope="module", params=LINES)
def config(request, table):
    return small_configs()[request.param]


@pytest.fixture(scope="module")
def model(config):
    return random_model(config).requires_grad_(False)


@pytest.fixture(scope="module")
def jets():
    return random_jets()


class TestContractOfNewModels(ModelContract):
    """The contract that the project's own models fulfil."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    write_jets(folder / "jets.root", COUNTS)
    write_jets(folder / "val.root", COUNTS, seed=1)
    write_model(folder / "alpha.safetensors", embed=(24,), pair_embed=(8,), heads=3, layers=2, class_layers=1)
    return folder


@pytest.fixture(scope="module")
def saved(folder, model):
    return save_checkpoint(folder / f"{model.config.model}.safetensors", model, FULL, JETCLASS, {"training": "none"})


def test_a_tagger_predicts_and_traces(saved, folder, config):
    jets = part.read_jets(folder / "jets.root")
    tagger = part.load_model(saved, device="cpu")
    assert tagger.config == config
    trace = tagger.trace(jets)
    np.testing.assert_allclose(tagger.predict(jets), trace.probabilities, atol=1e-5)
    assert trace.has("pattern") == trace.has("bias") == trace.has("scores_qk") == (config.attends_to == "particles")


def test_the_command_line_predicts_and_compares(saved, folder, config, tmp_path):
    jets = str(folder / "jets.root")
    assert main(["predict", "--model", str(saved), "--jets", jets, "--out", str(tmp_path / "p.parquet")]) == 0
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.num_rows == len(COUNTS)
    options = ["--replicas", "10", "--attention-jets", "10"]
    models = ["--models", str(folder / "alpha.safetensors"), str(saved)]
    assert main(["compare", *models, "--jets", jets, "--out", str(tmp_path / "comparison"), *options]) == 0
    summary = json.loads((tmp_path / "comparison" / "summary.json").read_text())
    assert [row["model"] for row in summary["models"]] == ["alpha", config.model]


def test_it_trains_by_its_own_recipe(config, folder, tmp_path):
    words = ["train", "JetClass", config.model, "full", "--train", str(folder / "jets.root")]
    words += ["--val", str(folder / "val.root"), "--out", str(tmp_path), "--name", "run", "--epochs", "1"]
    words += ["--jets-per-epoch", "32", "--batch-size", "16", "--val-jets", "20", "--workers", "0"]
    assert main(words) == 0
    tagger = part.load_model(tmp_path / "run" / "run.safetensors", device="cpu")
    assert tagger.config.model == config.model
    plan = tagger.card["training"]["plan"]
    assert plan["lr"] == published_recipe("JetClass", config.model).get("lr", 1e-3)
    assert tagger.predict(part.read_jets(folder / "jets.root", stop=5)).shape == (5, 10)


@pytest.fixture
def app_folders(monkeypatch, folder, saved, tmp_path):
    monkeypatch.setenv("PARTSCOPE_DATA", str(folder))
    monkeypatch.setenv("PARTSCOPE_CHECKPOINTS", str(folder))
    monkeypatch.setenv("PARTSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PARTSCOPE_PERFORMANCE", str(tmp_path / "performance"))


def test_the_app_explores_it(app_folders, config):
    app = open_page("explore", file="jets.root", model=config.model, jet="2")
    assert sentences(app) == []
    drawn = {element.proto.component_name for element in app.get("bidi_component")}
    assert ("partscope_mosaic" in drawn) == (config.attends_to is not None)


def test_the_app_compares_it(app_folders, config):
    app = open_page("compare", file="jets.root", model=["alpha", config.model])
    app = run_until(app, lambda app: 'class="models"' in texts(app) or app.error)
    assert sentences(app) == []
    assert config.model in texts(app)
