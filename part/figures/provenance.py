"""The provenance of a figure: model, jets and view, with checksums."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.figures.view import View
from part.inference.tagger import Tagger
from part.jets.formats.opening import split_tree


@dataclass(frozen=True)
class TrainingOrigin:
    """What says how the weights of a training with weaver-core are read.

    Attributes
    ----------
    config, network : str or None
        The data config and the network file.
    sha256 : dict
        Checksums of these files by their names.
    is_folder : bool
        Whether the model is the folder that holds them.
    options : dict
        What the user chose, see `part.load_model`.
    assumed : dict
        What was assumed because nothing said it.
    """

    config: str | None = None
    network: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    is_folder: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    assumed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Provenance:
    """The origin of a figure, complete enough to reproduce it.

    Attributes
    ----------
    model : str
        The model as the user named it.
    model_sha256 : str
        Checksum of its weights.
    dataset : str
        The dataset whose classes it tells apart.
    device : str
        Where it ran.
    name : str
        The model's name in titles and file names.
    jets : str
        The file or URL of the jets as the user gave it.
    jets_sha256 : str or None
        Checksum of the file; None for a remote one.
    entry : int
        The jet's entry in the file, from 0.
    view : View
        What the figure shows.
    training : TrainingOrigin
        For weights of weaver-core, what says how they are read; empty for other checkpoints.
    """

    model: str
    model_sha256: str
    dataset: str
    device: str
    name: str
    jets: str
    jets_sha256: str | None
    entry: int
    view: View
    training: TrainingOrigin = field(default_factory=TrainingOrigin)

    def expect(
        self, model_sha256: str, jets_sha256: str | None, training_sha256: Mapping[str, str] | None = None
    ) -> None:
        """Raise PartError unless the files have these checksums; those of a training are given by name."""
        others = training_sha256 or {}
        for path, actual, expected in (
            (self.model, self.model_sha256, model_sha256),
            (self.jets, self.jets_sha256, jets_sha256),
            *((name, self.training.sha256.get(name), others.get(name)) for name in {*others, *self.training.sha256}),
        ):
            if actual != expected:
                raise PartError(f"{path} is not the file this figure was made from: its sha256 differs.")


def origin(
    tagger: Tagger,
    model: str | os.PathLike,
    jets: str | os.PathLike,
    entry: int,
    view: View,
    jets_sha256: str | None = None,
    name: str | None = None,
) -> Provenance:
    """Describe where a figure comes from.

    Parameters
    ----------
    tagger : Tagger
        The loaded model.
    model, jets : str or path
        The arguments of `load_model` and `read_jets`.
    entry : int
        The jet's entry in the file, from 0.
    view : View
        What the figure shows.
    jets_sha256 : str, optional
        Checksum of the file, if it is known; otherwise the file is hashed.
    name : str, optional
        The model's name in titles and file names, by default the tagger's.

    Returns
    -------
    Provenance

    Raises
    ------
    PartError
        If the file of jets cannot be read.
    """
    return Provenance(
        model=os.fspath(model),
        model_sha256=tagger.sha256,
        dataset=tagger.dataset.name,
        device=str(tagger.device),
        name=name or tagger.name,
        jets=os.fspath(jets),
        jets_sha256=jets_sha256 or file_sha256(jets),
        entry=entry,
        view=view,
        training=_training(tagger),
    )


def _training(tagger: Tagger) -> TrainingOrigin:
    files = tagger.files
    if files is None:
        return TrainingOrigin()
    return TrainingOrigin(
        config=None if files.config is None else str(files.config),
        network=None if files.network is None else str(files.network),
        sha256={path.name: str(file_sha256(path)) for path in (files.config, files.network) if isinstance(path, Path)},
        is_folder=files.folder is not None,
        options=dict(files.options),
        assumed=tagger.assumed,
    )


def file_sha256(path: str | os.PathLike) -> str | None:
    """Return the checksum of a local file, None for a URL. Raise PartError if the file cannot be read."""
    if "://" in os.fspath(path):
        return None
    try:
        with open(split_tree(os.fspath(path))[0], "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}; expected a file of jets.") from None
