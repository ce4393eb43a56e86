"""Dictionaries on disk: safetensors with a JSON card beside it, which names the weights that it was trained on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from part.analysis.dictionary.autoencoder import SparseDictionary
from part.analysis.dictionary.place import Place, transformer
from part.errors import PartError
from part.inference.tagger import Tagger
from part.io import check_regular, describe, write_together
from part.limits import shorten
from part.models.checkpoints.cards import DICTIONARY, Card, card_bytes, parse_card
from part.models.checkpoints.catalogue import BUNDLED

SHIPPED = BUNDLED / "dictionaries"
MAX_BYTES = 2**30
_KEYS = {"kind": str, "features": int, "active": int, "width": int, "layer": int, "head": int}
_KEYS |= {"model": str, "model_sha256": str, "sha256": str}
_TENSORS = ("encoder", "decoder", "centre", "mean", "scale")


@dataclass(frozen=True, eq=False)
class TrainedDictionary:
    """A dictionary with what its card says.

    Attributes
    ----------
    path : Path
    dictionary : SparseDictionary
    place : Place
        Where its activations are.
    card : dict
    """

    path: Path
    dictionary: SparseDictionary
    place: Place
    card: Card

    @property
    def name(self) -> str:
        return self.path.stem

    def check_belongs(self, tagger: Tagger) -> None:
        """Raise PartError if the dictionary was trained on other weights than those of a model."""
        if self.card["model_sha256"] != tagger.sha256:
            raise PartError(
                f"{self.path} was trained on the weights of {self.card['model']} "
                f"({self.card['model_sha256'][:12]}…), not on those of {tagger.name} ({tagger.sha256[:12]}…)."
            )


def save_dictionary(
    path: Path, dictionary: SparseDictionary, place: Place, model: str, model_sha256: str, card: Mapping[str, Any]
) -> None:
    """Write a dictionary and its card, both or none. The two matrices are float16, which keeps three digits.

    Parameters
    ----------
    path : Path
        The `.safetensors` to write.
    dictionary, place
        What was trained, and where.
    model, model_sha256 : str
        The name of the model, and the checksum of the file of its weights.
    card : mapping
        What the card says beyond that.
    """
    tensors = {name: getattr(dictionary, name).detach().cpu().float() for name in _TENSORS}
    tensors |= {"encoder": tensors["encoder"].half(), "decoder": dictionary.directions.detach().cpu().half()}
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    identity = {
        "kind": DICTIONARY,
        "features": dictionary.features,
        "active": dictionary.active,
        "width": dictionary.width,
        "layer": place.layer,
        "head": place.head,
        "model": model,
        "model_sha256": model_sha256,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    write_together({path: content, path.with_suffix(".json"): card_bytes(identity | dict(card))})


def load_dictionary(path: str | Path) -> TrainedDictionary:
    """Load a dictionary.

    Raises
    ------
    PartError
        If it is missing, truncated or no dictionary, if its card does not belong to it, or if a tensor is missing, of
        another shape than the card says or not finite.
    """
    path = Path(path)
    check_regular(path)
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise PartError(f"{path} cannot be read: {describe(error)}; expected a dictionary (.safetensors).") from None
    card = _read_card(path)
    if card["sha256"] != hashlib.sha256(content).hexdigest():
        raise PartError(f"{path} is not the file that its card describes; expected sha256 {card['sha256'][:12]}….")
    try:
        tensors = load(content)
    except SafetensorError:
        raise PartError(f"{path} is not a complete dictionary; expected safetensors.") from None
    m, d = card["features"], card["width"]
    expected = {"encoder": (m, d), "decoder": (m, d), "centre": (d,), "mean": (d,), "scale": ()}
    for name, shape in expected.items():
        found = tensors.get(name)
        if found is None or tuple(found.shape) != shape or not torch.isfinite(found).all():
            given = "nothing" if found is None else f"{found.dtype} of shape {tuple(found.shape)}"
            raise PartError(f"{path} holds {given} as {name}; expected finite numbers of shape {shape}.")
    if not tensors["scale"] > 0:
        raise PartError(f"{path} has a scale of {float(tensors['scale']):g}; expected a number above 0.")
    dictionary = SparseDictionary(d, m, card["active"])
    dictionary.load_state_dict({name: tensors[name].float() for name in expected})
    return TrainedDictionary(path, dictionary.requires_grad_(False), Place(card["layer"], card["head"]), card)


def _read_card(path: Path) -> Card:
    card_path = path.with_suffix(".json")
    if path == card_path or not card_path.is_file():
        raise PartError(f"{path} has no card; expected {card_path.name} beside a .safetensors.")
    card = parse_card(card_path)
    for key, kind in _KEYS.items():
        if not isinstance(card.get(key), kind) or (kind is int and isinstance(card[key], bool)):
            raise PartError(
                f"{card_path}: {key} is {shorten(repr(card.get(key)))}; expected the card of a dictionary of features."
            )
    if card["kind"] != DICTIONARY or min(card["features"], card["width"], card["active"]) < 1:
        raise PartError(f"{card_path} is not the card of a dictionary of features.")
    return card


def find_dictionary(tagger: Tagger, path: str = "") -> TrainedDictionary:
    """Return the dictionary in a file, or without one the shipped one of a model's weights.

    Raises
    ------
    PartError
        As `load_dictionary` does, if there is none of the model's weights, or if the model has no such place.
    """
    model = transformer(tagger.model, tagger.name)
    if path:
        found = load_dictionary(path)
    else:
        cards = sorted(SHIPPED.glob("*.json"))
        own = [card for card in cards if parse_card(card).get("model_sha256") == tagger.sha256]
        if not own:
            raise PartError(
                f"No dictionary of {tagger.name} is shipped; train one with python -m part dictionary, and give it "
                "with --dictionary."
            )
        found = load_dictionary(own[0].with_suffix(".safetensors"))
    found.check_belongs(tagger)
    width = found.place.width(model.config, tagger.name)
    if width != found.dictionary.width:
        raise PartError(f"{found.path} has {found.dictionary.width} channels; expected {width} of {found.place}.")
    return found
