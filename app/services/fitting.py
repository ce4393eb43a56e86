"""Which models can read which jets, by what their cards say they need; and which have what a page shows."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import jets_at, load_sample
from app.services.models import checkpoint_path, load_tagger, missing_capability, model_names, split_options
from part.errors import PartError
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import DATASETS
from part.jets.preprocessing import add_derived_fields
from part.models.checkpoints.cards import parse_card

# What quantities of constituents are called; others have the names of their branches.
_WORDS = {
    "part_charge": "identity",
    "part_pid": "identity",
    **dict.fromkeys(("part_d0val", "part_d0err", "part_dzval", "part_dzerr"), "displacements"),
}
MAX_OFFERED = 3
Works = Callable[[str], object]  # raises PartError for the name of a model that does not have what is shown


class UnsuitedError(PartError):
    """A model that does not have what is shown, which is no error of the user or of a file."""


def require(file: JetFile, name: str, *capabilities: str) -> None:
    """Raise UnsuitedError for a model that lacks a capability, see `part.inference.capabilities`."""
    if reason := missing_capability(load_tagger(name, file), *capabilities):
        raise UnsuitedError(reason)


def lacks(name: str, file: JetFile) -> tuple[str, ...]:
    """Return what a model on offer needs and a file does not have, in words; () if it fits or if that is not known.

    Models of this project say their inputs in their cards. What others need is known once they are loaded.
    """
    needed, fields = _needed(name), _fields(replace(file, config=None, dataset=None))
    if not needed or not fields:
        return ()
    return tuple(dict.fromkeys(_word(branch) for branch in needed if branch not in fields))


def lacks_sentence(name: str, title: str, file: JetFile) -> str:
    """Return what a model needs and the jets do not have, without a full stop; "" if it fits."""
    missing = lacks(name, file)
    return f"{title} needs {_and(missing)} of the constituents, which these jets do not have" if missing else ""


def sentence(name: str, title: str, file: JetFile, works: Works | None = None) -> str:
    """Return what a model needs and the jets do not have, and which models fit; "" if it fits."""
    beginning = lacks_sentence(name, title, file)
    if not beginning:
        return ""
    fitting = offered_instead(file, works)
    also = f"; {_and(fitting)} {'fit' if len(fitting) > 1 else 'fits'}" if fitting else ""
    return f"{beginning}{also}."


def fitting_models(file: JetFile) -> tuple[str, ...]:
    """Return the models on offer that can read a file, in full precision; those of its classes come first."""
    names = [name for name in model_names() if "@" not in name and _needed(name) and not lacks(name, file)]
    return tuple(sorted(names, key=lambda name: not _has_classes(name, file)))


def offered_instead(file: JetFile, works: Works | None = None) -> tuple[str, ...]:
    """Return a few models that can read a file and have what is shown, one for each set of classes."""
    by_classes: dict[str, str] = {}
    for name in fitting_models(file):
        dataset = _card(checkpoint_path(name))["dataset"]
        if dataset not in by_classes and (works is None or _does(works, name)):
            by_classes[dataset] = name
        if len(by_classes) == MAX_OFFERED:
            break
    return tuple(by_classes.values())


def _does(works: Works, name: str) -> bool:
    try:
        works(name)
    except PartError:
        return False
    return True


def first_choice(models: tuple[str, ...], file: JetFile) -> tuple[str, ...]:
    """Return those of the chosen models that can read a file, or the first model that can, or else them all."""
    return tuple(name for name in models if not lacks(name, file)) or fitting_models(file)[:1] or models


def _has_classes(name: str, file: JetFile) -> bool:
    """Return whether a model predicts the classes that the labels of a file count."""
    try:
        dataset = load_sample(replace(file, config=None, dataset=None)).dataset
    except PartError:
        return False
    return dataset is not None and _card(checkpoint_path(name)).get("dataset") == dataset.name


def _needed(name: str) -> tuple[str, ...]:
    """Return the branches that a model is said to need; () where no card says it."""
    try:
        card = _card(checkpoint_path(split_options(name)[0]))
    except PartError:
        return ()
    known = card.get("features") in FEATURE_SETS and card.get("dataset") in DATASETS
    return FEATURE_SETS[card["features"]].branches if known else ()


def _card(path: Path) -> dict:
    card = path.with_suffix(".json")
    return _read(card, card.stat().st_mtime_ns) if path.suffix in (".safetensors", ".json") and card.is_file() else {}


@lru_cache(maxsize=256)
def _read(path: Path, _modified: int) -> dict:
    card = parse_card(path)
    return _card(path.parent / card["weights"]) if "weights" in card else card


@cached(max_entries=32)
def _fields(file: JetFile) -> frozenset[str]:
    """Return the branches of a file's jets and what follows from them; none if it is read by data configs alone."""
    try:
        first = int(np.argmax(load_sample(file).kept))
        return frozenset(add_derived_fields(jets_at(file, [first])).fields)
    except PartError:
        return frozenset()


def _word(branch: str) -> str:
    return "identity" if branch.startswith("part_is") else _WORDS.get(branch, branch)


def _and(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
