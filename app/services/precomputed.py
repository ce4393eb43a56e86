"""Results of the shipped models on the shipped jets, which pages show before anything is run.

`make precomputed` makes them: a JSON file for each model and study, in app/precomputed/MODEL.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from part.analysis.stored_results import loads
from part.errors import PartError

FOLDER = Path(__file__).parents[1] / "precomputed"


@dataclass(frozen=True, eq=False)
class Precomputed:
    """A result that was measured before.

    Attributes
    ----------
    result : Any
        What the study measured, with three digits of each number.
    jets : str
        The name of the file of jets.
    entries : tuple of int
        The first of its entries and the one after the last.
    date : str
        When it was measured.
    """

    result: Any
    jets: str
    entries: tuple[int, int]
    date: str

    def covers(self, entries: np.ndarray) -> bool:
        """Return whether it is of these entries and no others."""
        return np.array_equal(entries, np.arange(*self.entries))

    def sentence(self, entries: np.ndarray) -> str:
        """Return when and on which jets it was measured, on a page whose jets are these entries."""
        if self.covers(entries):
            return f"Measured on {self.date}."
        jets = f"{self.entries[1]:,}".replace(",", " ")
        return f"Measured on {self.date} on the first {jets} jets of {self.jets}; Run takes those that are chosen here."


def find(weights: str, file: str, study: str, jet: int | None = None) -> Precomputed | None:
    """Return the result of a study, if it was made beforehand.

    Parameters
    ----------
    weights, file : str
        The sha256 of the model's weights, and the key of the file of jets.
    study : str
        The `repr` of the study, which names all its options.
    jet : int, optional
        The entry, of a study of single jets.
    """
    path = _index().get((weights, file, study, jet))
    return None if path is None else _read(path)


def find_any(weights: str, beginning: str) -> Precomputed | None:
    """Return a result of these weights whose study begins so, whatever its options and jets, if there is one."""
    paths = (path for (own, _, study, _), path in _index().items() if own == weights and study.startswith(beginning))
    return next((made for path in paths if (made := _read(path))), None)


@cache
def _index() -> dict[tuple, Path]:
    """Return the files by what they are about."""
    return {key(read_about(path)): path for path in sorted(FOLDER.glob("*/*.json"))}


def read_about(path: Path) -> dict[str, Any]:
    """Return what a result is about, which is the first line of its file."""
    with path.open() as file:
        return json.loads(file.readline().rstrip(",\n") + "}")["about"]


def key(about: dict[str, Any]) -> tuple:
    """Return what a result is found by."""
    start, stop = about["entries"]
    single = start if stop == start + 1 else None
    return about["sha256"], about["jets_key"], about["study"], single


@cache
def _read(path: Path) -> Precomputed | None:
    content = json.loads(path.read_text())
    about = content["about"]
    try:
        result = loads(content["result"])
    except (PartError, TypeError):  # made by another version
        return None
    return Precomputed(result, about["jets"], tuple(about["entries"]), about["date"])
