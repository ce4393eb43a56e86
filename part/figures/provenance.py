"""What a figure was made from: model, jets and view, with checksums."""

import hashlib
import os
from dataclasses import dataclass

from part.errors import PartError
from part.figures.view import View
from part.inference.tagger import Tagger


@dataclass(frozen=True)
class Origin:
    """What a figure was made from. model, jets: as the user gave them. A remote file has no checksum."""

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
        """PartError unless the files are, byte by byte, those of these checksums."""
        for path, found, expected in (
            (self.model, self.model_sha256, model_sha256),
            (self.jets, self.jets_sha256, jets_sha256),
        ):
            if found != expected:
                raise PartError(f"{path} is not the file this figure was made from: its sha256 differs.")


def origin(
    tagger: Tagger,
    model: str,
    jets: str,
    entry: int,
    view: View,
    jets_sha256: str | None = None,
    name: str | None = None,
) -> Origin:
    """model, jets: as given to load_model and read_jets. The file is hashed unless its sum is known."""
    return Origin(
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
    """Of a local file; None for a URL; PartError if it cannot be read."""
    if "://" in os.fspath(path):
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}; expected a file of jets.") from None
