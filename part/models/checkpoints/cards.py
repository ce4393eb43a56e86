"""Cards: the JSON beside a checkpoint's weights that says what they are, how they came about and how good they are."""

import json
from pathlib import Path

from part.errors import PartError
from part.io import atomic_write
from part.jets.schema import DATASETS, FEATURE_SETS

IDENTITY = ("config", "features", "dataset", "sha256", "int8", "weights", "backend")
STORY = ("training", "metrics", "note", "quantization", "quantized_from", "converted_from", "source")


def read_card(path: Path, sha256: str) -> dict:
    """The card of the weights at `path`, whose checksum is `sha256`. Raises PartError if it is not theirs."""
    card_path = path.with_suffix(".json")
    if not card_path.exists():
        raise PartError(f"{path} has no card: expected {card_path.name} beside it, with config, features, dataset.")
    card = parse_card(card_path)
    if missing := [key for key in ("config", "features", "dataset", "sha256") if key not in card]:
        raise PartError(f"{card_path} does not tell {', '.join(missing)}.")
    for key, known in (("features", FEATURE_SETS), ("dataset", DATASETS)):
        if card[key] not in known:
            raise PartError(f"{card_path}: {key} is {card[key]!r}; expected one of {', '.join(known)}.")
    if card["sha256"] != sha256:
        raise PartError(
            f"{path} is not the file that its card describes (sha256 {sha256[:12]}…, card {card['sha256'][:12]}…)."
        )
    return card


def parse_card(path: Path) -> dict:
    """A card as it stands. Raises PartError if it is none."""
    try:
        card = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise PartError(f"{path} is no valid JSON.") from None
    if not isinstance(card, dict):
        raise PartError(f"{path} is no card: expected config, features, dataset, sha256.")
    return card


def native_only(path: Path) -> bool:
    """Whether a checkpoint is but a card that says to run another's weights natively, which not all machines can."""
    return path.suffix == ".json" and parse_card(path).get("backend") == "native"


def write_card(path: Path, card: dict) -> None:
    """It appears whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def entry_named(name: str) -> str:
    """A name under which a card may hold a result. Raises PartError for one that tells what the weights are, or why."""
    if not name.replace("_", "").isalnum() or name in IDENTITY + STORY:
        raise PartError(f"A card has no room for results under {name!r}; choose a word such as held_out or real.")
    return name


def is_result(entry: object) -> bool:
    """Whether an entry of a card is what `evaluate` found."""
    return isinstance(entry, dict) and "accuracy" in entry


def seen_by(training: dict) -> int:
    """Jets that weights have learned from, by the training that a card tells of and those before it."""
    return training.get("jets_seen", 0) + (seen_by(training["before"]) if "before" in training else 0)


def amend_card(path: Path, entries: dict) -> None:
    """Add entries to the card of a project checkpoint, or replace them; what identifies it stays."""
    card_path = path.with_suffix(".json")
    if path.suffix != ".safetensors" or not card_path.exists():
        raise PartError(f"{path} has no card to write to; only project checkpoints have one.")
    write_card(card_path, json.loads(card_path.read_text()) | entries)
