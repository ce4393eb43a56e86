"""A run in compiled code equals the run in torch."""

import csv
import re
import shutil

import pytest
import torch
from helpers.jets import write_jets

import part
from part.models.backends.native.gradients import loss_and_gradients
from part.training import lightning_module
from part.training.config import TrainingConfig
from part.training.dry_run import dry_run
from part.training.trainer import build_modules, train

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    write_jets(folder / "train.root", [4 + 7 * i % 9 for i in range(80)], 1)
    write_jets(folder / "val.root", [5, 9, 7, 12] * 10, 2)
    return {
        "dataset": "JetClass", "model": "ParT", "features": "full", "train": (str(folder / "train.root"),),
        "val": (str(folder / "val.root"),), "epochs": 2, "jets_per_epoch": 80, "batch_size": 16, "micro_batch": 8,
        "dropout": 0.0, "calibration_jets": 40, "precision": "fp32", "val_jets": 40,
    }  # fmt: skip


def losses(path) -> list[float]:
    with (path.parent / "log" / "metrics.csv").open() as file:
        return [float(row["train_loss_epoch"]) for row in csv.DictReader(file) if row["train_loss_epoch"]]


@pytest.mark.slow
@pytest.mark.parametrize("calibration_jets", [40, 0], ids=["fixed statistics", "those of each batch"])
def test_losses_and_weights_equal_those_of_torch(options, tmp_path, monkeypatch, calibration_jets):
    calls, options = [], options | {"calibration_jets": calibration_jets}
    monkeypatch.setattr(
        lightning_module,
        "loss_and_gradients",
        lambda *args: calls.append(args) or loss_and_gradients(*args),
    )
    compiled = train(TrainingConfig(**options, name="compiled", out=str(tmp_path)))
    assert len(calls) == 10
    monkeypatch.setattr(lightning_module, "untrainable_reason", lambda model: "torch shall train it")
    plain = train(TrainingConfig(**options, name="plain", out=str(tmp_path)))
    assert len(calls) == 10
    assert losses(compiled) == pytest.approx(losses(plain), rel=1e-3)
    one, other = (part.load_model(path, device="cpu").model.state_dict() for path in (compiled, plain))
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=2e-3, rtol=0, msg=name)


def test_a_dry_run_reports_which_code_trains(options):
    assert "compiled for this processor" in dry_run(TrainingConfig(**options, name="dry"))
    report = dry_run(TrainingConfig(**options | {"dropout": 0.1}, name="dry"))
    assert re.search(r"code +torch: .* has no dropout", report)
    report = dry_run(TrainingConfig(**options | {"model": "PFN"}, name="dry"))
    assert re.search(r"code +torch: .*PFN", report)


def test_the_teachers_term_of_the_loss_is_the_divergence_from_it(options, tmp_path):
    """It vanishes for a model that agrees with the teacher."""
    teacher = train(TrainingConfig(**options, name="teacher", out=str(tmp_path)))
    config = TrainingConfig(
        **options, name="student", distill=str(teacher), start_from=str(teacher), distill_weight=1.0
    )
    student, data = build_modules(config)
    batch = [data.calibration_batch()]
    targets, teacher_entropy = student._targets(batch)
    logits = torch.cat([student.model.eval()(micro.x, micro.v, micro.mask) for micro in batch])
    divergence = torch.nn.functional.cross_entropy(logits, targets) - teacher_entropy
    assert divergence.item() == pytest.approx(0, abs=1e-4)
    assert float(teacher_entropy) > 0.1
