"""A training run on toy jets: it learns, resumes exactly, and refuses what cannot go."""

import csv
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.jets import write_jets
from helpers.models import weaver_part
from safetensors.torch import load_file

import part
from part.__main__ import main
from part.jets import make_batch
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint
from part.models.config import ParTConfig
from part.training.initial_weights import take_weights, with_new_head
from part.training.lightning_module import calibrate, flat_then_decay
from part.training.plan import Plan, recipe
from part.training.trainer import make, train

TINY = {"batch_size": 16, "micro_batch": 8, "jets_per_epoch": 32, "val_jets": 20, "calibration_jets": 20}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    counts = np.random.default_rng(0).integers(2, 20, 60).tolist()
    train_jets, val_jets = write_jets(folder / "train.root", counts), write_jets(folder / "val.root", counts, seed=1)
    return Plan(
        "JetClass",
        "ParT",
        "full",
        (str(train_jets),),
        (str(val_jets),),
        "toy",
        str(folder),
        epochs=2,
        precision="fp32",
        **TINY,
    )


@pytest.fixture(scope="module")
def trained(plan):
    return train(plan)


def test_a_run_leaves_a_model_that_loads_and_a_card_that_tells_of_it(trained):
    tagger = part.load_model(trained, device="cpu")
    card = tagger.card
    assert card["training"]["jets_seen"] == 64
    assert card["training"]["unique_jets"] == 60
    assert card["training"]["epochs_done"] == 2
    assert 0 <= card["metrics"]["val_accuracy"] <= 1
    assert tagger.predict(part.read_jets(trained.parents[1] / "val.root")).shape == (60, 10)


def test_the_log_has_the_loss_and_the_metrics_of_each_epoch(trained):
    with open(trained.parent / "log" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    for column in ("train_loss_epoch", "val_loss", "val_accuracy", "val_auc"):
        assert [row["epoch"] for row in rows if row[column]] == ["0", "1"], column


def test_training_moves_every_weight_and_holds_the_statistics(plan, trained):
    after = load_file(trained)
    assert float(after["blocks.7.c_attn"].std()) > 0
    before = Plan(**(plan.to_dict() | {"name": "calibrated", "epochs": 1, "lr": 1e-12}))
    start = load_file(train(before))
    for name, value in after.items():
        if name.endswith(("running_mean", "running_var")):
            assert torch.equal(value, start[name]), name
        elif not name.endswith("attn.qkv.bias"):  # a third of it, the keys', softmax cannot see
            assert not torch.equal(value, start[name]), name


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(plan, trained, monkeypatch):
    cut = replace(plan, name="cut")

    class PowerCut(Exception):
        pass

    from part.training import lightning_module as task

    original = task.TaggerTask.training_step

    def fail_in_the_second_epoch(self, batch, index):
        if self.trainer.current_epoch == 1 and index == 1:
            raise PowerCut
        return original(self, batch, index)

    monkeypatch.setattr(task.TaggerTask, "training_step", fail_in_the_second_epoch)
    with pytest.raises(PowerCut):
        train(cut)
    monkeypatch.undo()
    resumed = load_file(train(cut, resume=True))
    for name, value in load_file(trained).items():
        assert torch.equal(resumed[name], value), name


def test_a_variant_starts_from_the_weights_that_fit(plan, trained):
    options = {"name": "warm", "model": "LinParT", "slots": 4, "pair_bias": "landmark", "start_from": str(trained)}
    model = build(Plan(**(plan.to_dict() | options)).config)
    fresh = take_weights(model, str(trained))
    mixing = [f"blocks.{i}.attn.mixing" for i in range(8)]
    assert [name for name in fresh if not name.endswith("num_batches_tracked")] == [*mixing, "pair_embed.shares"]
    assert torch.equal(model.blocks[3].attn.qkv.weight, load_file(trained)["blocks.3.attn.qkv.weight"])
    with pytest.raises(part.PartError, match=r"No weights of .* fit"):
        take_weights(torch.nn.Linear(2, 2), str(trained))


@pytest.mark.parametrize("model", ["LinParT", "PairAttn", "ParTNoBias", "ParticleNet", "PFN", "P-CNN"])
def test_every_model_trains_by_its_recipe_and_loads(plan, model):
    small = {"batch_size": 16, "micro_batch": None, "calibration_jets": 0, "epochs": 1, "name": model, "model": model}
    path = train(Plan(**(plan.to_dict() | recipe("JetClass", model) | small)))
    tagger = part.load_model(path, device="cpu")
    assert tagger.card["config"]["model"] == model
    probabilities = tagger.predict(part.read_jets(path.parents[1] / "val.root"))
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_a_run_is_not_overwritten(plan, trained):
    with pytest.raises(part.PartError, match="holds a run already; use --resume"):
        train(plan)


def test_a_run_without_a_finished_epoch_begins_again(plan, trained):
    early = replace(plan, name="early")
    folder = Path(plan.out) / "early"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(early.to_dict() | {"workers": 0}))
    again = load_file(train(early, resume=True))
    assert all(torch.equal(again[name], value) for name, value in load_file(trained).items())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_packed_training_needs_a_gpu(plan):
    with pytest.raises(part.PartError, match="--packed needs a GPU"):
        train(replace(plan, name="packed", packed=True))


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="TensorBoard is here")
def test_without_tensorboard_its_log_is_refused(plan):
    with pytest.raises(part.PartError, match="pip install tensorboard"):
        train(replace(plan, name="board", tensorboard=True))


