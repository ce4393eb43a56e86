"""The jets that a data config makes of the columns of a file.

Prepared jets are records with the inputs of a model, and with JetClass's names for what figures and studies show:

`entry` (int64)
    The place in the file.
`inputs` (var * F * float32)
    The columns of `FeatureSet.features` for each token, standardised and clipped, without points.
`points` (var * D * float32)
    The coordinates in which neighbours are sought, if the config has any.
`vectors` (var * 4 * float32)
    px, py, pz, E as pair features take them, if the config has any.
`part_*` (jagged), `jet_*`
    Quantities whose roles are known, for the same tokens; `part_kind` is the index of the collection, with several.
`truth` (int64)
    The class index, -1 where a jet belongs to no class; left out where the file does not have the labels.
`n_truncated` (int64)
    Tokens beyond the lengths of the collections.

Shapes: J jets, P tokens of all jets in a row, F columns.
"""

from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets import kinematics
from part.jets.buffers import flat_array, list_array
from part.jets.config.config import DataConfig
from part.jets.config.tokens import Tokens, make_tokens
from part.jets.config.variables import Variables
from part.jets.expressions.evaluation import evaluate, variables
from part.jets.expressions.lists import Value, n_dimensions
from part.jets.notices import NOT_A_NUMBER, notify
from part.jets.schema import (
    ENTRY,
    INPUTS,
    JET_MOMENTUM,
    KIND,
    MOMENTA,
    N_TRUNCATED,
    POINTS,
    TRUTH,
    VECTORS,
)

BEYOND_LENGTH = "Left out, as in weaver-core: {items} beyond the lengths that the data config keeps, in {jets}."
WITHOUT_TOKENS = "Left out: {jets} without any particle that the data config takes."


def prepare(
    branches: Mapping[str, Value],
    config: DataConfig,
    first: int = 0,
    where: str = "jets",
    selection: str | None = None,
) -> ak.Array:
    """Select jets and compute the inputs that a data config describes.

    Parameters
    ----------
    branches : mapping
        The columns by name: (J,) for jets, jagged for constituents.
    config : DataConfig
    first : int
        The entry of the first jet in its file.
    where : str
        What error messages call the file.
    selection : str, optional
        The expression that decides which jets are kept; by default the one for prediction.

    Returns
    -------
    ak.Array
        The kept jets, see the description of this module. Jets without any token are left out.

    Raises
    ------
    PartError
        If a variable cannot be computed; the sentence names file, variable and expression.
    """
    n_jets = len(next(iter(branches.values()), ()))
    table = Variables(branches, dict(config.definitions), where)
    entries = first + np.arange(n_jets)
    if expression := config.test_selection if selection is None else selection:
        kept = _kept(evaluate(expression, table, f"{where}: selection"), n_jets, where)
        if not kept.all():
            table.select(kept)
            entries = entries[kept]
    roles = [
        {role: name for role, name in found.items() if _available(table, config, (name,))}
        for found in config.roles.constituents
    ]
    tokens = make_tokens(table.__getitem__, config.feature_set(), len(entries), roles)
    for name, rows in tokens.not_numbers.items():
        notify(NOT_A_NUMBER, [(where, int(entries[row])) for row in rows], name)
    too_long = {(where, int(entries[row])): int(tokens.n_truncated[row]) for row in tokens.n_truncated.nonzero()[0]}
    notify(BEYOND_LENGTH, too_long)
    empty = entries[tokens.counts == 0]
    notify(WITHOUT_TOKENS, [(where, int(entry)) for entry in empty])
    jets = _records(table, config, tokens, entries)
    return jets if tokens.counts.all() else jets[tokens.counts > 0]


