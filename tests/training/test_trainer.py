"""A training run on toy jets: it learns, resumes exactly, and refuses choices that do not fit each other."""

import csv
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.training import TINY, toy_config
from safetensors.torch import load_file

import part
from part.__main__ import main
from part.comparison.match_heads import match_heads
from part.comparison.samples import MemorySample
from part.inference.training_range import jet_range, outside_training
from part.jets import make_batch
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.config import ParTConfig
from part.training.lightning_module import TaggerModule, calibrate_batchnorm
from part.training.optimizer import hold_then_decay
from part.training.recipes import published_recipe
from part.training.trainer import train


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return toy_config(tmp_path_factory.mktemp("train"))


@pytest.fixture(scope="module")
def trained(config):
    return train(replace(config, keep_epochs=True))


def test_the_model_after_each_epoch_is_kept_where_that_is_asked_for(trained):
    paths = sorted((trained.parent / "epochs").glob("*.safetensors"))
    assert [path.stem for path in paths] == [f"{trained.stem}_epoch_{epoch:03d}" for epoch in (1, 2)]
    first, last, final = ([*load_file(path).values()] for path in (*paths, trained))
    assert all(map(torch.equal, last, final))
    assert not all(map(torch.equal, first, final))
    models = {path.stem: part.load_model(path, device="cpu") for path in paths}
    assert [tagger.card["training"]["epochs_done"] for tagger in models.values()] == [1, 2]
    jets = part.read_jets(trained.parents[1] / "val.root")
    matching = match_heads(models, MemorySample(jets, JETCLASS)).matchings[1]
    assert matching.is_in_place.any()


def test_a_run_leaves_a_model_that_loads_with_its_card(trained):
    tagger = part.load_model(trained, device="cpu")
    card = tagger.card
    assert card["training"]["jets_seen"] == 64
    assert card["training"]["unique_jets"] == 60
    assert card["training"]["epochs_done"] == 2
    assert 0 <= card["metrics"]["val_accuracy"] <= 1
    jets = part.read_jets(trained.parents[1] / "val.root")
    assert tagger.predict(jets).shape == (60, 10)
    known, pt = jet_range(tagger), np.hypot(ak.sum(jets.part_px, 1), ak.sum(jets.part_py, 1)).to_numpy()
    is_inside = (pt > known.pt[0]) & (pt < known.pt[1])
    assert 0.5 < is_inside.mean() <= 1  # fewer jets were validated on than the file has
    texts = np.array([text or "" for text in outside_training(tagger, jets)])
    assert not any("GeV" in text for text in texts[is_inside])


def test_the_log_has_the_loss_and_the_metrics_of_each_epoch(trained):
    with open(trained.parent / "log" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    for column in ("train_loss_epoch", "val_loss", "val_accuracy", "val_auc"):
        assert [row["epoch"] for row in rows if row[column]] == ["0", "1"], column


def test_a_run_records_the_steps_of_its_last_epoch(trained):
    steps = [json.loads(line) for line in (trained.parent / "log" / "steps.jsonl").read_text().splitlines()]
    assert [(step["epoch"], step["step"], step["steps"]) for step in steps] == [(1, 1, 2), (1, 2, 2)]
    assert all(step["jets_per_second"] > 0 for step in steps)


def test_the_state_of_a_run_has_the_keys_of_earlier_versions(trained):
    state = torch.load(trained.parent / "last.ckpt", weights_only=False)
    assert set(state["callbacks"]["SaveModel"]) == {"seconds"}
    assert all(key.startswith("model.") for key in state["state_dict"])
    assert {"k", "alpha"} <= set(state["optimizer_states"][0]["param_groups"][0])


def test_training_moves_every_weight_and_holds_the_statistics(config, trained):
    after = load_file(trained)
    assert float(after["blocks.7.c_attn"].std()) > 0
    start = load_file(train(replace(config, name="calibrated", epochs=1, lr=1e-12)))
    for name, value in after.items():
        if name.endswith(("running_mean", "running_var")):
            assert torch.equal(value, start[name]), name
        elif not name.endswith("attn.qkv.bias"):  # the softmax does not depend on the bias of the keys
            assert not torch.equal(value, start[name]), name


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(config, trained, monkeypatch):
    interrupted = replace(config, name="cut")

    class PowerCut(Exception):
        pass

    original = TaggerModule.training_step

    def fail_in_the_second_epoch(self, batch, index):
        if self.trainer.current_epoch == 1 and index == 1:
            raise PowerCut
        return original(self, batch, index)

    monkeypatch.setattr(TaggerModule, "training_step", fail_in_the_second_epoch)
    with pytest.raises(PowerCut):
        train(interrupted)
    monkeypatch.undo()
    resumed = load_file(train(interrupted, resume=True))
    for name, value in load_file(trained).items():
        assert torch.equal(resumed[name], value), name


def test_a_run_whose_first_weights_met_a_full_disk_can_be_resumed(config, trained, monkeypatch):
    full = replace(config, name="full")

    def without_room(*_):
        raise part.PartError("no room")

    monkeypatch.setattr("part.training.callbacks.checkpointing.save_checkpoint", without_room)
    with pytest.raises(part.PartError, match="no room"):
        train(full)
    monkeypatch.undo()
    resumed = load_file(train(full, resume=True))
    for name, value in load_file(trained).items():
        assert torch.equal(resumed[name], value), name


@pytest.mark.parametrize("model", ["LinParT", "PairAttn", "ParTNoBias", "ParticleNet", "PFN", "P-CNN"])
def test_every_model_trains_by_its_recipe_and_loads(config, model):
    small = {"batch_size": 16, "micro_batch": None, "calibration_jets": 0, "epochs": 1, "name": model, "model": model}
    path = train(replace(config, **(published_recipe("JetClass", model) | small)))
    tagger = part.load_model(path, device="cpu")
    assert tagger.card["config"]["model"] == model
    probabilities = tagger.predict(part.read_jets(path.parents[1] / "val.root"))
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_a_run_is_not_overwritten(config, trained):
    with pytest.raises(part.PartError, match="holds a run already; use --resume"):
        train(config)


def test_a_run_without_a_finished_epoch_begins_again(config, trained):
    early = replace(config, name="early")
    folder = Path(config.out) / "early"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(early.to_dict() | {"workers": 0}))
    resumed = load_file(train(early, resume=True))
    assert all(torch.equal(resumed[name], value) for name, value in load_file(trained).items())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_packed_training_needs_a_gpu(config):
    with pytest.raises(part.PartError, match="--packed: The kernels for jets without padding need an NVIDIA GPU"):
        train(replace(config, name="packed", packed=True))


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="TensorBoard is here")
def test_without_tensorboard_its_log_is_refused(config):
    with pytest.raises(part.PartError, match="pip install tensorboard"):
        train(replace(config, name="board", tensorboard=True))


