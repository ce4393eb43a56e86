"""The training of a dictionary: resumed runs, what they write, and what is refused."""

import csv
import json

import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model
from safetensors.torch import load_file

from part.__main__ import main
from part.analysis.dictionary.files import find_dictionary
from part.errors import PartError
from part.inference.loading import load_model
from part.training.dictionary.config import DictionaryConfig
from part.training.dictionary.lightning_module import DictionaryModule
from part.training.dictionary.train import train_dictionary

SMALL = {"embed": (16,), "pair_embed": (8,), "layers": 2, "heads": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dictionaries")
    counts = np.random.default_rng(0).integers(2, 20, 80).tolist()
    write_jets(folder / "train.root", counts)
    write_jets(folder / "val.root", counts[:30], seed=1)
    write_model(folder / "model.safetensors", 0, **SMALL)
    return folder


def config(folder, name: str, **options) -> DictionaryConfig:
    usual = {"features": 24, "active": 4, "layer": 1, "epochs": 3, "batch_size": 16, "lr": 1e-2, "dead_after": 200}
    files = (str(folder / "train.root"),), (str(folder / "val.root"),)
    return DictionaryConfig(str(folder / "model.safetensors"), *files, name, str(folder), **(usual | options))


def test_a_dictionary_is_trained_and_belongs_to_its_model(folder):
    path = train_dictionary(config(folder, "first", epochs=6))
    tagger = load_model(folder / "model.safetensors")
    found = find_dictionary(tagger, str(path))
    assert (found.dictionary.features, found.dictionary.active, found.place.layer) == (24, 4, 1)
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["training"]["epochs_done"] == 6
    assert card["training"]["jets_seen"] == 6 * 80
    assert card["metrics"]["val_jets"] == 30
    with (path.parent / "log" / "metrics.csv").open() as file:
        explained = [float(row["val_explained"]) for row in csv.DictReader(file) if row["val_explained"]]
    assert len(explained) == 6
    assert explained[-1] > explained[0]
    assert card["metrics"]["val_explained"] == pytest.approx(explained[-1], abs=1e-4)


def test_a_resumed_run_equals_an_uninterrupted_one(folder, monkeypatch):
    whole = train_dictionary(config(folder, "whole"))

    def stop(self, batch, batch_idx):
        if self.current_epoch == 2:
            raise PartError("Stopped.")
        return original(self, batch, batch_idx)

    original = DictionaryModule.training_step
    with monkeypatch.context() as patch:
        patch.setattr(DictionaryModule, "training_step", stop)
        with pytest.raises(PartError, match="Stopped"):
            train_dictionary(config(folder, "parts"))
    resumed = train_dictionary(config(folder, "parts"), resume=True)
    tensors, expected = load_file(resumed), load_file(whole)
    for name, tensor in expected.items():
        torch.testing.assert_close(tensors[name], tensor, rtol=0, atol=0)
    logs = [(path.parent / "log" / "metrics.csv").read_text() for path in (resumed, whole)]
    assert logs[0] == logs[1]


def test_a_run_of_another_name_or_other_choices_is_refused(folder):
    train_dictionary(config(folder, "taken", epochs=1))
    with pytest.raises(PartError, match="holds a run already"):
        train_dictionary(config(folder, "taken", epochs=1))
    with pytest.raises(PartError, match="was started with another features: 24"):
        train_dictionary(config(folder, "taken", epochs=1, features=32), resume=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"features": 0}, "features is 0; expected 1 or more"),
        ({"active": 25}, "25 of 24 features"),
        ({"lr": float("nan")}, "lr is nan; expected a finite number above 0"),
        ({"lr_hold_fraction": 2}, "expected a fraction"),
        ({"seed": -1}, "expected a whole number"),
    ],
)
def test_choices_that_cannot_be_are_refused(folder, options, words):
    with pytest.raises(PartError, match=words):
        config(folder, "refused", **options)


def test_a_place_that_the_model_lacks_is_refused_and_nothing_is_written(folder):
    with pytest.raises(PartError, match="expected layers 0 to 2"):
        train_dictionary(config(folder, "nowhere", layer=7))
    with pytest.raises(PartError, match="among the training files and among those for validation"):
        train_dictionary(
            DictionaryConfig(
                str(folder / "model.safetensors"),
                (str(folder / "train.root"),),
                (str(folder / "train.root"),),
                "nowhere",
                str(folder),
                layer=1,
            )
        )
    assert not (folder / "nowhere").exists()


def test_the_command_trains_and_the_study_measures(folder, capsys):
    words = ["dictionary", "--model", str(folder / "model.safetensors"), "--train", str(folder / "train.root")]
    words += ["--val", str(folder / "val.root"), "--name", "told", "--out", str(folder), "--layer", "2", "--head", "1"]
    assert main([*words, "--features", "16", "--active", "2", "--epochs", "1", "--batch-size", "16"]) == 0
    path = folder / "told" / "told.safetensors"
    assert f"Wrote {path}." in capsys.readouterr().out
    study = ["study", "dictionary", "--model", str(folder / "model.safetensors"), "--jets", str(folder / "val.root")]
    study += ["--dictionary", str(path), "--top", "2", "--out", str(folder / "study"), "--format", "png"]
    assert main(study) == 0
    summary = json.loads((folder / "study" / "summary.json").read_text())
    assert len(summary["rows"]) == 16
