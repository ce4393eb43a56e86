"""Jets for trainings: those that a data config selects for it, with the class and the weight of each.

A training reads neither observers nor the quantities that figures show. Shapes: J jets.
"""

from collections.abc import Callable, Sequence

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import flat_array, list_array
from part.jets.config.config import DataConfig
from part.jets.config.prepare import WITHOUT_TOKENS
from part.jets.config.reweighting import jet_weights
from part.jets.config.selected import SelectedJets, read_selected, selected_jets
from part.jets.config.tokens import make_tokens
from part.jets.config.weights import parse_weights
from part.jets.expressions.evaluation import variables
from part.jets.notices import NOT_A_NUMBER, notify
from part.jets.schema import ENTRY, INPUTS, N_TRUNCATED, POINTS, TRUTH, VECTORS

WEIGHT = "weight"  # a field of these jets


def read_labelled(
    path: str,
    config: DataConfig,
    n_classes: int,
    start: int | None = None,
    stop: int | None = None,
    is_training: bool = True,
    weighted: bool = True,
) -> ak.Array:
    """Read jets for a training.

    Parameters
    ----------
    path, config, start, stop, is_training
        See `read_selected`.
    n_classes : int
        The number of classes.
    weighted : bool
        Whether jets have the weights of the config; not if it has none.

    Returns
    -------
    ak.Array
        Records with `entry`, `inputs`, `points`, `vectors`, `truth` and `n_truncated` as `part.jets.config.prepare`
        describes them, and `weight`. Jets without any token are left out.

    Raises
    ------
    PartError
        If the file lacks a branch, a variable cannot be computed, or a jet does not belong to exactly one class.
    """
    features, weights = config.feature_set(), parse_weights(config) if weighted else None
    labels = [name for expression in config.labels.expressions for name in variables(expression)]
    inputs = [name for collection in config.collections for name in collection.variables]
    names = [*inputs, *labels, *(weights.variables if weights else ())]
    jets = read_selected(path, config, names, start, stop, is_training)
    truth = class_indices(jets, config, n_classes)
    tokens = make_tokens(jets.table.__getitem__, features, len(jets), path)
    for name, rows in tokens.not_numbers.items():
        notify(NOT_A_NUMBER, [(path, int(jets.entries[row])) for row in rows], name)
    notify(WITHOUT_TOKENS, [(path, int(entry)) for entry in jets.entries[tokens.counts == 0]])
    offsets = ak.index.Index64(np.concatenate([[0], np.cumsum(tokens.counts)]))
    contents = {ENTRY: flat_array(jets.entries), TRUTH: flat_array(truth), N_TRUNCATED: flat_array(tokens.n_truncated)}
    if weights:
        contents[WEIGHT] = flat_array(jet_weights(weights.columns(jets), weights))
    for name, rows in ((INPUTS, tokens.x), (POINTS, tokens.points), (VECTORS, tokens.v)):
        if rows is not None:
            contents[name] = list_array(offsets, rows)
    records = ak.Array(ak.contents.RecordArray(list(contents.values()), list(contents), length=len(jets)))
    return records if tokens.counts.all() else records[tokens.counts > 0]


def class_indices(jets: SelectedJets, config: DataConfig, n_classes: int) -> np.ndarray:
    """Return the class of each jet (J,) int64. Raises PartError if a jet does not belong to exactly one class."""
    labels = config.labels
    if not labels.expressions:
        raise PartError(f"{config.name} has no labels of classes; training needs them.")
    columns = [jets.per_jet(expression, "label") for expression in labels.expressions]
    for expression, column in zip(labels.expressions, columns, strict=True):
        jets.refuse(np.isnan(column), lambda _, label=expression: f"label {label} is not a number", "a class")
    if labels.kind == "index":
        whole = np.isfinite(columns[0]) & (columns[0] == np.trunc(columns[0]))
        jets.refuse(~whole, lambda jet: f"label {columns[0][jet]:g}", "the index of a class")
        index = columns[0].astype(np.int64)
        _refuse(jets, (index < 0) | (index >= n_classes), lambda jet: f"class {index[jet]}", f"0 to {n_classes - 1}")
        return index
    is_class = np.stack(columns, axis=1) != 0
    count = is_class.sum(axis=1)
    _refuse(jets, count == 0, lambda jet: "no class", f"one of {', '.join(labels.names[:8])}")
    _refuse(jets, count > 1, lambda jet: f"{count[jet]} classes", "exactly one")
    return is_class.argmax(axis=1).astype(np.int64)


def _refuse(jets: SelectedJets, wrong: np.ndarray, belongs_to: Callable[[int], str], expected: str) -> None:
    if wrong.any():
        jet = int(np.argmax(wrong))
        raise PartError(
            f"{jets.where}, entry {jets.entries[jet]}: a jet of {belongs_to(jet)}; training needs {expected}."
        )


def count_classes(config: DataConfig, paths: Sequence[str]) -> int:
    """Return one more than the largest class index of the training jets of some files. Raises PartError."""
    (expression,) = config.labels.expressions
    chunks = selected_jets(paths, config, variables(expression))
    return 1 + max((_largest(jets, expression) for jets in chunks), default=-1)


def _largest(jets: SelectedJets, expression: str) -> int:
    """Return the largest class index of some jets, -1 for none. Raises PartError."""
    column = jets.per_jet(expression, "label")
    jets.refuse(~np.isfinite(column), lambda jet: f"label {expression} is {column[jet]:g}", "the index of a class")
    return int(column.max(initial=-1))