def test_a_run_is_resumed_only_with_its_own_choices(config, trained):
    with pytest.raises(part.PartError, match=r"started with another lr: 0\.001"):
        train(replace(config, lr=0.1), resume=True)
    with pytest.raises(part.PartError, match="holds no run to resume"):
        train(replace(config, name="never"), resume=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset": "JetClub"}, "no dataset 'JetClub'"),
        ({"features": "fool"}, "no feature set 'fool'"),
        ({"model": "LinParT", "pair_bias": "odd"}, "pair_bias is 'odd'; expected none, projected or landmark"),
        ({"pair_bias": "none"}, "ParT has no pair_bias"),
        ({"features": "kinpidplus"}, "JetClass has no kinpidplus inputs"),
        ({"batch_size": 20}, "cannot be divided evenly"),
        ({"epochs": 0}, "epochs is 0; expected 1 or more"),
    ],
)
def test_choices_that_do_not_fit_each_other_are_refused(config, changes, sentence):
    with pytest.raises(part.PartError, match=sentence):
        replace(config, **changes)


def test_an_unknown_precision_and_model_are_refused(config):
    with pytest.raises(part.PartError, match="no precision 'int3'"):
        train(replace(config, name="odd", precision="int3"))
    with pytest.raises(part.PartError, match="no model 'Party'"):
        train(replace(config, name="odder", model="Party"))


def test_the_command_line_reaches_the_choices(config, tmp_path, capsys):
    files = ["--train", config.train[0], "--val", config.val[0], "--out", str(tmp_path), "--epochs", "1"]
    sizes = [f"--{key.replace('_', '-')}={value}" for key, value in TINY.items()]
    assert main(["train", "JetClass", "ParT", "kin", *files, *sizes, "--name", "cli"]) == 0
    written = json.loads((tmp_path / "cli" / "plan.json").read_text())
    assert (written["features"], written["batch_size"], written["epochs"]) == ("kin", 16, 1)
    assert main(["train", "JetClass", "ParT", "kin", *files, *sizes, "--name", "cli"]) == 2
    assert "use --resume" in capsys.readouterr().err
    model = str(tmp_path / "cli" / "cli.safetensors")
    out = tmp_path / "metrics.json"
    assert main(["evaluate", "--model", model, "--jets", config.val[0], "--out", str(out), "--card"]) == 0
    result = json.loads(out.read_text())
    assert result["jets"] == sum(row["jets"] for row in result.pop("classes").values()) == 60
    assert part.load_model(model).card["held_out"] == {"files": ["val.root"]} | result


def test_calibrated_statistics_are_those_of_the_real_particles(config):
    jets = part.read_jets(config.train[0])
    batch = make_batch(jets, FULL, JETCLASS, length=40)
    model = build(ParTConfig(layers=1))
    calibrate_batchnorm(model, batch)
    torch.testing.assert_close(model.embed.norm.running_mean, batch.x[batch.mask].mean(0))
    assert model.training
    assert not model.embed.norm.training


def test_the_learning_rate_is_constant_then_falls_to_a_hundredth():
    assert [hold_then_decay(x, 0.7) for x in (0.0, 0.7)] == [1.0, 1.0]
    assert hold_then_decay(0.85, 0.7) == pytest.approx(0.1)
    assert hold_then_decay(1.0, 0.7) == pytest.approx(0.01)


def test_a_range_test_finds_where_the_loss_falls_fastest(config, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = ["--train", config.train[0], "--val", config.val[0], "--precision", "fp32", "--batch-size", "16"]
    words = ["lr-find", "JetClass", "PFN", "kin", *files, "--steps", "30", "--lowest", "1e-5", "--highest", "0.1"]
    assert main([*words, "--csv", "rates.csv"]) == 0
    with open("rates.csv") as file:
        rates = [float(row["lr"]) for row in csv.DictReader(file)]
    assert rates == sorted(rates)
    assert 1e-5 <= rates[0] < rates[-1] <= 0.1
    assert "The loss falls fastest at" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["rates.csv"]
    assert main([*words, "--csv", "rates.csv"]) == 2
    assert "rates.csv exists" in capsys.readouterr().err
