"""The page on some files: each of them alone, then what they make together."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.inspection import kinds
from part.inspection.configs import inspect_config, inspect_network
from part.inspection.jets import inspect_jets
from part.inspection.page import Page, Section, rows
from part.inspection.together import Parts, inspect_together
from part.inspection.weights import inspect_card, inspect_weights
from part.jets.config.config import DataConfig
from part.jets.config.parsing import load_config
from part.models.checkpoints.training_files import TrainingFiles
from part.models.checkpoints.weights_file import PROJECT, STATE, UNKNOWN

MAX_FILES = 50
_EXPECTED = "weights, a data config (.yaml), a network file (.py), or jets in ROOT, parquet, HDF5 or npz"
_MEANING = {kinds.EXPORT: ["the scaling that goes with an ONNX model, which is not read; give the data config"]}
_PARTS = (kinds.CONFIG, kinds.NETWORK, kinds.JETS)


def inspect_files(paths: Sequence[str], options: Mapping[str, Any] | None = None) -> Page:
    """Find out what files are, what they need, and what they make together.

    Parameters
    ----------
    paths : sequence of str
        Weights, data configs, network files and files of jets, in any order; a folder stands for the files in it.
        What each of them is, its content decides.
    options : mapping, optional
        What overrides all else, see `part.inference.loading.load_model`.

    Returns
    -------
    Page
        A section for each file, and one on all of them where there are several that go together.

    Raises
    ------
    PartError
        If a file is missing. What is wrong with one that is there is said on the page.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    kind_of = {file: kinds.file_kind(file) for file in files}
    # The card of a checkpoint is read with it.
    files = [f for f in files if kind_of[f] != kinds.CARD or str(Path(f).with_suffix(".safetensors")) not in kind_of]
    weights = [file for file in files if kind_of[file] in (STATE, PROJECT)]
    configs, networks, jets = ([file for file in files if kind_of[file] == kind] for kind in _PARTS)
    chosen = _best(weights), _automatic(configs), networks
    config = _only_config(chosen[1])
    keywords = TrainingFiles(Path(), options=options or {}).keywords
    sections = [
        _apart(file, chosen[1][0])
        if file in configs and file not in chosen[1]
        else _inspect(file, kind_of[file], keywords, config)
        for file in files
    ]
    if several := next((group for group in chosen if len(group) > 1), None):
        names = ", ".join(Path(name).name for name in several)
        sections.append(Section("Together", (("missing", f"which of {names} goes with the others; give one of them"),)))
    elif sum(map(len, chosen)) + bool(jets) > 1:
        one = [group[0] if group else None for group in chosen]
        sections.append(inspect_together(Parts(*one, jets=tuple(jets)), options or {}))
    return Page(tuple(sections))


def _apart(file: str, chosen: str) -> Section:
    return Section(
        file, (("is", f"a weaver data config; {Path(chosen).name} is taken, which has its standardisation"),)
    )


def _files(path: str) -> list[str]:
    """Return a file, or the files in a folder. Raises PartError if there are too many, or none."""
    if "://" in path or not os.path.isdir(path):
        return [path]
    files = sorted(str(file) for file in Path(path).iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise PartError(f"{path} holds no files.")
    if len(files) > MAX_FILES:
        raise PartError(f"{path} holds {len(files)} files; expected those of one training, {MAX_FILES} at most.")
    return files


def _best(weights: list[str]) -> list[str]:
    """Return weaver-core's best epoch alone, if it is there beside other epochs."""
    best = [file for file in weights if Path(file).stem.endswith("_best_epoch_state")]
    return best if len(best) == 1 else weights


def _automatic(configs: list[str]) -> list[str]:
    """Return the config that weaver-core wrote with the standardisation, if it is there beside the one it is from."""
    automatic = [file for file in configs if file.endswith(".auto.yaml")]
    return automatic if len(automatic) == 1 else configs


def _only_config(paths: Sequence[str]) -> DataConfig | None:
    """Return the data config, if there is one that can be read."""
    if len(paths) != 1:
        return None
    try:
        return load_config(paths[0])
    except PartError:
        return None


def _inspect(path: str, kind: str, keywords: Mapping[str, Any], config: DataConfig | None) -> Section:
    try:
        if kind == UNKNOWN and not kinds.is_archive(path):
            return Section(path, (("is", f"of an unknown kind; expected {_EXPECTED}"),))
        if kinds.is_weights(kind):
            return inspect_weights(Path(path), kind, keywords)
        match kind:
            case kinds.JETS:
                return inspect_jets(path, config)
            case kinds.CONFIG:
                return inspect_config(path, load_config(path))
            case kinds.NETWORK:
                return inspect_network(path, keywords, config)
            case kinds.CARD:
                return inspect_card(Path(path), Path(path))
    except PartError as error:
        return Section(path, (("is", kind), ("but", str(error))))
    return Section(path, (("is", kind), *rows("but", _MEANING.get(kind, []))))
