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
    Quantities whose roles are known, for the same tokens; `part_kind` is the index of the collection, with several,
    and `part_isParticle` is False for vertices that were made of particles, if some collection holds these.
`truth` (int64)
    The class index, -1 where a jet belongs to no class; left out where the file does not have the labels.
`n_truncated` (int64)
    Tokens beyond the lengths of the collections.

Shapes: J jets, P tokens of all jets in a row, F columns.
"""

import re
from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.jets import kinematics
from part.jets.buffers import flat_array, list_array
from part.jets.config.config import DataConfig
from part.jets.config.per_jet import is_text, numbers_of_jets, selected
from part.jets.config.selected import SelectedJets
from part.jets.config.tokens import Tokens, make_tokens
from part.jets.config.unclear import Unclear
from part.jets.config.variables import Variables
from part.jets.expressions.evaluation import variables
from part.jets.expressions.lists import Value, n_dimensions
from part.jets.labels import UNKNOWN
from part.jets.notices import NOT_A_NUMBER, notify
from part.jets.schema import (
    ENTRY,
    INPUTS,
    IS_PARTICLE,
    JET_MOMENTUM,
    KIND,
    MADE_BY,
    MOMENTA,
    N_TRUNCATED,
    POINTS,
    TRUTH,
    VECTORS,
)

BEYOND_LENGTH = "Left out, as in weaver-core: {items} beyond the lengths that the data config keeps, in {jets}."
_VERTICES = re.compile(r"(^|_)(sv|pv|v0|vtx|secvtx|vert(ex|ices)?)s?($|_|\d)", re.IGNORECASE)
WITHOUT_TOKENS = "Left out: {jets} without any particle that the data config takes."


def prepare(
    branches: Mapping[str, Value],
    config: DataConfig,
    first: int = 0,
    where: str = "jets",
    selection: str | None = None,
    strict: bool = True,
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
    strict : bool
        Whether a label that cannot be is an error; otherwise the jet has no class, and a notice says so.

    Returns
    -------
    ak.Array
        The kept jets, see the description of this module. Jets without any token are left out.

    Raises
    ------
    PartError
        If a variable cannot be computed; the sentence names file, variable and expression.
    """
    table = Variables(branches, dict(config.definitions), where)
    entries = first + np.arange(len(next(iter(branches.values()), ())))
    if expression := config.test_selection if selection is None else selection:
        kept = selected(expression, table, where)
        if not kept.all():
            table.select(kept)
            entries = entries[kept]
    roles = [
        {role: name for role, name in found.items() if _available(table, config, (name,))}
        for found in config.roles.constituents
    ]
    tokens = make_tokens(table.__getitem__, config.feature_set(), len(entries), where, roles)
    for name, rows in tokens.not_numbers.items():
        notify(NOT_A_NUMBER, [(where, int(entries[row])) for row in rows], name)
    too_long = {(where, int(entries[row])): int(tokens.n_truncated[row]) for row in tokens.n_truncated.nonzero()[0]}
    notify(BEYOND_LENGTH, too_long)
    empty = entries[tokens.counts == 0]
    notify(WITHOUT_TOKENS, [(where, int(entry)) for entry in empty])
    jets = _records(table, config, tokens, entries, where, strict)
    return jets if tokens.counts.all() else jets[tokens.counts > 0]


