"""What a worker of a Dask cluster does: it loads the models once and calls a function with the jets of a range."""

import os
import pickle
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from part.errors import PartError
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.jets.notices import Notices, gathered
from part.jets.streaming import Chunk, EntryRange, chunks
from part.models.numerics.precision import parse_model_name
from part.version import __version__

T = TypeVar("T")
ChunkFunction = Callable[[Sequence[Tagger], Chunk], T]  # both it and what it returns can be pickled


@dataclass(frozen=True)
class ModelSource:
    """How each worker loads a model.

    Attributes
    ----------
    name, device, dataset
        See `load_model`.
    files : mapping
        Its arguments config, network and options.
    backend, sha256 : str
        What the model has in this process, see `Tagger`; workers must have the same.
    """

    name: str
    device: str = "auto"
    dataset: str | None = None
    files: Mapping[str, Any] = field(default_factory=dict)
    backend: str = "auto"
    sha256: str = ""

    def matching(self, tagger: Tagger) -> "ModelSource":
        """Return the source of a model that was loaded from it."""
        return replace(self, backend=tagger.backend, sha256=tagger.sha256)

    def absolute(self) -> "ModelSource":
        """Return the source with absolute paths, for workers in other folders."""
        stem, _ = parse_model_name(self.name)
        files = {key: value.absolute() if isinstance(value, Path) else value for key, value in self.files.items()}
        name = f"{os.path.abspath(stem)}{self.name[len(stem) :]}" if Path(stem).exists() else self.name
        return replace(self, name=name, files=files)


TaskResult = tuple[list[tuple[EntryRange, Any]], Notices, list[tuple[str, type[Warning]]]]
_models: dict[str, tuple[Tagger, ...]] = {}  # of a worker, by how they were loaded
_lock = threading.Lock()  # a worker with several threads loads them once as well


def pack_job(function: ChunkFunction, sources: Sequence[ModelSource]) -> bytes:
    """Return what all tasks of a computation share."""
    return pickle.dumps((function, tuple(sources), __version__))


def run_task(job: bytes, piece: EntryRange) -> TaskResult:
    """Carry out a job for the jets of a piece.

    Parameters
    ----------
    job : bytes
        See `pack_job`.
    piece : EntryRange

    Returns
    -------
    list of (EntryRange, object)
        The entries of each chunk, and what the function returned.
    Notices
        The notices about the jets, which the first process says.
    list of (str, type)
        The texts and categories of warnings, which it gives.

    Raises
    ------
    PartError
        What the function raises, and if the worker has another version or other weights.
    """
    function, sources, version = pickle.loads(job)
    if version != __version__:
        raise PartError(f"A worker has partscope {__version__}; expected {version}, as in the process that asks.")
    torch.set_num_threads(1)  # each worker has a core
    with warnings.catch_warnings(record=True) as caught, gathered(lambda sentence: None) as notices:
        warnings.simplefilter("always")
        taggers = _load(sources)
        caught.clear()  # the first process has said what was assumed of the models
        results = [(chunk.entries, function(taggers, chunk)) for chunk in chunks([piece])]
    return results, notices, [(str(warning.message), warning.category) for warning in caught]


def _load(sources: Sequence[ModelSource]) -> tuple[Tagger, ...]:
    with _lock:
        if (key := repr(sources)) not in _models:
            _models.clear()  # those of an earlier command
            _models[key] = tuple(map(_load_one, sources))
        return _models[key]


def _load_one(source: ModelSource) -> Tagger:
    device = source.device
    if device in ("auto", "cuda") and torch.cuda.is_available():
        from distributed import get_worker

        # Workers that were started together are numbered, and take one GPU after the other.
        name = get_worker().name
        device = f"cuda:{name % torch.cuda.device_count()}" if isinstance(name, int) else "cuda"
    tagger = load_model(source.name, device, source.backend, source.dataset, **source.files)
    if tagger.sha256 != source.sha256:
        raise PartError(f"A worker finds other weights at {source.name} than the process that asks; expected the same.")
    return tagger
