"""The meaning of jet labels: label branches, the `label` column of converted files, class indices.

Only numpy is imported here, so that the command line knows the datasets without loading torch. Shapes: J jets.
"""

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from part.errors import PartError
from part.jets.datasets import DATASETS, JETCLASS, QUARKGLUON, TOPLANDSCAPE
from part.jets.schema import TRUTH, Dataset

if TYPE_CHECKING:
    import awkward as ak

UNKNOWN = -1  # the class index of a jet that belongs to no class
LABEL_BRANCHES = frozenset(label for dataset in DATASETS.values() for label in dataset.labels)
_FILE_NAMES = {"jetclass": JETCLASS, "top": TOPLANDSCAPE, "quark": QUARKGLUON, "gluon": QUARKGLUON}


def detect_dataset(jets: "ak.Array") -> Dataset | None:
    """Return the benchmark whose label branches the jets carry.

    Parameters
    ----------
    jets : ak.Array
        Jets as `read_jets` returns them.

    Returns
    -------
    Dataset or None
        None if the jets lack some label branch of every benchmark.
    """
    for dataset in DATASETS.values():
        if set(dataset.labels) <= set(jets.fields):
            return dataset
    return None


def labels(jets: "ak.Array", dataset: Dataset) -> np.ndarray | None:
    """Return the class index of each jet.

    Parameters
    ----------
    jets : ak.Array
        J jets with the label branches of `dataset`, with one `label` column, or as a data config prepared them.
    dataset : Dataset
        The classes whose order defines the indices.

    Returns
    -------
    np.ndarray or None
        (J,) int64, UNKNOWN for a jet that belongs to no class; None for jets without labels.

    Raises
    ------
    PartError
        If a jet belongs to several classes, or if its `label` is out of range.
    """
    if not dataset.labels:
        return None
    if TRUTH in jets.fields:
        return jets[TRUTH].to_numpy().astype(np.int64)
    if set(dataset.labels) <= set(jets.fields):
        is_class = np.stack([jets[label].to_numpy() == 1 for label in dataset.labels], axis=1)
        n_classes = is_class.sum(axis=1)
        if (n_classes > 1).any():
            jet = int(np.argmax(n_classes > 1))
            raise PartError(f"jet {jet} belongs to {n_classes[jet]} classes of {dataset.name}; expected one")
        return np.where(n_classes == 1, is_class.argmax(axis=1), UNKNOWN).astype(np.int64)
    if "label" in jets.fields:
        return _classes_of_column(class_column(jets["label"].to_numpy()), dataset)
    return None


def known_classes(truth: np.ndarray | None) -> np.ndarray | None:
    """Return which jets (J,) belong to a class, None if none of them does."""
    if truth is None or not (truth != UNKNOWN).any():
        return None
    return truth != UNKNOWN


def class_of(jet: "ak.Array", dataset: Dataset) -> int | None:
    """Return the class index of a single jet (J = 1), or None if it is not known."""
    truth = labels(jet, dataset)
    return None if truth is None or truth[0] == UNKNOWN else int(truth[0])


def infer_dataset(
    path: str, branches: Iterable[str], largest: int = 1, default: Dataset | None = None
) -> Dataset | None:
    """Return the benchmark whose classes the `label` column of a file counts.

    The branches decide first. Labels of 0 and 1 without particle identity may mean tops or quarks: then the name of
    the file decides, and `default` if it is silent.

    Parameters
    ----------
    path : str
        The file, for its name.
    branches : iterable of str
        All branches of the file.
    largest : int
        The largest value of the `label` column.
    default : Dataset, optional
        The benchmark of a `label` column that nothing else identifies.

    Returns
    -------
    Dataset or None
        None if the file has no `label` column, has label branches as well, or cannot be identified.
    """
    branches = set(branches)
    if "label" not in branches or LABEL_BRANCHES & branches:
        return None
    if largest > 1:
        return JETCLASS
    if "part_pid" in branches:
        return QUARKGLUON
    name = PurePath(path).name.lower()
    return next((dataset for word, dataset in _FILE_NAMES.items() if word in name), default)


def one_hot(column: np.ndarray, dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the label branches, (J,) bool each, of a `label` column (J,)."""
    values = _swap_signal(np.arange(len(dataset.labels)), dataset)
    return {name: column == value for name, value in zip(dataset.labels, values, strict=True)}


def class_column(column: np.ndarray) -> np.ndarray:
    """Return a column of class numbers as int64 (J,); a missing one, which is NaN, becomes UNKNOWN."""
    if column.dtype.kind == "f":
        column = np.where(np.isnan(column), UNKNOWN, column)
    return column.astype(np.int64)


def _classes_of_column(column: np.ndarray, dataset: Dataset) -> np.ndarray:
    n_classes = len(dataset.labels)
    out_of_range = (column < UNKNOWN) | (column >= n_classes)
    if out_of_range.any():
        jet = int(np.argmax(out_of_range))
        raise PartError(f"jet {jet} has label {column[jet]}; expected 0 to {n_classes - 1} for {dataset.name}")
    return np.where(column == UNKNOWN, UNKNOWN, _swap_signal(column, dataset))


def _swap_signal(index: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Convert values of the `label` column to class indices, or back.

    Files of two classes write 1 for the signal, which is class 0 in the label order; others write the class index.
    """
    return 1 - index if len(dataset.labels) == 2 else index
