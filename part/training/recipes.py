"""The published trainings, and a TrainingConfig from one of them and the options that differ."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from part.models.build import config_class
from part.training.config import DEFAULTS, TrainingConfig
from part.training.data_config import config_name, stored_content

_ZERO_IS_ALL = [item.name for item in fields(TrainingConfig) if item.metadata.get("zero_is_all")]


def published_recipe(dataset: str | None, model: str, finetune: bool = False) -> dict[str, Any]:
    """Return how the published training of a model differs from the defaults of TrainingConfig.

    Parameters
    ----------
    dataset : str or None
        The name of the benchmark. None for a user's own data config, with which an epoch sees all jets, and weaver-core
        trains for 20.
    model : str
        The name of the model.
    finetune : bool
        Whether a trained model continues with a new head.

    Returns
    -------
    dict
        Values by the names of TrainingConfig's fields.

    Raises
    ------
    PartError
        If there is no such model.

    References
    ----------
    arXiv:2202.03772 and its repository, https://github.com/jet-universe/particle_transformer.
    """
    architecture = config_class(model)
    recipe = dict(architecture.recipe)
    match dataset:
        case "TopLandscape":
            recipe |= {"epochs": 20, "jets_per_epoch": 1_228_800, "weight_decay": 0.01}
        case "QuarkGluon":
            recipe |= {"epochs": 20, "jets_per_epoch": 1_597_440, "weight_decay": 0.01}
        case None:
            recipe |= {"epochs": 20, "jets_per_epoch": None}
    if finetune:
        recipe |= {"head_lr_factor": 50.0, "lr_hold_fraction": 1.0} | architecture.finetune_recipe
    return recipe


def config_from_options(options: Mapping[str, Any], resume: bool = False) -> TrainingConfig:
    """Return the published recipe with the given options in place of its values.

    Parameters
    ----------
    options : mapping
        Values by the names of TrainingConfig's fields, as a command line or a form gives them: None stands for an
        option that is not given, and 0 for all jets. `features` is "kin" and `name` MODEL-FEATURES if not given; with
        `config` both are made of its name.
    resume : bool
        Whether a run continues, which keeps the content of its data config: the file may be gone.

    Raises
    ------
    PartError
        If the result is not a valid TrainingConfig.
    """
    explicit = {name: value for name, value in options.items() if value is not None}
    explicit |= {name: None for name in _ZERO_IS_ALL if explicit.get(name) == 0}
    path = explicit.get("config")
    if path:
        explicit |= dict.fromkeys(("dataset", "features"), config_name(path))
    explicit.setdefault("features", "kin")
    explicit.setdefault("name", f"{explicit['model']}-{explicit['features']}".lower())
    recipe = published_recipe(None if path else explicit["dataset"], explicit["model"], bool(explicit.get("finetune")))
    if path and resume:
        out = explicit.get("out", DEFAULTS["out"])
        explicit["data_config"] = stored_content(Path(out) / explicit["name"], path)
    return TrainingConfig(**(recipe | explicit))
