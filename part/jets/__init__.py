"""Files -> jets -> tensors."""

from part.jets.features import JetBatch, complete, make_batch, select
from part.jets.readers import count_jets, detect_dataset, labels, read_jets
from part.jets.subjets import lund, subjets

__all__ = [
    "JetBatch",
    "complete",
    "count_jets",
    "detect_dataset",
    "labels",
    "lund",
    "make_batch",
    "read_jets",
    "select",
    "subjets",
]
