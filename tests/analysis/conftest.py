"""Toy jets and a small ParT, for the files that do not make their own."""

import pytest
from helpers.jets import COUNTS, write_jets, write_model

from part.inference.loading import load_model
from part.jets import read_jets

SMALL = {"embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 4}


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return read_jets(write_jets(tmp_path_factory.mktemp("jets") / "toys.root", COUNTS))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return load_model(write_model(tmp_path_factory.mktemp("models") / "alpha.safetensors", 0, **SMALL), "cpu")