def test_a_run_is_resumed_only_as_what_it_was(plan, trained):
    with pytest.raises(part.PartError, match=r"started with another lr: 0\.001"):
        train(replace(plan, lr=0.1), resume=True)
    with pytest.raises(part.PartError, match="holds no run to resume"):
        train(replace(plan, name="never"), resume=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset": "JetClub"}, "no dataset 'JetClub'"),
        ({"features": "fool"}, "no feature set 'fool'"),
        ({"model": "LinParT", "pair_bias": "odd"}, "no pair_bias 'odd'"),
        ({"pair_bias": "none"}, "only LinParT has"),
        ({"features": "kinpidplus"}, "JetClass has no kinpidplus inputs"),
        ({"batch_size": 20}, "cannot be dealt out evenly"),
        ({"epochs": 0}, "count from 1"),
    ],
)
def test_a_plan_that_cannot_go_is_refused(plan, changes, sentence):
    with pytest.raises(part.PartError, match=sentence):
        replace(plan, **changes)


def test_an_unknown_precision_and_model_are_refused(plan):
    with pytest.raises(part.PartError, match="no precision 'int3'"):
        train(replace(plan, name="odd", precision="int3"))
    with pytest.raises(part.PartError, match="no model 'Party'"):
        train(replace(plan, name="odder", model="Party"))


def test_the_command_line_reaches_the_plan(plan, tmp_path, capsys):
    files = ["--train", plan.train[0], "--val", plan.val[0], "--out", str(tmp_path), "--epochs", "1"]
    sizes = [f"--{key.replace('_', '-')}={value}" for key, value in TINY.items()]
    assert main(["train", "JetClass", "ParT", "kin", *files, *sizes, "--name", "cli"]) == 0
    written = json.loads((tmp_path / "cli" / "plan.json").read_text())
    assert (written["features"], written["batch_size"], written["epochs"]) == ("kin", 16, 1)
    assert main(["train", "JetClass", "ParT", "kin", *files, *sizes, "--name", "cli"]) == 2
    assert "use --resume" in capsys.readouterr().err
    model = str(tmp_path / "cli" / "cli.safetensors")
    out = tmp_path / "metrics.json"
    assert main(["evaluate", "--model", model, "--jets", plan.val[0], "--out", str(out), "--card"]) == 0
    result = json.loads(out.read_text())
    assert result["jets"] == sum(row["jets"] for row in result.pop("classes").values()) == 60
    assert part.load_model(model).card["held_out"] == {"files": ["val.root"]} | result


def test_calibrated_statistics_are_those_of_the_real_particles(plan):
    jets = part.read_jets(plan.train[0])
    batch = make_batch(jets, FULL, JETCLASS, length=40)
    model = build(ParTConfig(layers=1))
    calibrate(model, batch)
    torch.testing.assert_close(model.embed.norm.running_mean, batch.x[batch.mask].mean(0))
    assert model.training
    assert not model.embed.norm.training


