"""The architecture that a training on given inputs begins with."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from part.errors import PartError
from part.jets.schema import ANGLES, FeatureSet
from part.models.build import config_class, model_class
from part.models.model_config import ModelConfig


def architecture(model: str, features: FeatureSet, classes: int, chosen: Mapping[str, Any]) -> ModelConfig:
    """Return the architecture of a model for the inputs and classes of a training.

    Parameters
    ----------
    model : str
        A name in `part.models.build.MODELS`.
    features : FeatureSet
        The inputs. Those of a data config decide the collections of tokens, the points and the longest jet as well;
        without four-momenta the model has no pair bias.
    classes : int
        The number of classes.
    chosen : mapping
        Further fields of the model's configuration.

    Raises
    ------
    PartError
        If the model needs what the inputs do not have, or refuses a value.
    """
    own = config_class(model)
    values = dict(chosen)
    if features.config is not None:
        _check_points(model, features)
        values |= _sizes(own, features, values)
        if not features.has_vectors:
            values |= _without_momenta(own, features)
    return own(model, len(features), classes, **values)


def needs_momenta(config: type[ModelConfig] | ModelConfig) -> bool:
    """Return whether particles attend by their momenta: by the pair bias alone, or to slots by their rank in pT."""
    return config.attends_to == "slots" or (config.attends_to is not None and not config.has_qk)


def longest_jet(features: FeatureSet) -> int:
    """Return the number of tokens of the longest jet that a data config makes."""
    return sum(collection.length for collection in features.collections)


def _sizes(own: type[ModelConfig], features: FeatureSet, chosen: Mapping[str, Any]) -> dict[str, Any]:
    known = {item.name: item.default for item in fields(own)}
    values: dict[str, Any] = {"collections": features.widths}
    if "points" in known:
        values["points"] = len(features.point_columns)
    if "length" in known:  # a learned projection has at least as many ranks as slots
        values["length"] = max(longest_jet(features), chosen.get("slots", known.get("slots", 0)))
    return values


def _check_points(model: str, features: FeatureSet) -> None:
    """Raise PartError for a model that seeks neighbours among tokens without coordinates."""
    if not model_class(model).takes_points:
        return
    assert features.config is not None
    counts = {len(collection.points) for collection in features.collections}
    columns = features.collections[0].features[-2:]
    roles = features.config.roles.constituents[0]
    are_angles = [roles.get(angle) for angle in ANGLES] == [column.name for column in columns]
    if counts == {0} and len(features.collections) == 1 and are_angles:
        return
    if 0 in counts or len(counts) > 1 or (not features.point_columns and counts != {2}):
        raise PartError(
            f"{model} seeks the neighbours of each token, and {features.name} does not say where: it needs a group "
            f"{features.collections[0].name}_points, equally many coordinates in each collection."
        )


def _without_momenta(own: type[ModelConfig], features: FeatureSet) -> dict[str, Any]:
    model = next(item.default for item in fields(own) if item.name == "model")
    if needs_momenta(own):
        raise PartError(
            f"{model} needs four-momenta, and {features.name} has none: add a group {features.collections[0].name}"
            "_vectors of px, py, pz and energy, or choose a model that attends by q·k."
        )
    return {"pair_embed": None} if "pair_embed" in {item.name for item in fields(own)} else {}


def check_fits(name: str, config: ModelConfig, theirs: FeatureSet, features: FeatureSet) -> None:
    """Raise PartError if a trained model cannot take the inputs of a training.

    Parameters
    ----------
    name : str
        What the model is called.
    config : ModelConfig
        Its configuration.
    theirs, features : FeatureSet
        Its inputs, and those of the training.
    """
    own, wanted = _columns(config.inputs, config.collections), _columns(len(features), features.widths)
    if features.config is None:
        if own != wanted:
            raise PartError(f"{name} takes {theirs.name} inputs; expected {features.name}.")
        return
    if own != wanted:
        raise PartError(f"{name} takes {own} ({theirs.name}); expected {wanted} as in {features.name}.")
    if (length := getattr(config, "length", None)) and length < longest_jet(features):
        raise PartError(f"{name} takes jets of up to {length} tokens; {features.name} keeps {longest_jet(features)}.")
    if not features.has_vectors and (needs_momenta(config) or getattr(config, "has_bias", False)):
        raise PartError(f"{name} needs four-momenta, and {features.name} has none: add a group of vectors.")
    if (points := getattr(config, "points", 0)) != len(features.point_columns):
        raise PartError(
            f"{name} takes {points} columns of points; {features.name} gives {len(features.point_columns)}."
        )


def _columns(inputs: int, collections: tuple[int, ...]) -> str:
    return f"{inputs} inputs" + (f" of collections of {' and '.join(map(str, collections))}" if collections else "")


def notes_on_architecture(model: str, features: FeatureSet) -> list[str]:
    """Return sentences on what a model lacks with the inputs of a data config."""
    without_bias = features.config is not None and not features.has_vectors and config_class(model)(model).has_bias
    return [f"{features.name} has no four-momenta, so {model} has no pair bias."] if without_bias else []
