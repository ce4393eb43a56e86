"""Files of weights from elsewhere: what they are, and the state dict in them, read without running any code.

torch.save writes a zip or, up to version 1.5, several pickles; both are read with `weights_only=True`. TorchScript is a
zip with code in it, ONNX a protobuf message.
"""

import pickle
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from part.errors import PartError

KINDS = ("state dict", "optimizer", "TorchScript", "ONNX", "checkpoint of this project", "unknown")
STATE, OPTIMIZER, TORCHSCRIPT, ONNX, PROJECT, UNKNOWN = KINDS
_START = 1 << 16  # bytes in which ONNX begins its graph
_ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2}  # of a ModelProto: wire types
_GRAPH = 7
_MAX_DEPTH, _MAX_NAMES = 3, 8
# Training loops save accuracies and losses beside the weights, and these are scalars of NumPy.
_NUMBERS = [np.dtype, *{type(np.dtype(kind)) for kind in "?bhilqBHILQefd"}]
_SCALAR = np.float64(0).__reduce__()[0]
_HARMLESS: list[Any] = [
    *_NUMBERS,
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
]
_LOCK = threading.Lock()  # because torch keeps the list of what is harmless for the whole process
_DAMAGE = (
    *(RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError, TypeError, IndexError),
    *(NotImplementedError, OverflowError, MemoryError, zipfile.BadZipFile),
)


def weights_kind(path: Path) -> str:
    """Return what a file of weights is.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    str
        One of `KINDS`. A "state dict" is one alone, or the only one in a file with other entries; "unknown" is all
        else, also damaged files and pickled models.
    """
    try:
        return _open(path)[0]
    except PartError:
        return UNKNOWN


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the state dict in a file.

    Parameters
    ----------
    path : Path
        A `.pt`, `.pth` or `.ckpt` with a state dict, alone or as the only one among other entries, or a safetensors.

    Returns
    -------
    dict
        The tensors by the names that the file gives them.

    Raises
    ------
    PartError
        If the file is none of these, unsafe, damaged or truncated. The message says what it is and what to save.
    """
    kind, content = _open(path)
    match kind:
        case "optimizer":
            raise PartError(f"{path} is the state of an optimizer, which holds no network; {_weights_beside(path)}.")
        case "TorchScript":
            raise PartError(
                f"{path} is TorchScript, a compiled program; save the state dict of the network that it was made from: "
                "torch.save(network.state_dict(), FILE)."
            )
        case "ONNX":
            raise PartError(f"{path} is ONNX, which is not read yet; give the state dict that it was exported from.")
        case "unknown":
            raise PartError(f"{path}: {_without_state(content)}")
    return dict(content)


def is_safetensors(start: bytes) -> bool:
    """Return whether a file that starts so is a safetensors: the size of a JSON header, and the header."""
    return start[8:9] == b"{"


def _open(path: Path) -> tuple[str, Any]:
    """Return the kind of a file and what is in it: a state dict, or for "unknown" what is there in place of one."""
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError as error:
        raise PartError(f"{path} cannot be read: {error.strerror or error}.") from None
    if is_safetensors(start):
        return PROJECT if path.with_suffix(".json").exists() else STATE, _load_safetensors(path)
    if start[:2] == b"PK" and _is_torchscript(path):
        return TORCHSCRIPT, None
    if start[:2] == b"PK" or start[:1] == b"\x80":
        content = _load_pickle(path)
        if _is_optimizer(content):
            return OPTIMIZER, None
        states = dict(_state_dicts(content))
        return (STATE, next(iter(states.values()))) if len(states) == 1 else (UNKNOWN, content)
    if _is_onnx(start):
        return ONNX, None
    raise PartError(f"{path} is not a complete checkpoint: expected safetensors or a PyTorch state dict (.pt).")


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load(path.read_bytes())
    except SafetensorError:
        raise PartError(
            f"{path} is not a complete checkpoint: expected safetensors or a PyTorch state dict (.pt)."
        ) from None


def _load_pickle(path: Path) -> Any:
    try:
        if zipfile.is_zipfile(path):
            _check_sums(path)
        with _LOCK, safe_globals(_HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise PartError(
            f"{path} is a pickle that holds more than tensors{_foreign(path)} and could run code, so it was not "
            "opened; save the model's state_dict() alone: torch.save(model.state_dict(), FILE)."
        ) from None
    except _DAMAGE:
        raise PartError(f"{path} is damaged or truncated: expected a PyTorch state dict (.pt).") from None


def _check_sums(path: Path) -> None:
    """Read the entries of a zip that have a checksum, which torch does not look at; zipfile raises if one is wrong."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > path.stat().st_size:  # torch compresses nothing
            raise zipfile.BadZipFile("larger inside than outside")
        for entry in entries:
            if entry.CRC:
                with archive.open(entry) as file:
                    while file.read(1 << 20):
                        pass


