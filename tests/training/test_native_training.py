"""A run in compiled code is the run that torch does."""

import csv
import re
import shutil

import pytest
import torch
from helpers.jets import write_jets

import part
from part.models.backends.native.learn import learn
from part.training import lightning_module as task
from part.training.dry_run import dry_run
from part.training.plan import Plan
from part.training.trainer import make, train

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


def test_losses_and_weights_are_those_that_torch_comes_to(options, tmp_path, monkeypatch):
    learned = []
    monkeypatch.setattr(task, "learn", lambda *given: learned.append(given) or learn(*given))
    compiled = train(Plan(**options, name="compiled", out=str(tmp_path)))
    assert len(learned) == 10
    monkeypatch.setattr(task, "untrainable", lambda model: "torch is to do it")
    plain = train(Plan(**options, name="plain", out=str(tmp_path)))
    assert len(learned) == 10
    assert losses(compiled) == pytest.approx(losses(plain), rel=1e-3)
    one, other = (part.load_model(path, device="cpu").model.state_dict() for path in (compiled, plain))
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=2e-3, rtol=0, msg=name)


def test_a_dry_run_tells_what_code_it_is(options):
    assert "compiled for this processor" in dry_run(Plan(**options, name="dry"))
    told = dry_run(Plan(**options | {"calibration_jets": 0}, name="dry"))
    assert re.search(r"code +torch: .* needs BatchNorm statistics fixed", told)
    assert re.search(r"code +torch: .* no PFN, only ", dry_run(Plan(**options | {"model": "PFN"}, name="dry")))


def test_a_teachers_part_of_the_loss_is_the_divergence_from_it(options, tmp_path):
    """Which nothing is left of for a model that says the same."""
    teacher = train(Plan(**options, name="teacher", out=str(tmp_path)))
    plan = Plan(**options, name="student", distill=str(teacher), start_from=str(teacher), soft=1.0)
    student, data = make(plan)
    batch = [data.calibration_batch()]
    targets, least = student._targets(batch)
    logits = torch.cat([student.model.eval()(micro.x, micro.v, micro.mask) for micro in batch])
    assert float(torch.nn.functional.cross_entropy(logits, targets) - least) == pytest.approx(0, abs=1e-4)
    assert float(least) > 0.1
