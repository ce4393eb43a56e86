"""Dictionaries that are made by hand."""

from pathlib import Path

import torch

from part.analysis.dictionary.autoencoder import SparseDictionary
from part.analysis.dictionary.files import save_dictionary
from part.analysis.dictionary.place import Place
from part.inference.tagger import Tagger


def identity_dictionary(width: int) -> SparseDictionary:
    """Return a dictionary that writes everything exactly: x = max(x, 0) - max(-x, 0)."""
    both = torch.cat((torch.eye(width), -torch.eye(width)))
    return dictionary_of(both, both, active=width)


def dictionary_of(encoder: torch.Tensor, decoder: torch.Tensor, active: int) -> SparseDictionary:
    """Return a dictionary with these rows, whose activations are neither centred nor scaled."""
    made = SparseDictionary(encoder.shape[1], len(encoder), active)
    made.load_state_dict(made.state_dict() | {"encoder": encoder.float(), "decoder": decoder.float()})
    return made.requires_grad_(False)


def random_dictionary_of(width: int, features: int, active: int, seed: int = 0) -> SparseDictionary:
    """Return a dictionary with random rows."""
    rows = torch.randn(features, width, generator=torch.Generator().manual_seed(seed))
    return dictionary_of(rows, rows, active)


def write_dictionary(folder: Path, tagger: Tagger, made: SparseDictionary, place: Place, name: str = "own") -> str:
    """Write a dictionary of a model, and return its path."""
    path = folder / f"{name}.safetensors"
    save_dictionary(path, made, place, tagger.name, tagger.sha256, {})
    return str(path)
