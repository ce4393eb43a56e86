"""What visitors upload: files of jets by the hash of their content, and trainings, each in a folder of its own.

A name that a visitor gives is never a path. Whose uploads are whose, `app.services.owners` knows.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from part.errors import PartError
from part.inspection import kinds
from part.inspection.inspect import inspect_files
from part.inspection.page import Page, Section

MAX_UPLOAD = 200 * 2**20
MAX_UPLOADS = 20  # files of jets, and trainings, kept on the server; the oldest are deleted first
UPLOAD = "upload:"
_BLOCK = 2**20
_ENDINGS = {kinds.CONFIG: (".yaml", ".yml"), kinds.NETWORK: (".py",), kinds.CARD: (".json",)}
_WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors")


@dataclass(frozen=True)
class Uploaded:
    """What a visitor uploaded together.

    Attributes
    ----------
    jets : str or None
        The name of the file of jets, for `app.services.files.find`.
    jets_title : str
        What the visitor calls it.
    model : str or None
        The name of the training, for `app.services.models`, if there are weights.
    page : Page or None
        What the files of a training are, what they need, and what was assumed; None for jets alone.
    problems : tuple of str
        Sentences on the files that are left out.
    """

    jets: str | None
    jets_title: str
    model: str | None = None
    page: Page | None = None
    problems: tuple[str, ...] = ()


def keep(uploads: Sequence[tuple[str, BinaryIO]]) -> Uploaded:
    """Store files that were uploaded together; what each of them is, its content decides.

    A file that is too large or of no use here stops none of the others. Of several files of jets the last is taken.

    Parameters
    ----------
    uploads : sequence of (str, file)
        The name that the visitor knows, and the content.
    """
    jets, jets_title, files, problems = None, "", [], []
    for title, content in uploads:
        try:
            name, path, kind = _keep_file(title, content)
        except PartError as error:
            problems.append(str(error))
            continue
        if kinds.is_weights(kind) or kind in _ENDINGS:
            files.append((_file_name(title, kind), path))
            continue
        if jets not in (None, name):
            problems.append(f"{jets_title} is left out: the jets are those of {title}, which was added after it.")
        jets, jets_title = name, title
    if not files:
        return Uploaded(jets, jets_title, problems=tuple(problems))
    has_weights = any(name.endswith(_WEIGHTS) for name, _ in files)
    folder = _keep_training(files)
    jets_path = upload_path(jets) if jets else None
    page = inspect_files([str(folder), *([str(jets_path)] if jets_path else [])])
    named = {f"{folder}/": "", str(folder): folder.name} | (
        {str(jets_path): jets_title, jets_path.name: jets_title} if jets_path else {}
    )
    return Uploaded(jets, jets_title, folder.name if has_weights else None, _renamed(page, named), tuple(problems))


def _keep_file(title: str, content: BinaryIO) -> tuple[str, Path, str]:
    """Store a file and return its name, its place and what it is. Raises PartError if it is of no use here."""
    name = keep_upload(content, title)
    path = upload_path(name)
    assert path is not None
    kind = kinds.file_kind(str(path))
    if kind == kinds.UNKNOWN and not kinds.is_archive(str(path)):
        raise PartError(
            f"{title}: unknown kind of file; expected jets in ROOT, parquet, HDF5 or npz, or the weights, the data "
            "config and the network file of a training."
        )
    return name, path, kind


def keep_upload(content: BinaryIO, title: str = "The upload") -> str:
    """Store a file under the hash of its content and return the name by which it is found.

    Raises
    ------
    PartError
        If it is too large.
    """
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=_folder("files"), suffix=".partial", delete=False) as partial:
        try:
            while block := content.read(_BLOCK):
                digest.update(block)
                partial.write(block)
                if (size := size + len(block)) > MAX_UPLOAD:
                    raise PartError(f"{title} is larger than {MAX_UPLOAD // 2**20} MB, the most that can be uploaded.")
        except BaseException:
            Path(partial.name).unlink()
            raise
    name = digest.hexdigest()[:32]
    Path(partial.name).replace(_folder("files") / name)
    _delete_oldest(_folder("files"), Path.unlink)
    return UPLOAD + name


def upload_path(name: str) -> Path | None:
    """Return the place of an uploaded file, or None if there is no such upload."""
    digest = name.removeprefix(UPLOAD)
    path = _folder("files") / digest
    return path if re.fullmatch("[0-9a-f]{32}", digest) and path.is_file() else None


def training_folder(name: str) -> Path | None:
    """Return the folder of an uploaded training, or None if there is no such upload."""
    path = _folder("trainings") / name
    return path if is_training_name(name) and path.is_dir() else None


def is_training_name(name: str) -> bool:
    """Return whether an uploaded training may have this name, which ends with a hash."""
    return re.fullmatch(r"[\w.+-]{1,40}-[0-9a-f]{12}", name) is not None


def _keep_training(files: Sequence[tuple[str, Path]]) -> Path:
    """Copy the files of a training into a folder, which has the name of the weights and the hash of all contents."""
    stem = next((Path(name).stem for name, _ in files if name.endswith(_WEIGHTS)), "training")
    told = "".join(sorted(f"{name} {path.name}\n" for name, path in files))
    digest = hashlib.sha256(told.encode()).hexdigest()[:12]
    folder = _folder("trainings") / f"{stem.removesuffix('_best_epoch_state')[:40]}-{digest}"
    folder.mkdir(exist_ok=True)
    for name, path in files:
        shutil.copyfile(path, folder / name)
    os.utime(folder)  # the newest is deleted last
    _delete_oldest(_folder("trainings"), shutil.rmtree)
    return folder


def _file_name(title: str, kind: str) -> str:
    """Return a safe name with an ending that says what the file is."""
    name = re.sub(r"[^\w.+-]", "_", Path(title).name, flags=re.ASCII).lstrip(".")[-60:] or "file"
    endings = _ENDINGS.get(kind, _WEIGHTS)
    return name if name.endswith(endings) else name + endings[0]


def _renamed(page: Page, names: dict[str, str]) -> Page:
    """Return a page in which files have the names that the visitor knows, instead of their places on the server."""

    def rename(text: str) -> str:
        for place, name in names.items():
            text = text.replace(place, name)
        return text

    return Page(
        tuple(
            Section(rename(section.title), tuple((about, rename(text)) for about, text in section.rows))
            for section in page.sections
        )
    )


def _delete_oldest(folder: Path, delete: Callable[[Path], None]) -> None:
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)[:-MAX_UPLOADS]:
        delete(old)


def _folder(name: str) -> Path:
    path = Path(_holder().name) / name
    path.mkdir(exist_ok=True)
    return path


@cache
def _holder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="partscope-")  # deleted when the process ends
