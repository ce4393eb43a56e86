"""What a file is, by its content and not by its name."""

import ast
import json
import os
import zipfile
from pathlib import Path

import yaml

from part.errors import PartError
from part.io import check_regular
from part.jets.formats.opening import FORMATS, split_tree
from part.models.checkpoints.weights_file import KINDS as WEIGHT_KINDS
from part.models.checkpoints.weights_file import UNKNOWN, weights_kind

JETS, CONFIG, NETWORK, CARD, EXPORT, FOLDER = (
    *("jets", "data config", "network file", "card of a checkpoint", "preprocessing of an export", "folder"),
)
KINDS = (*WEIGHT_KINDS, JETS, CONFIG, NETWORK, CARD, EXPORT, FOLDER)
MAX_TEXT = 2**20  # bytes of a file that a person writes
_START = 16
_STATEMENTS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def file_kind(path: str, name: str = "") -> str:
    """Return what a file is.

    Parameters
    ----------
    path : str
        A file, a folder, a URL, or "FILE.root:NAME".
    name : str
        The name that the user gave it, "" for that of the path; it counts for a text that is damaged.

    Returns
    -------
    str
        One of `KINDS`. What is at a URL is taken for jets.

    Raises
    ------
    PartError
        If there is no such file.
    """
    file, tree = split_tree(path)
    if "://" in path or tree:
        return JETS
    place = Path(file)
    if os.path.isdir(place):
        return FOLDER
    check_regular(place)
    try:
        with place.open("rb") as opened:
            start = opened.read(_START)
            text = start + opened.read(MAX_TEXT)
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}.") from None
    if any(start.startswith(magic) for magic, _, _ in FORMATS):
        return weights_kind(place) if start[:2] == b"PK" and not _is_npz(place) else JETS
    kind = weights_kind(place)
    return _text_kind(text, Path(name or file).suffix) if kind == UNKNOWN and start[:1] != b"\x80" else kind


def is_weights(kind: str) -> bool:
    """Return whether a kind of file is opened as a model: weights, in any of their forms."""
    return kind in WEIGHT_KINDS


def is_archive(path: str) -> bool:
    """Return whether a file begins as those that torch.save writes, whatever is in it."""
    with Path(path).open("rb") as file:
        start = file.read(2)
    return start == b"PK" or start[:1] == b"\x80"


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return path.suffix == ".npz"
    return bool(names) and all(name.endswith(".npy") for name in names)


def _text_kind(content: bytes, suffix: str) -> str:
    """Return the kind of a text; where it is damaged, its name decides which error is shown."""
    by_name = {".py": NETWORK, ".yaml": CONFIG, ".yml": CONFIG}.get(suffix.lower(), UNKNOWN)
    if len(content) > MAX_TEXT:
        return by_name
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return by_name
    if text.lstrip()[:1] == "{":
        return _json_kind(text) or by_name
    if by_name == UNKNOWN and _is_python(text):
        return NETWORK
    if by_name == UNKNOWN and _is_config(text):
        return CONFIG
    return by_name


def _json_kind(text: str) -> str:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(entries, dict):
        return ""
    if {"config", "sha256"} <= entries.keys() or {"weights", "sha256"} <= entries.keys():
        return CARD
    return EXPORT if {"input_names", "output_names"} <= entries.keys() else ""


def _is_python(text: str) -> bool:
    try:
        return any(isinstance(node, _STATEMENTS) for node in ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _is_config(text: str) -> bool:
    try:
        entries = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return False
    return isinstance(entries, dict) and "inputs" in entries