def class_indices(table: Variables, config: DataConfig) -> np.ndarray | None:
    """Return the class index of each jet (J,) int64, -1 for a jet of no class; None where labels are missing.

    Raises
    ------
    PartError
        If a jet belongs to several classes.
    """
    labels = config.labels
    if labels.kind == "none" or not _available(table, config, labels.expressions):
        return None
    columns = [_per_jet(table[e] if e in table else evaluate(e, table, "labels"), e) for e in labels.expressions]
    if labels.kind == "index":
        return columns[0].astype(np.int64)
    is_class = np.stack(columns, axis=1) != 0
    n_classes = is_class.sum(axis=1)
    if (n_classes > 1).any():
        jet = int(np.argmax(n_classes > 1))
        raise PartError(f"jet {jet} belongs to {n_classes[jet]} classes of {config.name}; expected one.")
    return np.where(n_classes == 1, is_class.argmax(axis=1), -1).astype(np.int64)


def _kept(selected: Value, n_jets: int, where: str) -> np.ndarray:
    values = np.broadcast_to(np.asarray(selected), (n_jets,)) if np.ndim(selected) == 0 else ak.to_numpy(selected)
    if values.ndim != 1 or len(values) != n_jets:
        raise PartError(f"{where}: selection: {values.ndim} axes; expected one value for each jet.")
    return values.astype(bool)


def _available(table: Variables, config: DataConfig, expressions: tuple[str, ...]) -> bool:
    names = [name for expression in expressions for name in variables(expression)]
    return table.has(config.branches_of(names))


def _per_jet(column: Value, name: str) -> np.ndarray:
    values = ak.to_numpy(column)
    if values.ndim != 1:
        raise PartError(f"{name} has {values.ndim} axes; expected one value for each jet.")
    return values


def _records(table: Variables, config: DataConfig, tokens: Tokens, entries: np.ndarray) -> ak.Array:
    offsets = ak.index.Index64(np.concatenate([[0], np.cumsum(tokens.counts)]))
    contents = {
        ENTRY: flat_array(entries.astype(np.int64)),
        N_TRUNCATED: flat_array(tokens.n_truncated),
        INPUTS: list_array(offsets, tokens.x),
    }
    if tokens.points is not None:
        contents[POINTS] = list_array(offsets, tokens.points)
    if tokens.v is not None:
        contents[VECTORS] = list_array(offsets, tokens.v)
    roles = _with_momenta(tokens)
    contents |= {name: list_array(offsets, np.ascontiguousarray(values)) for name, values in roles.items()}
    if len(config.collections) > 1:
        contents[KIND] = list_array(offsets, tokens.kind)
    for name, values in _jet_columns(table, config, tokens, roles).items():
        contents.setdefault(name, flat_array(values))
    return ak.Array(ak.contents.RecordArray(list(contents.values()), list(contents), length=len(entries)))


def _with_momenta(tokens: Tokens) -> dict[str, np.ndarray]:
    """Return the quantities of constituents; without a role for them the momenta are the vectors."""
    if not set(MOMENTA) <= tokens.roles.keys() and tokens.v is not None:
        return dict(zip(MOMENTA, tokens.v.T, strict=True)) | tokens.roles
    return tokens.roles


def _jet_columns(
    table: Variables, config: DataConfig, tokens: Tokens, roles: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the class index, the momentum of the jet as the file has it, and the observers that are numbers."""
    out = {}
    truth = class_indices(table, config)
    if truth is not None:
        out[TRUTH] = truth
    for role, name in config.roles.jet.items():
        if _available(table, config, (name,)) and n_dimensions(table[name]) == 1:
            out[role] = ak.to_numpy(table[name])
    if set(MOMENTA) <= roles.keys() and set(JET_MOMENTUM) - out.keys():
        jet = np.repeat(np.arange(len(tokens.counts)), tokens.counts)
        sums = [np.bincount(jet, roles[name].astype(np.float64), len(tokens.counts)) for name in MOMENTA]
        px, py, pz, energy = sums
        total = (kinematics.pt(px, py), kinematics.eta(px, py, pz), kinematics.phi(px, py), energy)
        out = dict(zip(JET_MOMENTUM, total, strict=True)) | out
    for name in config.observers:
        if _available(table, config, (name,)) and n_dimensions(table[name]) == 1:
            out.setdefault(name, ak.to_numpy(table[name]))
    return out
