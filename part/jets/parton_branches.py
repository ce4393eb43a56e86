"""The branches of a file that hold partons: numbers of each jet, or lists that have lengths of their own.

Shapes: J jets.
"""

from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import list_array, list_buffers, without_none
from part.jets.formats.source import Column
from part.jets.notices import UNCLEAR_PARTONS, notify

PARTONS = ("parton_", "aux_genpart_")  # what their names begin with, see `part.jets.truth`
GENERATED = "genpart_"  # of the particles before the detector, some hundred in each jet: read if they are asked for


def is_parton_branch(name: str) -> bool:
    """Return whether a branch describes partons, or particles before the detector."""
    return name.startswith((*PARTONS, GENERATED))


def prefix_of(name: str) -> str:
    """Return what the names of the branches that belong together begin with; "" for other branches."""
    return next((prefix for prefix in (*PARTONS, GENERATED) if name.startswith(prefix)), "")


def parton_lists(path: str, columns: Mapping[str, Column], first: int, strict: bool = True) -> dict[str, ak.Array]:
    """Return the columns that hold a list of numbers for each jet, of equal lengths where they belong together.

    Parameters
    ----------
    path : str
        The file, for errors.
    columns : mapping
        The branches by name, of J jets each; those that are no lists of numbers are left out.
    first : int
        The entry of the first jet.
    strict : bool
        Whether lists of different lengths in one jet are an error; otherwise the jet has no partons, and a notice says
        so.

    Returns
    -------
    dict of str to ak.Array
        Missing lists are empty, missing numbers are NaN.

    Raises
    ------
    PartError
        If `strict`, naming branch and entry of the first list of another length.
    """
    together: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    for name, column in columns.items():
        if is_parton_branch(name) and (buffers := _buffers(column)) is not None:
            together.setdefault(prefix_of(name), {})[name] = buffers
    lists = {}
    for branches in together.values():
        lists |= _of_equal_lengths(path, branches, first, strict)
    return {name: lists[name] for name in columns if name in lists}


def _of_equal_lengths(
    path: str, branches: Mapping[str, tuple[np.ndarray, np.ndarray]], first: int, strict: bool
) -> dict[str, ak.Array]:
    """Return branches that belong together as lists, empty for a jet in which their lengths differ."""
    reference, (expected, _) = next(iter(branches.items()))
    unclear, reason = np.zeros(len(expected), bool), ""
    for name, (counts, _) in branches.items():
        wrong = counts != expected
        if wrong.any() and not reason:
            jet = int(np.argmax(wrong))
            reason = (
                f"{path}: branch {name}, entry {first + jet}: {counts[jet]} partons; expected {expected[jet]} as in "
                f"{reference}"
            )
        unclear |= wrong
    if reason and strict:
        raise PartError(reason)
    notify(UNCLEAR_PARTONS, [(path, first + int(jet)) for jet in unclear.nonzero()[0]], example=reason)
    offsets = _offsets(np.where(unclear, 0, expected))
    clear = {n: v[np.repeat(~unclear, counts)] if reason else v for n, (counts, v) in branches.items()}
    return {name: ak.Array(list_array(offsets, values)) for name, values in clear.items()}


def parton_columns(path: str, columns: Mapping[str, Column], first: int, strict: bool = True) -> dict[str, ak.Array]:
    """Return the columns of partons: those that `parton_lists` returns, and numbers of each jet (J,)."""
    flat = {name: ak.Array(column) for name, column in columns.items()}
    flat = {name: without_none(column) for name, column in flat.items() if column.ndim == 1 and _holds_numbers(column)}
    return flat | parton_lists(path, columns, first, strict)


def with_columns(jets: ak.Array, columns: Mapping[str, ak.Array]) -> ak.Array:
    """Return jets with further columns of J items; one that they have already stays."""
    if not columns:
        return jets
    layout = ak.to_layout(jets)
    layout = layout if isinstance(layout, ak.contents.RecordArray) else ak.to_packed(layout)
    new = {name: column.layout for name, column in columns.items() if name not in layout.fields}
    contents, names = [*layout.contents, *new.values()], [*layout.fields, *new]
    return ak.Array(ak.contents.RecordArray(contents, names, length=len(jets), parameters=layout.parameters))


def check_rows(path: str, name: str, rows: int, n_jets: int) -> None:
    """Raise PartError for an array of partons that has not one row for each jet."""
    if is_parton_branch(name) and rows != n_jets:
        raise PartError(f"{path}: branch {name} has {rows} rows; expected {n_jets}, one for each jet")


def _buffers(column: Column) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the lengths (J,) and the values of lists of numbers; None for any other column."""
    if (buffers := list_buffers(column)) is not None:
        return buffers
    array = ak.Array(column)
    if ak.validity_error(array) or array.ndim != 2 or not _holds_numbers(array):
        return None
    array = without_none(array)
    return ak.to_numpy(ak.num(array)).astype(np.int64), ak.to_numpy(ak.flatten(array))


def _holds_numbers(column: ak.Array) -> bool:
    kind = str(column.type).split("*")[-1].strip().lstrip("?")
    return kind.startswith(("float", "int", "uint", "bool"))


def _offsets(counts: np.ndarray) -> ak.index.Index64:
    return ak.index.Index64(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