def test_the_learning_rate_is_flat_then_falls_to_a_hundredth():
    assert [flat_then_decay(x, 0.7) for x in (0.0, 0.7)] == [1.0, 1.0]
    assert flat_then_decay(0.85, 0.7) == pytest.approx(0.1)
    assert flat_then_decay(1.0, 0.7) == pytest.approx(0.01)


def test_a_range_test_finds_where_the_loss_falls_fastest(plan, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = ["--train", plan.train[0], "--val", plan.val[0], "--precision", "fp32", "--batch-size", "16"]
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


def test_a_tuned_model_keeps_all_but_its_head(plan, trained):
    options = {"name": "tuned", "finetune": str(trained), "lr": 1e-12, "head_lr": 50.0, "flat": 1.0, "epochs": 1}
    before, after = load_file(trained), load_file(train(replace(plan, **options)))
    for name, value in after.items():
        if name == "head.bias":
            continue  # zero at first, in both
        if name == "head.weight":
            assert not torch.allclose(value, before[name], atol=1e-3), name
        elif not name.endswith(("running_mean", "running_var")):
            torch.testing.assert_close(value, before[name], msg=name)
    task, _ = make(replace(plan, **options | {"lr": 1e-4}))
    rates = {id(p): group["lr"] for group in task._parameter_groups() for p in group["params"]}
    assert rates[id(task.model.head.weight)] == rates[id(task.model.head.bias)] == pytest.approx(5e-3)
    assert rates[id(task.model.blocks[0].ffn.up.weight)] == 1e-4


def test_a_card_tells_of_the_trainings_before(plan, trained):
    path = train(replace(plan, name="further", start_from=str(trained), epochs=1))
    first, further = (part.load_model(p).card["training"] for p in (trained, path))
    assert further["before"]["command"] == first["command"]
    assert further["before"]["jets_seen"] == first["jets_seen"] == 2 * further["jets_seen"]
    assert not {"plan", "files"} & further["before"].keys()
    assert "before" not in first


def test_weaver_weights_are_tuned_for_another_dataset(plan, tmp_path):
    torch.save(weaver_part("0.5.3", inputs=7).state_dict(), tmp_path / "net.pt")
    options = {"dataset": "TopLandscape", "features": "kin", "finetune": str(tmp_path / "net.pt")}
    tuned = with_new_head(replace(plan, **options))
    given = load_checkpoint(tmp_path / "net.pt").model
    assert tuned.head.out_features == 2
    assert torch.equal(tuned.blocks[3].attn.qkv.weight, given.blocks[3].attn.qkv.weight)
    with pytest.raises(part.PartError, match=r"takes kin inputs; expected full"):
        with_new_head(replace(plan, finetune=str(tmp_path / "net.pt")))
    with pytest.raises(part.PartError, match=r"is a ParT; expected a ParticleNet"):
        with_new_head(replace(plan, model="ParticleNet", micro_batch=None, finetune=str(tmp_path / "net.pt")))


def test_a_model_learns_from_a_teacher(plan, trained):
    """With nothing but soft labels the loss is the divergence, and falls as the student comes to agree."""
    options = {"name": "student", "model": "PFN", "distill": str(trained), "soft": 1.0, "lr": 2e-2}
    options |= {"epochs": 30, "jets_per_epoch": 64}
    path = train(replace(plan, **options))
    teacher, student = part.load_model(trained, device="cpu"), part.load_model(path, device="cpu")
    jets = part.read_jets(plan.train[0])
    taught, learned = teacher.predict(jets), student.predict(jets)
    divergence = float((taught * np.log(taught / learned)).sum(1).mean())
    with open(path.parent / "log" / "metrics.csv") as file:
        losses = [float(row["train_loss_epoch"]) for row in csv.DictReader(file) if row["train_loss_epoch"]]
    assert divergence < 0.5 * losses[0]
    assert losses[-1] < 0.5 * losses[0]
    assert teacher.sha256 == part.load_model(trained).sha256
    with pytest.raises(part.PartError, match=r"apart by full inputs; expected those of the plan, JetClass and kin"):
        train(replace(plan, **options | {"name": "other", "features": "kin"}))
