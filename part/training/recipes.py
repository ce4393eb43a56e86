"""The published trainings, and a TrainingConfig from one of them and the options that differ."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from part.models.build import config_class
from part.training.config import TrainingConfig

_ZERO_IS_ALL = [item.name for item in fields(TrainingConfig) if item.metadata.get("zero_is_all")]


def published_recipe(dataset: str, model: str, finetune: bool = False) -> dict[str, Any]:
    """Return how the published training of a model differs from the defaults of TrainingConfig.

    Parameters
    ----------
    dataset, model : str
        The names of the dataset and of the model.
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
    if finetune:
        recipe |= {"head_lr_factor": 50.0, "lr_hold_fraction": 1.0} | architecture.finetune_recipe
    return recipe


def config_from_options(options: Mapping[str, Any]) -> TrainingConfig:
    """Return the published recipe with the given options in place of its values.

    Parameters
    ----------
    options : mapping
        Values by the names of TrainingConfig's fields, as a command line or a form gives them: None stands for an
        option that is not given, and 0 for all jets. `features` is "kin" and `name` MODEL-FEATURES if not given.

    Raises
    ------
    PartError
        If the result is not a valid TrainingConfig.
    """
    explicit = {name: value for name, value in options.items() if value is not None}
    explicit |= {name: None for name in _ZERO_IS_ALL if explicit.get(name) == 0}
    explicit.setdefault("features", "kin")
    explicit.setdefault("name", f"{explicit['model']}-{explicit['features']}".lower())
    recipe = published_recipe(explicit["dataset"], explicit["model"], bool(explicit.get("finetune")))
    return TrainingConfig(**(recipe | explicit))
