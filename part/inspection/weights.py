"""What a file of weights is, and what its tensors do not tell."""

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.inspection.page import Section, listed, rows
from part.models.build import config_from_dict
from part.models.checkpoints.cards import DICTIONARY, parse_card
from part.models.checkpoints.weaver import is_weaver_part
from part.models.checkpoints.weaver_file import convert_state, weaver_source
from part.models.checkpoints.weaver_keywords import PUBLISHED
from part.models.checkpoints.weights_file import OPTIMIZER, PROJECT, STATE, read_state
from part.models.model_config import ModelConfig

_SHARED = ("model", "inputs", "classes", "dropout", "collections")  # that are said in words


def inspect_weights(path: Path, kind: str, keywords: Mapping[str, Any]) -> Section:
    """Return what is known of a file of weights.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it is, one of `part.models.checkpoints.weights_file.KINDS`.
    keywords : mapping
        Keywords of weaver-core's network that are known.
    """
    if kind == PROJECT:
        return inspect_card(path, path.with_suffix(".json"))
    if kind == STATE:
        return _inspect_state(path, keywords)
    found = {OPTIMIZER: "the state of an optimizer, no network"}.get(kind, kind)
    return Section(str(path), (("is", found), *rows("but", _problem(path))))


def inspect_card(path: Path, card_path: Path) -> Section:
    """Return what the card of a checkpoint of this project says of it."""
    card = parse_card(card_path)
    if card.get("kind") == DICTIONARY:
        place = f"layer {card.get('layer')}" + (f", head {card['head']}" if card.get("head") else "")
        text = f"a dictionary of {card.get('features')} features of {card.get('model')}, {place}"
        return Section(str(path), (("is", text),))
    if "config" not in card:
        return Section(str(path), (("is", f"a card that runs the weights {card.get('weights')} beside it otherwise"),))
    lines = [("is", "a checkpoint of this project, which needs no other file"), *describe_model(_config(card))]
    lines.append(("inputs", f"{card.get('features')} of {card.get('dataset')}"))
    if classes := card.get("classes"):
        lines.append(("classes", listed(map(str, classes))))
    if "data_config" in card:
        lines.append(("data config", "in its card"))
    if source := card.get("source") or (card.get("converted_from") or {}).get("source"):
        lines.append(("from", str(source)))
    return Section(str(path), (*lines, *assumed_rows(card.get("assumed") or {})))


def describe_model(config: ModelConfig | None) -> list[tuple[str, str]]:
    """Return an architecture in words, and how it differs from the published one."""
    if config is None:
        return []
    blocks = f", {config.layers} blocks of {config.heads} heads" if config.layers else ""
    widths = " and ".join(map(str, config.collections or (config.inputs,)))
    tokens = f"the tokens of {len(config.collections)} collections" if config.collections else "each token"
    lines = [("model", f"{config.model}{blocks}"), ("takes", f"{widths} inputs of {tokens}")]
    lines.append(("gives", f"{config.classes} classes"))
    others = {f.name: getattr(config, f.name) for f in fields(config) if f.name not in (*_SHARED, "layers", "heads")}
    changed = {name: value for name, value in others.items() if value != getattr(type(config), name)}
    texts = [f"{name} {value}" for name, value in changed.items()]
    return [*lines, ("differs", f"from the published architecture in {listed(texts)}")] if texts else lines


def assumed_rows(assumed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was assumed of a network, one row for each keyword."""
    return rows("assumed", (f"{name} = {value!r}, as in the published training" for name, value in assumed.items()))


def _inspect_state(path: Path, keywords: Mapping[str, Any]) -> Section:
    state = read_state(path)
    numbers = sum(value.numel() for value in state.values() if hasattr(value, "numel"))
    size = f"{len(state)} tensors, {numbers:,} numbers"
    try:
        found = convert_state(state, str(path), keywords)
    except PartError as error:
        return Section(str(path), (*_incomplete(state, size), ("missing", str(error))))
    lines = [("is", f"a state dict of {weaver_source(found.config)} ({size})"), *describe_model(found.config)]
    lines.append(("needs", "a data config, which says what the inputs are; without it, those of a benchmark are taken"))
    if found.assumed:
        lines += assumed_rows(found.assumed)
        lines.append(("needs", "its network file, or -o NAME VALUE, where that is not so"))
    return Section(str(path), tuple(lines))


def _incomplete(state: Mapping[str, Any], size: str) -> list[tuple[str, str]]:
    """Return what the tensors alone tell of a network: the rest is set to anything, and not shown."""
    try:
        config = convert_state(state, "", _anything(state)).config
    except PartError:
        return [("is", f"a state dict ({size})")]
    shown = [row for row in describe_model(config) if row[0] != "differs"]
    return [("is", f"a state dict of {weaver_source(config)} ({size})"), *shown]


def _anything(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for all keywords that tensors do not tell, which agree with the tensors."""
    if is_weaver_part(state):
        head = [(widths[0], 0.0) for widths in _widths(state, r"fc\.(\d+)\.0\.weight")]
        return {name: value for name, value in PUBLISHED.items() if name != "num_heads"} | {"fc_params": head}
    widths = _widths(state, r"edge_convs\.(\d+)\.convs\.\d+\.weight")
    return {"conv_params": [(1, layers) for layers in widths], "use_counts": True}


def _widths(state: Mapping[str, Any], pattern: str) -> list[list[int]]:
    """Return the output widths of the layers whose names end so, by the number in them."""
    found: dict[int, list[int]] = {}
    for key, value in state.items():
        if hasattr(value, "shape") and (match := re.search(rf"(?:^|\.){pattern}$", key)):
            found.setdefault(int(match[1]), []).append(value.shape[0])
    return [found[index] for index in sorted(found)]


def _config(card: Mapping[str, Any]) -> ModelConfig | None:
    try:
        return config_from_dict(card["config"])
    except (PartError, TypeError):
        return None


def _problem(path: Path) -> list[str]:
    """Return the sentence with which opening the file as weights ends."""
    try:
        read_state(path)
    except PartError as error:
        return [str(error)]
    return []
