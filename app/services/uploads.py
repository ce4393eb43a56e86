"""What visitors upload: files of jets by the hash of their content, and trainings, each in a folder of its own.

A name that a visitor gives is never a path. Whose uploads are whose, `app.services.owners` knows.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

from part.errors import PartError
from part.inspection import kinds
from part.inspection.inspect import inspect_files
from part.inspection.page import Page, Section
from part.models.checkpoints.weights_file import OPTIMIZER

MAX_UPLOAD = 200 * 2**20
MAX_UPLOADS = 20  # files of jets, and trainings, kept on the server; the oldest are deleted first
UPLOAD = "upload:"
_BLOCK = 2**20
_ENDINGS = {kinds.CONFIG: (".yaml", ".yml"), kinds.NETWORK: (".py",), kinds.CARD: (".json",)}
_WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors")
_OPTIONS = re.compile(r" \((?:network|config|options)=[^()]*\)")  # as the library and the commands take them


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
    model_title : str
        What the visitor calls it: the name of its weights.
    page : Page or None
        What the files of a training are, what they need, and what was assumed; None for jets alone.
    problems : tuple of str
        Sentences on the files that are left out.
    """

    jets: str | None
    jets_title: str
    model: str | None = None
    model_title: str = ""
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
    jets, jets_title, files, weights, problems = None, "", {}, "", []
    for title, content in uploads:
        try:
            name, path, kind = _keep_file(title, content)
        except PartError as error:
            problems.append(str(error))
            continue
        if kinds.is_weights(kind) or kind in _ENDINGS:
            file_name = _file_name(title, kind)
            weights = Path(file_name).stem if kinds.is_weights(kind) and kind != OPTIMIZER else weights
            if files.setdefault(file_name, path) != path:
                problems.append(f"There are two files {title} with different contents; the one added last is taken.")
            files[file_name] = path
            continue
        if jets not in (None, name):
            problems.append(f"{jets_title} is left out: the jets are those of {title}, which was added after it.")
        jets, jets_title = name, title
    if not files:
        return Uploaded(jets, jets_title, problems=tuple(problems))
    folder = _keep_training(list(files.items()))
    jets_path = upload_path(jets) if jets else None
    page = inspect_files([str(folder), *([str(jets_path)] if jets_path else [])])
    uploaded = Uploaded(jets, jets_title, folder.name if weights else None, weights, problems=tuple(problems))
    return replace(
        uploaded, page=_renamed(page, partial(_for_visitor, folder=folder, jets=jets_path, title=jets_title))
    )


def shown_sentence(error: PartError, uploaded: Uploaded) -> str:
    """Return an error as the visitor should read it, who knows neither places on the server nor commands."""
    folder = training_folder(uploaded.model) if uploaded.model else None
    jets = upload_path(uploaded.jets) if uploaded.jets else None
    text = str(error).replace(uploaded.jets, uploaded.jets_title) if uploaded.jets else str(error)
    return _for_visitor(text, folder, jets, uploaded.jets_title)


def _keep_file(title: str, content: BinaryIO) -> tuple[str, Path, str]:
    """Store a file and return its name, its place and what it is. Raises PartError if it is of no use here."""
    name = keep_upload(content, title)
    path = upload_path(name)
    assert path is not None
    if not path.stat().st_size:
        raise PartError(f"{title} is empty.")
    kind = kinds.file_kind(str(path), title)
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


def _renamed(page: Page, rename: Callable[[str], str]) -> Page:
    return Page(
        tuple(
            Section(rename(section.title), tuple((about, rename(text)) for about, text in section.rows))
            for section in page.sections
        )
    )


def _for_visitor(text: str, folder: Path | None, jets: Path | None, title: str) -> str:
    """Return a text with the visitor's names of the files, not their places, and without the options of commands."""
    text = _OPTIONS.sub("", text)
    if folder:
        text = text.replace(f"{folder}/", "").replace(str(folder), folder.name)
    return text.replace(str(jets), title).replace(jets.name, title) if jets else text


def _delete_oldest(folder: Path, delete: Callable[[Path], None]) -> None:
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)[:-MAX_UPLOADS]:
        delete(old)


def folder() -> Path:
    """Return the folder of all uploads, which is deleted with the process."""
    return Path(_holder().name)


def _folder(name: str) -> Path:
    path = folder() / name
    path.mkdir(exist_ok=True)
    return path


@cache
def _holder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="partscope-")  # deleted when the process ends
