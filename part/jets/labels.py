"""The `label` column of converted files -> the label branches of its benchmark."""

from collections.abc import Iterable
from pathlib import PurePath

import numpy as np

from part.jets.schema import DATASETS, JETCLASS, QUARKGLUON, TOPLANDSCAPE, Dataset

LABELS = {label for dataset in DATASETS.values() for label in dataset.labels}
FILE_NAMES = {"jetclass": JETCLASS, "top": TOPLANDSCAPE, "quark": QUARKGLUON, "gluon": QUARKGLUON}


def meaning(path: str, branches: Iterable[str], largest: int = 1) -> Dataset | None:
    """Whose classes the `label` column counts, given its largest value; None if nothing tells.

    The branches tell first. Labels of 0 and 1 without particle identity may be tops or quarks: then the
    name of the file tells.
    """
    if "label" not in branches or LABELS & set(branches):
        return None
    if largest > 1:
        return JETCLASS
    if "part_pid" in branches:
        return QUARKGLUON
    name = PurePath(path).name.lower()
    return next((dataset for part, dataset in FILE_NAMES.items() if part in name), None)


def one_hot(label: np.ndarray, dataset: Dataset) -> dict[str, np.ndarray]:
    """The label branches (J,) bool. With two classes, label 1 is the signal, which is class 0 here."""
    index = 1 - label if len(dataset.labels) == 2 else label
    return {name: index == i for i, name in enumerate(dataset.labels)}