def _foreign(path: Path) -> str:
    """Return the classes and functions that a pickle asks for, as they read in a sentence, or nothing."""
    try:
        names = get_unsafe_globals_in_checkpoint(path)
    except (*_DAMAGE, pickle.UnpicklingError):
        return ""
    names = sorted(name for name in names if not name.endswith((".dtype", ".scalar")))[:_MAX_NAMES]
    return f" ({', '.join(name[:80] for name in names)})" if names else ""


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.split("/")[1:2] == ["code"] for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _is_onnx(start: bytes) -> bool:
    """Return whether a protobuf message has the fields of an ONNX model up to its graph."""
    position, fields = 0, set()
    while position < len(start):
        tag, position = _varint(start, position)
        field, wire = tag >> 3, tag & 7
        if _ONNX_FIELDS.get(field) != wire:
            return False
        if field == _GRAPH:
            return 1 in fields  # the version of ONNX, which each model has
        fields.add(field)
        value, position = _varint(start, position)
        position += value if wire else 0
    return False


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """Return the number of variable length at a position and the position after it."""
    value, shift = 0, 0
    while position < len(content) and shift < 64:
        byte, position = content[position], position + 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    return value, position


def _is_optimizer(content: Any) -> bool:
    return isinstance(content, Mapping) and isinstance(content.get("param_groups"), list)


def _state_dicts(content: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the state dicts in what a file holds, by the keys that lead to them."""
    if not isinstance(content, Mapping) or depth > _MAX_DEPTH or _is_optimizer(content):
        return
    tensors = [value for value in content.values() if isinstance(value, Tensor)]
    is_named = all(isinstance(key, str) for key in content)
    # One entry may be none, which is said by its name later; a single number is no network.
    if is_named and 2 * len(tensors) > len(content) and any(value.ndim for value in tensors):
        yield name, content
        return
    for key, value in content.items():
        yield from _state_dicts(value, f"{name}.{key}".lstrip("."), depth + 1)


def _without_state(content: Any) -> str:
    """Say what a file holds in place of one state dict, and what to save."""
    states = [name for name, _ in _state_dicts(content)]
    if states:
        listed = ", ".join(states[:_MAX_NAMES])
        return f"holds {len(states)} state dicts ({listed}); save the one that you want alone: torch.save(STATE, FILE)."
    if not isinstance(content, Mapping):
        return f"holds a {type(content).__name__}; expected a state dict: torch.save(network.state_dict(), FILE)."
    keys = ", ".join(str(key)[:40] for key in list(content)[:_MAX_NAMES])
    found = f"its keys are {keys}{', ...' if len(content) > _MAX_NAMES else ''}" if content else "it is empty"
    return f"holds no state dict, {found}; save one: torch.save(network.state_dict(), FILE)."


def _weights_beside(path: Path) -> str:
    """Say where the weights are that belong to an optimizer's file, which weaver writes beside them."""
    state = path.with_name(path.name.replace("_optimizer", "_state"))
    if state != path and state.exists():
        return f"the network's weights are in {state.name} beside it"
    name = state.name if state != path else "..._state.pt"
    return f"give the network's weights, which weaver-core writes beside it ({name})"
