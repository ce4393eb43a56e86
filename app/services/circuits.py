"""Pairs of clean and corrupted jets, as the page Circuits chooses them, and edges as a file."""

from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.edges.graph_json import graph_json
from part.analysis.circuits.pairs import pair_classes

CORRUPTION_TITLES = {name: corruption.title for name, corruption in CORRUPTIONS.items()}

__all__ = ["CORRUPTION_TITLES", "graph_json", "pair_classes"]