def class_indices(
    table: Variables, config: DataConfig, entries: np.ndarray, where: str, strict: bool = True
) -> np.ndarray | None:
    """Return the class index of each jet (J,) int64, -1 for a jet of no class; None where labels are missing.

    Raises
    ------
    PartError
        If `strict`, and a jet belongs to several classes, or its label is not a number, or no index of a class.
    """
    labels = config.labels
    if labels.kind == "none" or not _available(table, config, labels.expressions):
        return None
    jets = SelectedJets(where, table, entries)
    columns = [jets.per_jet(expression, "label") for expression in labels.expressions]
    unclear = Unclear(jets, strict)
    for expression, column in zip(labels.expressions, columns, strict=True):
        unclear.refuse(np.isnan(column), lambda _, label=expression: f"label {label} is not a number", "a class")
    if labels.kind == "index":
        column, last = columns[0], len(labels.names) - 1 if labels.names else np.iinfo(np.int32).max
        wrong = (column < -1) | (column > last) | (column != np.trunc(column))
        names = f"-1 to {last}, the classes of {config.name}" if labels.names else "the index of a class"
        unclear.refuse(wrong, lambda jet: f"label {labels.expressions[0]} is {column[jet]:g}", names)
        return np.where(unclear.jets, UNKNOWN, np.nan_to_num(column)).astype(np.int64)
    is_class = np.stack(columns, axis=1) != 0
    count = is_class.sum(axis=1)
    unclear.refuse(count > 1, lambda jet: f"a jet belongs to {count[jet]} classes of {config.name}", "one")
    return np.where((count == 1) & ~unclear.jets, is_class.argmax(axis=1), UNKNOWN).astype(np.int64)


def _available(table: Variables, config: DataConfig, expressions: tuple[str, ...]) -> bool:
    names = [name for expression in expressions for name in variables(expression)]
    return table.has(config.branches_of(names))


def _records(
    table: Variables, config: DataConfig, tokens: Tokens, entries: np.ndarray, where: str, strict: bool
) -> ak.Array:
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
        if not are_particles(config).all():
            contents[IS_PARTICLE] = list_array(offsets, are_particles(config)[tokens.kind])
    truth = class_indices(table, config, entries, where, strict)
    contents |= {} if truth is None else {TRUTH: flat_array(truth)}
    for name, values in _jet_columns(table, config, tokens, roles, where).items():
        contents.setdefault(name, flat_array(values) if isinstance(values, np.ndarray) else values.layout)
    made_by = {MADE_BY: config.inputs_sha256}
    columns = list(contents.values())
    return ak.Array(ak.contents.RecordArray(columns, list(contents), length=len(entries), parameters=made_by))


def _with_momenta(tokens: Tokens) -> dict[str, np.ndarray]:
    """Return the quantities of constituents; without a role for them the momenta are the vectors."""
    if not set(MOMENTA) <= tokens.roles.keys() and tokens.v is not None:
        return dict(zip(MOMENTA, tokens.v.T, strict=True)) | tokens.roles
    return tokens.roles


def _jet_columns(
    table: Variables, config: DataConfig, tokens: Tokens, roles: Mapping[str, np.ndarray], where: str
) -> dict[str, np.ndarray | ak.Array]:
    """Return the momentum of the jet as the file has it, otherwise that of its particles, and the observers."""
    out: dict[str, np.ndarray | ak.Array] = {}
    for role, name in config.roles.jet.items():
        if _available(table, config, (name,)) and n_dimensions(table[name]) == 1 and not is_text(table[name]):
            out[role] = numbers_of_jets(table[name], f"{where}: {name}")
    if set(MOMENTA) <= roles.keys() and set(JET_MOMENTUM) - out.keys():
        jet = np.repeat(np.arange(len(tokens.counts)), tokens.counts)
        counted = are_particles(config)[tokens.kind]  # the tracks of a vertex are particles already
        sums = [np.bincount(jet[counted], roles[name][counted], len(tokens.counts)) for name in MOMENTA]
        px, py, pz, energy = sums
        with np.errstate(invalid="ignore", divide="ignore"):  # of jets without tokens, which are left out
            total = (kinematics.pt(px, py), kinematics.eta(px, py, pz), kinematics.phi(px, py), energy)
        out = dict(zip(JET_MOMENTUM, total, strict=True)) | out
    for name in config.observers:
        if _available(table, config, (name,)) and n_dimensions(table[name]) == 1:
            text = ak.fill_none(table[name], "") if is_text(table[name]) else None
            out.setdefault(name, numbers_of_jets(table[name], f"{where}: {name}") if text is None else text)
    return out


def are_particles(config: DataConfig) -> np.ndarray:
    """Return which collections hold particles, and not vertices that were made of them; all if no name says so."""
    particles = np.array([not _VERTICES.search(collection.name) for collection in config.collections])
    return particles if particles.any() else ~particles
