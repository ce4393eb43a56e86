"""Cards: the JSON file beside a checkpoint's weights that says what they are, how they were trained and how good.

Beside the keys below, a card holds results of `python -m part evaluate` under names that the user chooses.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.io import atomic_write
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import DATASETS
from part.limits import MAX_CARD_BYTES, shorten

Card = dict[str, Any]
IDENTITY_KEYS = (
    *("config", "features", "dataset", "sha256", "int8", "weights", "backend", "data_config", "classes", "assumed"),
)
PROVENANCE_KEYS = ("training", "metrics", "note", "quantization", "quantized_from", "converted_from", "source")
DICTIONARY = "dictionary"  # the `kind` of a card of a dictionary of features, see `part.analysis.dictionary.files`
_REQUIRED = ("config", "features", "dataset", "sha256")
_TYPES: dict[str, tuple[Any, str]] = {
    "config": (dict, "the configuration of a model"),
    "data_config": (dict, "a data config"),
    "assumed": (dict, "keywords with their values"),
    "classes": (list, "a list of names"),
    "int8": (str | None, "a word"),
} | dict.fromkeys(("features", "dataset", "sha256", "backend"), (str, "a word"))


def read_card(path: Path, sha256: str) -> Card:
    """Read the card of a checkpoint and check that it belongs to the weights.

    Parameters
    ----------
    path : Path
        The file of the weights; the card is beside it.
    sha256 : str
        The checksum of the weights.

    Returns
    -------
    dict

    Raises
    ------
    PartError
        If the card is missing, lacks an entry, has an unknown feature set or dataset, or describes other weights.
    """
    card_path = path.with_suffix(".json")
    if not card_path.is_file():
        raise PartError(f"{path} has no card: expected {card_path.name} beside it, with config, features, dataset.")
    card = parse_card(card_path)
    if card.get("kind") == DICTIONARY:
        raise PartError(
            f"{path} is a dictionary of features of {shorten(card.get('model'))}; expected the weights of a model."
        )
    if missing := [key for key in _REQUIRED if key not in card]:
        raise PartError(f"{card_path} lacks {', '.join(missing)}.")
    known = [("features", FEATURE_SETS)] * ("data_config" not in card) + [("dataset", DATASETS)] * (
        "classes" not in card
    )
    _check_types(card_path, card)
    for key, allowed in known:
        if card[key] not in allowed:
            raise PartError(f"{card_path}: {key} is {shorten(repr(card[key]))}; expected one of {', '.join(allowed)}.")
    if card["sha256"] != sha256:
        raise PartError(
            f"{path} is not the file that its card describes (sha256 {sha256[:12]}…, card {card['sha256'][:12]}…)."
        )
    return card


def _check_types(path: Path, card: Card) -> None:
    """Raise PartError, naming the key, for an entry of another type than a card has."""
    for key, (kind, name) in _TYPES.items():
        if key in card and not isinstance(card[key], kind):
            raise PartError(f"{path}: {key} is {shorten(repr(card[key]))}; expected {name}.")
    if not all(isinstance(name, str) for name in card.get("classes", ())):
        raise PartError(f"{path}: classes are {shorten(repr(card['classes']))}; expected a list of names.")


def parse_card(path: Path) -> Card:
    """Parse a card without checking its entries. Raises PartError if the file is not a JSON object of a card's size."""
    try:
        size = path.stat().st_size
        card = json.loads(path.read_text()) if size <= MAX_CARD_BYTES else None
    except OSError as error:
        raise PartError(f"{path} cannot be read: {error.strerror or error}; expected a card.") from None
    except RecursionError:
        raise PartError(f"{path} is nested too deeply for a card.") from None
    except ValueError:  # no JSON or no text, or a number of more digits than Python reads
        raise PartError(f"{path} is not valid JSON.") from None
    if size > MAX_CARD_BYTES:
        raise PartError(f"{path} has {size:,} bytes; expected a card of at most {MAX_CARD_BYTES:,}.")
    if not isinstance(card, dict):
        raise PartError(f"{path} is not a card: expected {', '.join(_REQUIRED)}.")
    return card


def card_bytes(card: Mapping[str, Any]) -> bytes:
    """Return what a card's file holds."""
    return (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode()


def write_card(path: Path, card: Mapping[str, Any]) -> None:
    """Write a card atomically."""
    with atomic_write(path) as partial:
        partial.write_bytes(card_bytes(card))


def check_result_name(name: str) -> str:
    """Return a name under which a card may hold a result. Raises PartError for one that has another meaning."""
    if not name.replace("_", "").isalnum() or name in IDENTITY_KEYS + PROVENANCE_KEYS:
        raise PartError(f"A card cannot hold results under {name!r}; choose a word such as held_out or real.")
    return name


def is_result(entry: object) -> bool:
    """Return whether an entry of a card is a result of `python -m part evaluate`."""
    return isinstance(entry, dict) and "accuracy" in entry


def total_jets_seen(training: Mapping[str, Any]) -> int:
    """Return the number of jets in a card's training and in all trainings before it."""
    return training.get("jets_seen", 0) + (total_jets_seen(training["before"]) if "before" in training else 0)


def amend_card(path: Path, entries: Mapping[str, Any]) -> None:
    """Add entries to the card of a project checkpoint, or replace them. Raises PartError if it has no card."""
    card_path = path.with_suffix(".json")
    if path.suffix != ".safetensors" or not card_path.exists():
        raise PartError(f"{path} has no card to write to; only project checkpoints have one.")
    write_card(card_path, parse_card(card_path) | dict(entries))
