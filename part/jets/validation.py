"""The conversion of the columns of a file to jets, finding what cannot be a jet.

Shapes: J entries, K of them that can be used, P constituents of all jets in a row. Entry numbers in messages are those
of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.errors import PartError
from part.jets.buffers import flat_array, list_array
from part.jets.file_columns import list_column, number_column
from part.jets.formats.source import Column
from part.jets.momenta_checks import check_lengths, check_momenta, check_sizes
from part.jets.padding import has_padding, without_padding
from part.jets.refusals import Refusals
from part.jets.schema import JET_MOMENTUM, MOMENTA


@dataclass(frozen=True)
class CheckedJets:
    """The jets of some entries that can be used.

    Attributes
    ----------
    jets : ak.Array
        K records.
    rows : np.ndarray
        (K,) which of the J entries they are, counted from the first one that was read.
    n_left_out : np.ndarray
        (K,) how many constituents of each were left out that are no padding.
    n_below : np.ndarray
        (K,) how many constituents of each have an energy below their momentum, by more than rounding.
    refused : np.ndarray
        (J,) bool, the entries that cannot be used.
    reason : str
        What is wrong with the first of them, "" if all can be used.
    """

    jets: ak.Array
    rows: np.ndarray
    n_left_out: np.ndarray
    n_below: np.ndarray
    refused: np.ndarray
    reason: str


def to_jets(path: str, columns: Mapping[str, Column], first: int, last: int, strict: bool = True) -> CheckedJets:
    """Check the columns of the jets [first, last) of a file and zip them into records.

    Constituent branches (`part_*`) share one set of offsets; the others are flat. Constituents without momentum are
    left out. Missing values become NaN. What every model reads has to be finite: the momenta of constituents and jets.

    Parameters
    ----------
    path : str
        The file, for errors.
    columns : mapping
        The branches by name.
    first, last : int
        The entries of the file.
    strict : bool
        Whether an entry that cannot be a jet is an error; otherwise it is left out.

    Returns
    -------
    CheckedJets

    Raises
    ------
    PartError
        For a branch that holds no numbers, and if `strict` naming file, branch and entry of the first value that
        cannot belong to a jet.
    """
    refusals = Refusals(last - first, first, strict)
    lists, of_jet = {}, {}
    for name, column in columns.items():
        where = f"{path}: branch {name}"
        if len(column) != last - first:
            raise PartError(f"{where}: {len(column)} jets from entry {first}; expected {last - first}")
        if name.startswith("part_"):
            lists[name] = list_column(where, column)
        else:
            of_jet[name] = number_column(where, column)
    counts, constituents = _of_equal_lengths(path, lists, refusals)
    of_jet = {name: values[refusals.rows] for name, values in of_jet.items()} if refusals.reasons else of_jet
    n_left_out = np.zeros(len(counts), np.int64)
    if has_padding(constituents):
        constituents, counts, n_left_out = without_padding(constituents, counts)
    check_lengths(path, next(iter(lists)), counts, refusals)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    for name in MOMENTA:
        check_sizes(f"{path}: branch {name}", constituents[name], offsets, refusals)
    for name in of_jet.keys() & set(JET_MOMENTUM):
        check_sizes(f"{path}: branch {name}", of_jet[name], None, refusals)
    n_below = check_momenta(path, constituents, offsets, refusals)
    if refusals.refused[refusals.rows].any():
        kept = refusals.kept()
        of_kept = np.repeat(kept, counts)
        constituents = {name: values[of_kept] for name, values in constituents.items()}
        of_jet = {name: values[kept] for name, values in of_jet.items()}
        counts, n_left_out, n_below = counts[kept], n_left_out[kept], n_below[kept]
        offsets = np.concatenate([[0], np.cumsum(counts)])
    flat = constituents | of_jet
    jets = _zip({name: flat[name] for name in columns}, offsets)
    return CheckedJets(jets, refusals.rows, n_left_out, n_below, refusals.refused, refusals.reason)


def _of_equal_lengths(
    path: str, lists: Mapping[str, tuple[np.ndarray, np.ndarray]], refusals: Refusals
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the multiplicities (K,) and the values (P,) of the jets whose branches agree on them."""
    reference, (counts, _) = next(iter(lists.items()))
    for name, (n, _) in lists.items():
        if (wrong := n != counts).any():
            refusals.refuse(
                wrong,
                lambda jet, entry, name=name, n=n: (
                    f"{path}: branch {name}, {entry}: {n[jet]} constituents; expected {counts[jet]} as in {reference}"
                ),
            )
    if not refusals.reasons:
        return counts, {name: values for name, (_, values) in lists.items()}
    kept = refusals.kept()
    return counts[kept], {name: values[np.repeat(kept, n)] for name, (n, values) in lists.items()}


def _zip(flat: dict[str, np.ndarray], offsets: np.ndarray) -> ak.Array:
    shared = ak.index.Index64(offsets.astype(np.int64))
    contents = [
        list_array(shared, values) if name.startswith("part_") else flat_array(values) for name, values in flat.items()
    ]
    return ak.Array(ak.contents.RecordArray(contents, list(flat), length=len(offsets) - 1))
