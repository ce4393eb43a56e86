"""The default choices of a training are the published recipes."""

import pytest

from part.errors import PartError
from part.training.config import TrainingConfig
from part.training.recipes import config_from_options, published_recipe


@pytest.mark.parametrize(
    ("dataset", "model", "expected"),
    [
        (
            "JetClass",
            "ParT",
            {"epochs": 50, "jets_per_epoch": 10_240_000, "batch_size": 512, "lr": 1e-3, "weight_decay": 0},
        ),
        ("JetClass", "ParticleNet", {"batch_size": 512, "lr": 1e-2, "micro_batch_size": 512}),
        ("JetClass", "P-CNN", {"batch_size": 4096, "lr": 2e-2, "micro_batch_size": 4096}),
        ("TopLandscape", "ParT", {"epochs": 20, "weight_decay": 0.01, "lr": 1e-3}),
        ("QuarkGluon", "PFN", {"epochs": 20, "weight_decay": 0.01, "lr": 2e-2}),
    ],
)
def test_the_published_recipe_is_the_default(dataset, model, expected):
    chosen = TrainingConfig(dataset, model, "kin", ("a",), ("b",), "x", **published_recipe(dataset, model))
    assert {name: getattr(chosen, name) for name in expected} == expected
    tuned = TrainingConfig(
        dataset, model, "kin", ("a",), ("b",), "x", **published_recipe(dataset, model, finetune=True)
    )
    assert (tuned.lr, tuned.head_lr_factor, tuned.lr_hold_fraction) == (1e-3 if model == "ParticleNet" else 1e-4, 50, 1)


def test_only_a_batch_with_padding_is_divided_into_micro_batches():
    sizes = [
        TrainingConfig("JetClass", model, "full", ("a",), ("b",), "x", batch_size=1024, packed=packed).micro_batch_size
        for model, packed in (("ParT", False), ("ParT", True), ("PFN", False))
    ]
    assert sizes == [32, 1024, 1024]


def test_a_transformer_may_have_fewer_layers():
    options = {"dataset": "JetClass", "model": "ParT", "train": ("a.root",), "val": ("b.root",), "layers": 2}
    assert config_from_options(options).model_config.layers == 2
    with pytest.raises(PartError, match="PFN has no layers"):
        config_from_options(options | {"model": "PFN"})
    with pytest.raises(PartError, match="layers is 0; expected 1 to 100"):
        config_from_options(options | {"layers": 0})
