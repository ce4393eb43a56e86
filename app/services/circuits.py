"""Pairs of clean and corrupted jets, as the page Circuits chooses them."""

from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.pairs import pair_classes

CORRUPTION_TITLES = {name: corruption.title for name, corruption in CORRUPTIONS.items()}
CORRUPTION_TEXTS = {name: corruption.about for name, corruption in CORRUPTIONS.items()}

__all__ = ["CORRUPTION_TEXTS", "CORRUPTION_TITLES", "pair_classes"]
