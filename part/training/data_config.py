"""The data config of a training on a user's own files: its content, and what the training files have to add to it.

A run keeps the content of its data config in `plan.json`, and continues when the file is gone.
"""

import copy
import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.labelled import count_classes
from part.jets.config.parsing import load_config, parse_config
from part.jets.config.reweighting import make_histograms
from part.jets.config.standardise import standardised
from part.jets.config.weights import parse_weights
from part.jets.config.yaml_file import write_yaml

IGNORED = ("observers", "monitor_variables", "bucketing")  # keys that no training here uses
Content = dict[str, Any]  # "name", "md5" and "options" of a data config


def read_content(path: str) -> Content:
    """Read a data config, with the parameters of its standardisation if weaver-core wrote them beside it.

    Raises
    ------
    PartError
        See `part.jets.config.parsing.load_config`.
    """
    config = load_config(path)
    return {"name": config_name(path), "md5": _checksum(path), "options": _plain(config.options)}


def config_name(path: str) -> str:
    """Return what the data config of a file is called."""
    return Path(path).name.removesuffix(".yaml").removesuffix(".auto")


def parse_content(content: Content, where: str) -> DataConfig:
    """Return the data config of a content. Raises PartError if it is none."""
    try:
        return parse_config(content["options"], content["name"], where)
    except (KeyError, TypeError):
        raise PartError(f"{where}: the data config in plan.json is damaged; expected its name and options.") from None


def stored_content(folder: Path, path: str) -> Content | None:
    """Return the content that a run keeps of its data config, None if it keeps none.

    Parameters
    ----------
    folder : Path
        The folder of the run.
    path : str
        The file of the data config, which need not be there any more.

    Raises
    ------
    PartError
        If the file is there and has changed.
    """
    try:
        content = json.loads((folder / "plan.json").read_text()).get("data_config")
    except (OSError, ValueError, AttributeError):
        return None
    if content and Path(path).is_file() and _checksum(path) != content.get("md5"):
        raise PartError(f"{path} has changed since {folder} was started; expected the same, or another --name.")
    return content


def completed(content: Content, paths: Sequence[str], where: str, is_weighted: bool) -> tuple[Content, list[str]]:
    """Return a content with all that a training needs to know, and sentences on what was computed or is left out.

    Parameters
    ----------
    content : dict
        What `read_content` returns.
    paths : sequence of str
        The training files, which decide what is computed: the parameters of an automatic standardisation, the number
        of classes that are given by an index, and the weights of classes by bin. What is known is not computed again.
    where : str
        What error messages call the config.
    is_weighted : bool
        Whether the training uses the weights.

    Raises
    ------
    PartError
        If a file lacks what is needed for it.
    """
    config, options = parse_content(content, where), copy.deepcopy(content["options"])
    said = [*config.notes, *_leave_out(config, options)]
    said += _add_standardisation(config, options, paths)
    said += _add_classes(config, options, paths)
    _check_classes(config, options.get("classes"), where)
    if is_weighted:
        said += _add_weights(config, options, paths)
    return content | {"options": options}, said


def _leave_out(config: DataConfig, options: dict[str, Any]) -> list[str]:
    """Leave out what is not trained."""
    said = []
    if ignored := [key for key in IGNORED if options.get(key)]:
        said.append(f"Not used in training: {', '.join(ignored)} of {config.name}.")
    if config.labels.targets:
        options["labels"] = _without_targets(options["labels"])
        names = ", ".join(name for name, _ in config.labels.targets)
        said.append(f"Only the classes are trained; the targets {names} of {config.name} are left out.")
    return said


def _add_standardisation(config: DataConfig, options: dict[str, Any], paths: Sequence[str]) -> list[str]:
    if not config.missing_standardisation:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that trained weights do not know the parameters; these will
        options["preprocess"] = _plain(standardised(config, paths).options)["preprocess"]
    count = len(config.missing_standardisation)
    return [f"Computed the standardisation of {count} variables of {config.name} from {_files(paths)}."]


def _add_classes(config: DataConfig, options: dict[str, Any], paths: Sequence[str]) -> list[str]:
    if config.labels.kind != "index" or config.labels.names:
        return []
    count = count_classes(config, paths)
    options["classes"] = [f"class {i}" for i in range(count)]
    return [f"Counted {count} classes: {count - 1} is the largest index in {_files(paths)}."]


def _add_weights(config: DataConfig, options: dict[str, Any], paths: Sequence[str]) -> list[str]:
    weights = parse_weights(config)
    if weights is None or weights.product:
        return []
    names = " and ".join(name for name, _ in weights.bins)
    if weights.histograms is not None:
        return [f"The weights of {len(weights.classes)} classes by {names} are those that {config.name} holds."]
    made = make_histograms(config, paths)
    options["weights"]["reweight_hists"] = {name: histogram.tolist() for name, histogram in made.items()}
    return [f"Computed the weights of {len(made)} classes by {names} from {_files(paths)}."]


def write_automatic(path: Path, content: Content, given: Content) -> None:
    """Write a data config with what was computed for it, as weaver-core reads it; nothing if nothing was computed.

    Parameters
    ----------
    path : Path
        The file, whose name ends in .auto.yaml.
    content, given : dict
        The content of the run, and that of the user's file.
    """
    options = {key: value for key, value in content["options"].items() if key != "classes"}
    options |= {key: value for key, value in given["options"].items() if key == "classes"}
    if options != given["options"]:
        write_yaml(path, options)


def _without_targets(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return labels of classes alone: the first of custom ones, and hybrid ones without their numbers."""
    if labels.get("type") == "custom":
        first = next(iter(labels["value"]))
        return {**labels, "value": {first: labels["value"][first]}}
    return {key: value for key, value in labels.items() if key != "value_custom"}


def _check_classes(config: DataConfig, names: Sequence[str] | None, where: str) -> None:
    labels = config.labels
    classes = names or labels.names
    if labels.kind == "simple" and len(classes) != len(labels.expressions):
        raise PartError(f"{where}: {len(classes)} classes and {len(labels.expressions)} labels; expected equally many.")
    if len(classes) < 2:
        raise PartError(f"{where}: {len(classes)} class{'es' * (not classes)}; training needs labels of two or more.")


def _files(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{len(paths)} files"


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON holds them."""
    return json.loads(json.dumps(options, default=str))


def _checksum(path: str) -> str:
    return hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest()
