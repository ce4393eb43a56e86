"""`python -m part train --config`: a user's own files are trained, and their models used, like any others."""

import json
import re

import pytest
from helpers.own_training import CLASSES, write_config, write_own_jets

import part
from part.__main__ import main

SIZES = ["--epochs", "1", "--batch-size", "16", "--jets-per-epoch", "32", "--precision", "fp32"]
pytestmark = pytest.mark.filterwarnings("ignore:Left out")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for seed, name in enumerate(("train", "val"), 1):
        write_own_jets(tmp_path / f"{name}.root", 80, seed)
    write_config(tmp_path / "mine.yaml", "auto", test_time_selection=None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*words: str, model: str = "PFN") -> list[str]:
    return ["train", "--config", "mine.yaml", model, "--train", "train.root", "--val", "val.root", *SIZES, *words]


def test_a_training_says_what_it_computed_and_its_model_is_evaluated(folder, capsys):
    assert main(command()) == 0
    said = capsys.readouterr().out
    assert "Computed the standardisation of 3 variables of mine from train.root.\n" in said
    assert "Wrote runs/pfn-mine/pfn-mine.safetensors." in said
    (folder / "mine.yaml").unlink()
    model = "runs/pfn-mine/pfn-mine.safetensors"
    assert main(["evaluate", "--model", model, "--jets", "val.root", "--out", "metrics.json"]) == 0
    result = json.loads((folder / "metrics.json").read_text())
    assert list(result["classes"]) == list(CLASSES)
    assert result["jets"] == part.load_model(model).card["metrics"]["val_jets"]


def test_a_stopped_training_goes_on_without_its_data_config(folder, capsys):
    assert main(command("--epochs=2")) == 0
    plan = folder / "runs" / "pfn-mine" / "plan.json"
    plan.write_text(plan.read_text().replace('"epochs": 2', '"epochs": 3'))
    (folder / "mine.yaml").unlink()
    assert main(command("--epochs=3", "--resume")) == 0
    assert part.load_model(plan.parent / "pfn-mine.safetensors").card["training"]["epochs_done"] == 3
    assert "Computed the standardisation" not in capsys.readouterr().out.partition("Wrote")[2]


def test_a_table_of_predictions_teaches_the_jets_that_are_selected(folder, capsys):
    assert main(command("--name", "teacher")) == 0
    model = "runs/teacher/teacher.safetensors"
    assert main(["predict", "--model", model, "--jets", "train.root", "--out", "scores.parquet"]) == 0
    assert main(command("--name", "student", "--distill", "scores.parquet")) == 0
    write_config(folder / "mine.yaml", "auto", test_time_selection="fj_pt > 300")
    assert main(command("--name", "narrow", "--no-weights")) == 0
    model = "runs/narrow/narrow.safetensors"
    assert main(["predict", "--model", model, "--jets", "train.root", "--out", "few.parquet"]) == 0
    assert main(command("--name", "other", "--distill", "few.parquet")) == 2
    assert "few.parquet has no scores of all jets" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_of_own_files_is_quantized_with_training(folder):
    assert main(command(model="ParTNoBias")) == 0
    model = "runs/partnobias-mine/partnobias-mine.safetensors"
    words = ["quantize", "--model", model, "--method", "qat", "--calibration", "train.root", "--steps", "1"]
    assert main([*words, "--out", "int8.safetensors"]) == 0
    tagger = part.load_model("int8.safetensors")
    assert len(tagger.predict(part.read_jets("val.root", config=tagger.data_config))) > 50


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--balanced"], "--balanced and the weights of mine exclude each other; add --no-weights"),
        (["--reflect", "--no-weights"], "--reflect does not know the sign of pf_logpt of mine"),
        (["--finetune", "nothing.safetensors", "--no-weights"], "nothing.safetensors"),
        ([], "mine: no jet of train.root and the other files has a weight above zero"),
    ],
    ids=str,
)
def test_a_refusal_is_one_sentence_and_leaves_no_folder(folder, capsys, words, sentence):
    weights = {"use_precomputed_weights": True, "weight_branches": ["fj_pt < 0"]}
    write_config(folder / "mine.yaml", "plain", weights=weights)
    assert main(command(*words)) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": {"type": "simple", "value": ["is_b", "is_c"]}}, "train.root, entry .*: a jet of no class"),
        ({"labels": {"type": "simple", "value": ["is_b"]}}, "mine.yaml: 1 class; training needs labels of two"),
        ({"classes": ["b", "c"]}, "mine.yaml: 2 classes and 3 labels; expected equally many"),
        ({"selection": "fj_pt > 1e6"}, "mine: its selection keeps no jet of train.root"),
        ({"selection": "fj_p > 1"}, "train.root: branch fj_p is missing, which the data config mine needs"),
        ({"treename": "other"}, "train.root.*other"),
        ({"weights": {"reweight_method": "best"}}, "mine: weights: reweight_method is 'best'"),
    ],
    ids=str,
)
def test_a_data_config_that_does_not_fit_the_files_is_refused(folder, capsys, changes, sentence):
    write_config(folder / "mine.yaml", "plain", **changes)
    assert main(command()) == 2
    error = capsys.readouterr().err
    assert re.search(sentence, error), error
    assert error.count("\n") == 1
    assert not (folder / "runs").exists()


def test_the_learning_rate_of_own_files_is_found(folder, capsys):
    words = ["lr-find", *command()[1:8], "--precision", "fp32", "--batch-size", "16", "--steps", "30"]
    assert main(words) == 0
    assert "The loss falls fastest at" in capsys.readouterr().out
