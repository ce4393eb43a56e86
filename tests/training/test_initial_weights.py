"""A training that starts from another model: its weights, all but its head, or its predictions as a teacher."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import weaver_part
from helpers.training import toy_config
from safetensors.torch import load_file

import part
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint
from part.training.initial_weights import load_matching_weights, model_with_new_head
from part.training.optimizer import parameter_groups
from part.training.trainer import build_modules, train


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return toy_config(tmp_path_factory.mktemp("train"))


@pytest.fixture(scope="module")
def trained(config):
    return train(config)


def test_a_variant_starts_from_the_weights_that_fit(config, trained):
    options = {"name": "warm", "model": "LinParT", "slots": 4, "pair_bias": "landmark", "start_from": str(trained)}
    model = build(replace(config, **options).model_config)
    reinitialised = load_matching_weights(model, load_checkpoint(trained), str(trained))
    mixing = [f"blocks.{i}.attn.mixing" for i in range(8)]
    assert [name for name in reinitialised if not name.endswith("num_batches_tracked")] == [
        *mixing,
        "pair_embed.shares",
    ]
    assert torch.equal(model.blocks[3].attn.qkv.weight, load_file(trained)["blocks.3.attn.qkv.weight"])
    with pytest.raises(part.PartError, match=r"No weights of .* fit"):
        load_matching_weights(torch.nn.Linear(2, 2), load_checkpoint(trained), str(trained))


def test_a_fine_tuned_model_keeps_all_but_its_head(config, trained):
    options = {
        "name": "tuned",
        "finetune": str(trained),
        "lr": 1e-12,
        "head_lr_factor": 50.0,
        "lr_hold_fraction": 1.0,
        "epochs": 1,
    }
    before, after = load_file(trained), load_file(train(replace(config, **options)))
    for name, value in after.items():
        if name == "head.bias":
            continue  # zero at first, in both
        if name == "head.weight":
            assert not torch.allclose(value, before[name], atol=1e-3), name
        elif not name.endswith(("running_mean", "running_var")):
            torch.testing.assert_close(value, before[name], msg=name)
    tuned = replace(config, **options | {"lr": 1e-4})
    model = build_modules(tuned)[0].model
    groups = parameter_groups(model, tuned.lr, tuned.weight_decay, tuned.head_lr_factor)
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert rates[id(model.head.weight)] == rates[id(model.head.bias)] == pytest.approx(5e-3)
    assert rates[id(model.blocks[0].ffn.up.weight)] == 1e-4


def test_a_card_describes_the_previous_training(config, trained):
    path = train(replace(config, name="further", start_from=str(trained), epochs=1))
    first, further = (part.load_model(p).card["training"] for p in (trained, path))
    assert further["before"]["command"] == first["command"]
    assert further["before"]["jets_seen"] == first["jets_seen"] == 2 * further["jets_seen"]
    assert not {"plan", "files"} & further["before"].keys()
    assert "before" not in first


def test_weaver_weights_are_fine_tuned_for_another_dataset(config, tmp_path):
    torch.save(weaver_part("0.5.3", inputs=7).state_dict(), tmp_path / "net.pt")
    options = {"dataset": "TopLandscape", "features": "kin", "finetune": str(tmp_path / "net.pt")}
    tuned = model_with_new_head(replace(config, **options))
    original = load_checkpoint(tmp_path / "net.pt").model
    assert tuned.head.out_features == 2
    assert torch.equal(tuned.blocks[3].attn.qkv.weight, original.blocks[3].attn.qkv.weight)
    with pytest.raises(part.PartError, match=r"takes kin inputs; expected full"):
        model_with_new_head(replace(config, finetune=str(tmp_path / "net.pt")))
    with pytest.raises(part.PartError, match=r"is a ParT; expected a ParticleNet"):
        model_with_new_head(replace(config, model="ParticleNet", micro_batch=None, finetune=str(tmp_path / "net.pt")))


@pytest.mark.slow
def test_a_model_learns_from_a_teacher(config, trained):
    """Without labels the loss is the divergence from the teacher, which falls as the student approaches it."""
    options = {"name": "student", "model": "PFN", "distill": str(trained), "distill_weight": 1.0, "lr": 2e-2}
    options |= {"epochs": 30, "jets_per_epoch": 64}
    path = train(replace(config, **options))
    teacher, student = part.load_model(trained, device="cpu"), part.load_model(path, device="cpu")
    jets = part.read_jets(config.train[0])
    target, learned = teacher.predict(jets), student.predict(jets)
    divergence = float((target * np.log(target / learned)).sum(1).mean())
    with open(path.parent / "log" / "metrics.csv") as file:
        losses = [float(row["train_loss_epoch"]) for row in csv.DictReader(file) if row["train_loss_epoch"]]
    assert divergence < 0.5 * losses[0]
    assert losses[-1] < 0.5 * losses[0]
    assert teacher.sha256 == part.load_model(trained).sha256
    with pytest.raises(part.PartError, match=r"by full inputs; expected those of the run, JetClass and kin"):
        train(replace(config, **options | {"name": "other", "features": "kin"}))
