"""Trainings on a user's own files, by a weaver data config: every model learns, resumes exactly and stands alone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import uproot
import yaml
from helpers.own_training import CLASSES, FEATURES, VERTEX_FEATURES, own_config, write_config, write_own_jets
from helpers.references import shared
from helpers.training import own_toy_config
from helpers.weaver_run import load_with_weaver, numba  # noqa: F401
from safetensors.torch import load_file

import part
from part.jets.config.labelled import read_labelled
from part.jets.config.parsing import load_config
from part.models.build import MODELS
from part.training.config import TrainingConfig
from part.training.dry_run import dry_run
from part.training.lightning_module import TaggerModule
from part.training.recipes import published_recipe
from part.training.runs.folder import read_run
from part.training.runs.snapshots import load_snapshot
from part.training.trainer import train

SMALL = {"batch_size": 16, "epochs": 1, "micro_batch": None, "calibration_jets": 0}


def predictions(path: Path, jets: Path):
    tagger = part.load_model(path, device="cpu")
    return tagger.predict(part.read_jets(jets, config=tagger.data_config))


@pytest.mark.filterwarnings("ignore:Left out")
@pytest.mark.parametrize("kind", ["plain", "vertices"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains_and_its_checkpoint_needs_no_other_file(tmp_path, model, kind):
    changes = {"inputs": with_vertex_points()} if kind == "vertices" else {}
    recipe = published_recipe(None, model) | SMALL | {"jets_per_epoch": 32}
    config = own_toy_config(tmp_path, kind, model, changes=changes, **recipe)
    path = train(config)
    Path(config.config).unlink()
    tagger = part.load_model(path, device="cpu")
    assert tagger.dataset.labels == CLASSES
    widths = (len(FEATURES), len(VERTEX_FEATURES)) if kind == "vertices" else ()
    assert tagger.config.collections == widths
    jets = part.read_jets(tmp_path / "val.root", config=tagger.data_config)
    probabilities = tagger.predict(jets)
    assert 0 < len(probabilities) == len(jets) < 120  # the selection leaves some out
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert len(np.unique(probabilities[:, 0])) > 20


def with_vertex_points() -> dict:
    """Return inputs of two collections that both have coordinates."""
    inputs, points = own_config("vertices")["inputs"], own_config("plain")["inputs"]["pf_points"]
    vertex_points = {"length": 3, "vars": [["sv_ntracks", 3, 0.3], ["sv_mass", 1.0, 0.7]]}
    return inputs | {"pf_points": points, "sv_points": vertex_points}


@pytest.mark.filterwarnings("ignore:Left out")
def test_a_training_learns_from_its_inputs(tmp_path):
    config = own_toy_config(tmp_path, "auto", n=300, epochs=6, jets_per_epoch=None, lr=5e-3, val_jets=None)
    card = part.load_model(train(config)).card
    assert card["metrics"]["val_accuracy"] > 0.7  # of three classes
    for file, count in (("train", card["training"]["unique_jets"]), ("val", card["metrics"]["val_jets"])):
        with uproot.open(f"{tmp_path / file}.root:ntuple/jets") as tree:
            columns = tree.arrays(["fj_pt", "fj_eta"], library="np")
        selected = (columns["fj_pt"] > 50) & (np.abs(columns["fj_eta"]) < 2.4)  # as in weaver-core also for validation
        assert count == selected.sum() < 300
    assert "data_config" not in card["training"]["plan"]


@pytest.mark.parametrize("kind", ["plain", "auto"])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, kind, monkeypatch):
    config = own_toy_config(tmp_path, kind, name="whole", jets_per_epoch=48, epochs=3, changes={"weights": WEIGHTS})
    whole = load_file(train(config))
    interrupted = replace(config, name="cut")
    original = TaggerModule.training_step

    def fail_in_the_last_epoch(self, batch, index):
        if self.trainer.current_epoch == 2 and index == 1:
            raise KeyError("a power cut")
        return original(self, batch, index)

    monkeypatch.setattr(TaggerModule, "training_step", fail_in_the_last_epoch)
    with pytest.raises(KeyError, match="a power cut"):
        train(interrupted)
    monkeypatch.undo()
    Path(config.config).unlink()
    resumed = load_file(train(interrupted, resume=True))
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


WEIGHTS = {
    "use_precomputed_weights": False,
    "reweight_method": "flat",
    "reweight_vars": {"fj_pt": [80, 250, 400, 700], "fj_eta": [-1.2, 0, 1.2]},
    "reweight_classes": list(CLASSES),
}


def test_workers_read_what_this_process_reads(tmp_path):
    config = own_toy_config(tmp_path, "vertices", changes={"weights": WEIGHTS}, epochs=1, name="alone")
    alone, helped = load_file(train(config)), load_file(train(replace(config, name="helped", workers=1)))
    assert all(torch.equal(helped[name], value) for name, value in alone.items())


def test_what_was_computed_is_said_and_written_down(tmp_path, capsys):
    labels = {"type": "custom", "value": {"truth": "flavour", "fj_mass": "fj_pt"}}
    config = own_toy_config(tmp_path, "auto", changes={"labels": labels, "weights": WEIGHTS}, epochs=1)
    path = train(config)
    said = capsys.readouterr().out
    for sentence in (
        "Not used in training: observers of auto.",
        "Only the classes are trained; the targets fj_mass of auto are left out.",
        f"Computed the standardisation of 3 variables of auto from {tmp_path}/train.root.",
        f"Counted 3 classes: 2 is the largest index in {tmp_path}/train.root.",
        f"Computed the weights of 3 classes by fj_pt and fj_eta from {tmp_path}/train.root.",
    ):
        assert sentence in said
    written = yaml.safe_load((path.parent / "pfn-auto.auto.yaml").read_text())
    assert written["preprocess"]["params"]["pf_logpt"]["center"] != "auto"
    assert np.shape(written["weights"]["reweight_hists"]["is_c"]) == (3, 2)
    assert set(written) <= set(own_config("auto")) | {"weights"}  # weaver-core knows no other keys
    loaded = load_config(path.parent / "pfn-auto.auto.yaml")
    assert loaded.feature_set().features == part.load_model(path).features.features
    assert part.load_model(path).dataset.labels == ("class 0", "class 1", "class 2")
    plan = json.loads((path.parent / "plan.json").read_text())
    assert plan["config"] == config.config
    assert plan["data_config"]["options"]["classes"] == ["class 0", "class 1", "class 2"]


def test_a_config_that_leaves_nothing_open_is_not_written_again(tmp_path):
    assert not list(train(own_toy_config(tmp_path, epochs=1)).parent.glob("*.yaml"))


def test_a_run_goes_on_only_with_the_content_that_it_began_with(tmp_path):
    config = own_toy_config(tmp_path, epochs=1)
    train(config)
    write_config(Path(config.config), selection="fj_pt > 60")
    with pytest.raises(part.PartError, match=r"plain\.yaml has changed since .*pfn-plain was started"):
        train(config, resume=True)


@pytest.mark.filterwarnings("ignore:Left out")
def test_a_model_is_fine_tuned_and_distilled_on_own_files(tmp_path, capsys):
    config = own_toy_config(tmp_path, epochs=1, name="first")
    first = train(config)
    tuned = train(replace(config, name="tuned", finetune=str(first), lr=1e-12))
    before, after = load_file(first), load_file(tuned)
    assert all(torch.allclose(after[k], v, atol=1e-6) for k, v in before.items() if not k.startswith("head."))
    assert not torch.allclose(after["head.weight"], before["head.weight"])
    taught = train(replace(config, name="taught", distill=str(first), start_from=str(first)))
    assert part.load_model(taught).card["training"]["before"]["epochs_done"] == 1
    assert "other inputs" not in capsys.readouterr().out
    renamed = dict(own_config()["inputs"])
    renamed["pf_features"] = renamed["pf_features"] | {"vars": [["cand_isMu", None], *map(list, FEATURES[:-1])]}
    other = own_toy_config(tmp_path, "plain", changes={"inputs": renamed}, epochs=1, name="other")
    train(replace(other, finetune=str(first)))
    assert "plain has other inputs than those that" in capsys.readouterr().out
    with pytest.raises(part.PartError, match="expected those of the run, those of plain"):
        train(replace(other, name="third", distill=str(first)))
    vertices = own_toy_config(tmp_path, "vertices", epochs=1, name="vertices", finetune=str(first))
    with pytest.raises(part.PartError, match=r"takes 7 inputs \(plain\); expected 12 inputs of collections of 7 and 3"):
        train(vertices)


def test_the_attention_of_a_jet_says_which_tokens_are_vertices(tmp_path):
    config = own_toy_config(tmp_path, "vertices", "ParT", epochs=1, jets_per_epoch=16)
    run = read_run(train(config).parent)
    arrays = load_snapshot(run, 1)
    assert len(arrays["kind"]) == len(arrays["momenta"]) == arrays["pattern"].shape[-1]
    assert set(arrays["kind"].tolist()) <= {0, 1}
    assert (np.diff(arrays["kind"]) >= 0).all()  # vertices after particles


def test_without_momenta_a_model_has_no_bias_or_is_refused(tmp_path, capsys):
    inputs = {name: group for name, group in own_config()["inputs"].items() if name != "pf_vectors"}
    without = {"inputs": inputs}
    config = own_toy_config(tmp_path, "plain", "ParT", changes=without, epochs=1, jets_per_epoch=16)
    path = train(config)
    assert "plain has no four-momenta, so ParT has no pair bias." in capsys.readouterr().out
    assert part.load_model(path).config.pair_embed is None
    assert not (path.parent / "attention").exists()
    for model in ("LinParT", "PairAttn"):
        with pytest.raises(part.PartError, match=f"{model} needs four-momenta, and plain has none"):
            replace(config, model=model)


def test_a_model_that_seeks_neighbours_needs_points(tmp_path):
    with pytest.raises(part.PartError, match="ParticleNet seeks the neighbours of each token, and vertices does not"):
        own_toy_config(tmp_path, "vertices", "ParticleNet")


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(tmp_path):
    report = dry_run(own_toy_config(tmp_path, "auto"))
    assert "7 inputs and 3 classes of" in report
    assert "data_config" not in report
    assert not (tmp_path / "pfn-auto").exists()


@pytest.mark.witness
@pytest.mark.parametrize("kind", ["plain", "vertices"])
def test_a_training_reads_what_weavers_loader_reads(tmp_path, numba, kind):  # noqa: F811
    path, config = write_own_jets(tmp_path / "jets.root", 200), write_config(tmp_path / "data.yaml", kind)
    theirs = load_with_weaver("0.5.3", config, path, training=True)
    jets = read_labelled(str(path), load_config(config), len(CLASSES))
    np.testing.assert_array_equal(jets["truth"], theirs["label_"])
    first = theirs["pf_features"].transpose(0, 2, 1)
    for jet, record in enumerate(jets):
        inputs = np.asarray(record["inputs"])
        n = int(theirs["pf_mask"][jet].sum())
        np.testing.assert_allclose(inputs[:n, : len(FEATURES)], first[jet, :n], atol=1e-6)
        if kind == "vertices":
            vertices = theirs["sv_features"][jet, :, : len(inputs) - n].T
            np.testing.assert_allclose(inputs[n:, len(FEATURES) : -2], vertices, atol=1e-6)


@pytest.mark.witness
@pytest.mark.parametrize("name", ["flavour", "two_streams", "lepton_collider"])
def test_a_training_with_weaver_is_continued_with_its_own_config(tmp_path, name):
    folder = shared(f"cases/weaver/{name}")
    jets = next(folder.glob("jets.*"))
    config, copy = tmp_path / "data.yaml", tmp_path / f"val{jets.suffix}"
    config.write_bytes((folder / "data.yaml").read_bytes())
    copy.write_bytes(jets.read_bytes())
    sizes = {"batch_size": 8, "jets_per_epoch": 8, "epochs": 1, "lr": 1e-12, "precision": "fp32"}
    choices = {"config": str(config), "finetune": str(folder), "out": str(tmp_path), "name": "on"}
    path = train(TrainingConfig("", "ParT", "", (str(jets),), (str(copy),), **choices, **sizes))
    before, after = part.load_model(folder), part.load_model(path)
    assert after.config.head == before.config.head
    assert after.config.pair_features == before.config.pair_features
    for name, value in before.model.blocks.state_dict().items():
        torch.testing.assert_close(after.model.blocks.state_dict()[name], value)
