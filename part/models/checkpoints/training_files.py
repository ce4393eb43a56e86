"""The files of a training with weaver-core: weights, data config and network, given apart or in one folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.listing import entries_of
from part.models.checkpoints.catalogue import resolve

WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors")
OURS = ("classes", "roles", "features", "groups")  # options that weaver-core does not have
FEATURES = ("kinpid", "kinpidplus")  # both have 13 inputs


@dataclass(frozen=True)
class TrainingFiles:
    """What describes a model.

    Attributes
    ----------
    weights : Path
        A state dict or a checkpoint of this project.
    config : Path or None
        The data config.
    network : Path or None
        The network file.
    options : mapping
        Keywords of weaver-core's network that override all others, and `classes` (names, or a file of names), `roles`
        (name of a quantity -> variable), `groups` (group of the data config -> "pf.features", "sv.mask", ...) and
        `features` ("kinpidplus").
    folder : Path or None
        The folder that was given, where files of one training are together.
    """

    weights: Path
    config: Path | None = None
    network: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def keywords(self) -> dict[str, Any]:
        """The options that are keywords of weaver-core's network."""
        return {name: value for name, value in self.options.items() if name.split(".")[0] not in OURS}

    @property
    def config_keys(self) -> dict[str, dict[str, str]]:
        """The keys roles and groups of the data config that the options state, also as roles.NAME and groups.NAME."""
        found: dict[str, dict[str, str]] = {}
        for key in ("roles", "groups"):
            dotted = {k.removeprefix(f"{key}."): v for k, v in self.options.items() if k.startswith(f"{key}.")}
            if stated := {**(self.options.get(key) or {}), **dotted}:
                found[key] = stated
        return found

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, if they are given."""
        names = self._class_names()
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise PartError(f"The option classes names {twice} twice; expected a name of its own for each class.")
        return names

    def _class_names(self) -> tuple[str, ...]:
        value = self.options.get("classes") or ()
        if isinstance(value, list | tuple):
            return tuple(str(name) for name in value)
        path = Path(str(value))
        if not os.path.isfile(path):
            if "/" in str(value) and "," not in str(value):
                raise PartError(f"The option classes is {value}, and there is no such file; expected names or a file.")
            return tuple(name.strip() for name in str(value).split(",") if name.strip())
        if path.stat().st_size > 2**20:
            raise PartError(f"{path}: {path.stat().st_size:,} bytes; expected the name of a class in each line.")
        return tuple(line.strip() for line in path.read_text().splitlines() if line.strip())


def locate_files(
    name: str | Path,
    config: str | Path | None = None,
    network: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> TrainingFiles:
    """Return the files of a model by name, path or folder; those that are given come before those of the folder.

    Raises
    ------
    PartError
        If a file is missing, or a folder does not hold one training.
    """
    check_options(options)
    path = Path(name)
    found = files_in(path) if os.path.isdir(path) else TrainingFiles(resolve(name))
    for given in (config, network):
        if given is not None and not os.path.isfile(given):
            raise PartError(
                f"{given}: no such file; expected a {'data config' if given is config else 'network file'}."
            )
    return TrainingFiles(
        found.weights,
        found.config if config is None else Path(config),
        found.network if network is None else Path(network),
        dict(options or {}),
        found.folder,
    )


def is_weaver_weights(name: str | Path) -> bool:
    """Return whether a model's name is the path of weights that a data config or a network file may describe."""
    return Path(str(name).partition("@")[0]).suffix in WEIGHTS[:-1]


def check_options(options: Any) -> None:
    """Raise PartError for options that are no mapping of names, or for a feature set that is none."""
    if options is None:
        return
    if not isinstance(options, Mapping) or not all(isinstance(name, str) for name in options):
        raise PartError(f"The options are {options!r}; expected a mapping of names to values.")
    if (features := options.get("features", FEATURES[0])) not in FEATURES:
        raise PartError(f"The option features is {features!r}; expected {' or '.join(FEATURES)}.")


def arguments_of(name: str | Path, files: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return those of the arguments config, network and options of `load_model` that are given, for weaver weights.

    Other models hold what these say, and get none of them.
    """
    return {key: value for key, value in (files or {}).items() if value} if is_weaver_weights(name) else {}


def is_folder_of_training(path: Path) -> bool:
    """Return whether a folder holds one training: weights, and a data config or a network file."""
    if not path.is_dir():
        return False
    try:
        files = files_in(path)
    except PartError:
        return False
    return files.config is not None or files.network is not None


def trainings_in(folder: Path, depth: int = 3) -> dict[str, Path]:
    """List the folders of trainings below a folder by their paths relative to it.

    A folder is listed if it holds weights beside a data config or a network file; opening it says if there are too
    many of them.
    """
    found: dict[str, Path] = {}
    for path in entries_of(folder)[0]:
        if not path.is_dir():
            continue
        suffixes = {inner.suffix for inner in entries_of(path)[0]}
        if suffixes & set(WEIGHTS[:-1]) and suffixes & {".yaml", ".yml", ".py"}:
            found[path.name] = path
        elif depth > 1:
            found |= {f"{path.name}/{name}": inner for name, inner in trainings_in(path, depth - 1).items()}
    return found


def files_in(folder: Path) -> TrainingFiles:
    """Return the files of the training in a folder.

    Raises
    ------
    PartError
        Unless there are one state dict, at most one data config and at most one network file.
    """
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    weights = [path for path in paths if path.suffix in WEIGHTS and not path.stem.endswith("_optimizer")]
    configs = [path for path in paths if path.suffix in (".yaml", ".yml")]
    automatic = [path for path in configs if path.name.endswith(".auto.yaml")]
    networks = [path for path in paths if path.suffix == ".py"]
    return TrainingFiles(
        _only(folder, _best(weights), "state dict", True) or folder,
        _only(folder, automatic if len(automatic) == 1 else configs, "data config (.yaml)"),
        _only(folder, networks, "network file (.py)"),
        folder=folder,
    )


def _best(weights: list[Path]) -> list[Path]:
    """Return weaver-core's best epoch alone, if it is there beside the other epochs."""
    best = [path for path in weights if path.stem.endswith("_best_epoch_state")]
    return best if len(best) == 1 else weights


def _only(folder: Path, found: list[Path], what: str, is_required: bool = False) -> Path | None:
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:4])
        raise PartError(f"{folder} holds {len(found)} files that may be its {what}: {names}; expected one.")
    if is_required and not found:
        raise PartError(f"{folder} holds no {what} ({', '.join(WEIGHTS)}); expected one.")
    return found[0] if found else None
