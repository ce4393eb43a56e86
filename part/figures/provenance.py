"""The provenance of a figure: model, jets and view, with checksums."""

import hashlib
import os
from dataclasses import dataclass

from part.errors import PartError
from part.figures.view import View
from part.inference.tagger import Tagger
from part.jets.formats.opening import split_tree


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

    def expect(self, model_sha256: str, jets_sha256: str | None) -> None:
        """Raise PartError unless the files have these checksums."""
        for path, actual, expected in (
            (self.model, self.model_sha256, model_sha256),
            (self.jets, self.jets_sha256, jets_sha256),
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
