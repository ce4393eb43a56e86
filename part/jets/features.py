"""The conversion of jets to tensors: the only crossing from awkward to torch.

Shapes: B jets, N particles, F features, P constituents of all jets in a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Self

import awkward as ak
import numpy as np
import torch

from part.errors import PartError
from part.jets.buffers import flat_values, list_lengths, token_rows
from part.jets.expressions.lists import Jagged, Lists, Value
from part.jets.inputs import write_inputs
from part.jets.labels import labels
from part.jets.notices import notify_not_numbers
from part.jets.preprocessing import add_derived_fields, keep_leading, leave_out_padding, require_branches
from part.jets.schema import INPUTS, MAX_CONSTITUENTS, MOMENTA, N_TRUNCATED, POINTS, VECTORS, Dataset, FeatureSet
from part.limits import MAX_INPUT, MAX_MOMENTUM

BLOCK = 16384  # constituents whose inputs are computed together, so that they stay in the processor's cache


@dataclass(frozen=True)
class JetBatch:
    """The tensors of B jets, padded to N particles.

    Padded slots of `x` and `v` repeat the jet's own particles from the first on, as in weaver's `wrap`.

    Attributes
    ----------
    x : torch.Tensor
        (B, N, F) float32, the scaled and clipped inputs.
    v : torch.Tensor
        (B, N, 4) float32, px, py, pz and E in GeV.
    mask : torch.Tensor
        (B, N) bool, True for real particles.
    y : torch.Tensor or None
        (B,) int64 class indices, if they are known.
    n_truncated : torch.Tensor
        (B,) int64, how many constituents of each jet were left out.
    """

    x: torch.Tensor
    v: torch.Tensor
    mask: torch.Tensor
    y: torch.Tensor | None
    n_truncated: torch.Tensor

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device | str) -> Self:
        """Return the same batch on a device."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: None if t is None else t.to(device) for name, t in tensors.items()})


def make_batch(
    jets: ak.Array, features: FeatureSet, dataset: Dataset | None = None, length: int | None = None
) -> JetBatch:
    """Compute the inputs of a model.

    Parameters
    ----------
    jets : ak.Array
        B jets as `read_jets` returns them. Of jets that were read with a data config all tokens are used, of others
        the 128 leading constituents (in pT).
    features : FeatureSet
        The inputs, in order.
    dataset : Dataset, optional
        The benchmark whose class indices become `y`, if the jets are labelled.
    length : int, optional
        The number N of slots; by default the largest multiplicity. Of jets that were read with a data config it has to
        be enough for all tokens.

    Returns
    -------
    JetBatch

    Raises
    ------
    PartError
        For a missing branch, a jet without constituents, no jets, or a momentum or an input that is infinite
        or of a size that none can have. An input
        that is not a number becomes 0, as in weaver-core, with a warning.
    """
    ragged = make_ragged(jets, features, dataset, MAX_CONSTITUENTS if length is None else min(length, MAX_CONSTITUENTS))
    index, mask = padding_indices(np.cumsum(ragged.counts) - ragged.counts, ragged.counts, length)
    return JetBatch(
        x=torch.from_numpy(np.take(ragged.x, index, axis=0)),
        v=torch.from_numpy(np.take(ragged.v, index, axis=0)),
        mask=torch.from_numpy(mask),
        y=None if ragged.y is None else torch.from_numpy(ragged.y),
        n_truncated=torch.from_numpy(ragged.n_truncated),
    )


def padding_indices(first: np.ndarray, counts: np.ndarray, length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return which constituent fills each slot (B, N), and which slots are real (B, N).

    first: offsets (B,) of the jets. counts: their multiplicities (B,). N is `length` or the largest multiplicity.
    """
    slots = np.arange(length or int(counts.max()))
    index = slots % counts[:, None]
    index += first[:, None]
    return index, slots < counts[:, None]


@dataclass(frozen=True)
class RaggedJets:
    """The arrays of a JetBatch without padding: x (P, F), v (P, 4), and counts, n_truncated and y, (B,) each.

    y is None where the classes are not known.
    """

    x: np.ndarray
    v: np.ndarray
    counts: np.ndarray
    y: np.ndarray | None
    n_truncated: np.ndarray


def make_ragged(
    jets: ak.Array, features: FeatureSet, dataset: Dataset | None = None, limit: int = MAX_CONSTITUENTS
) -> RaggedJets:
    """Compute the inputs of a model for the `limit` leading constituents (in pT) of each jet, without padding.

    Parameters, errors and values are those of `make_batch`.
    """
    if INPUTS in jets.fields:
        return _prepared(jets, features, dataset)
    if features.config is not None:
        raise PartError(
            f"these jets were read without the data config {features.name}; expected read_jets(..., config=)"
        )
    jets = leave_out_padding(jets)
    _check_multiplicities(jets)
    # The derived jet momentum is the sum of all constituents, including those that are left out afterwards.
    jets, n_truncated = keep_leading(add_derived_fields(jets), limit)
    require_branches(jets, features.branches)
    counts = list_lengths(jets["part_px"])
    branches = dict.fromkeys((*features.branches, *MOMENTA))
    constituents = {name: flat_values(jets[name]) for name in branches if name.startswith("part_")}
    of_jet = {name: ak.to_numpy(jets[name]) for name in branches if name not in constituents}
    first = np.concatenate([[0], np.cumsum(counts)])
    x, v = (np.empty((first[-1], width), np.float32) for width in (len(features), len(MOMENTA)))
    not_numbers: set[tuple[int, str]] = set()
    for a, b in pairwise(_block_edges(first)):
        block = slice(first[a], first[b])
        lists = Lists(counts[a:b])
        columns: dict[str, Value] = {name: Jagged(column[block], lists) for name, column in constituents.items()}
        write_inputs(columns | {name: column[a:b] for name, column in of_jet.items()}, features, x[block])
        for i, name in enumerate(MOMENTA):
            v[block, i] = constituents[name][block]
        _check_sizes(v[block], MOMENTA, counts[a:b], a, MAX_MOMENTUM)
        names = [feature.name for feature in features.features]
        not_numbers |= _replace_nan(x[block], names, counts[a:b], a)
        _check_sizes(x[block], names, counts[a:b], a, MAX_INPUT)
    notify_not_numbers(not_numbers, lambda jet: constituents["part_px"][first[jet] : first[jet + 1]].tobytes())
    return RaggedJets(x, v, counts, labels(jets, dataset) if dataset is not None else None, n_truncated)


def _prepared(jets: ak.Array, features: FeatureSet, dataset: Dataset | None) -> RaggedJets:
    """Return the inputs of jets that a data config prepared, which are there already."""
    if len(jets) == 0:
        raise PartError("no jets; expected at least one")
    counts, x = token_rows(jets[INPUTS])
    if features.point_columns and POINTS in jets.fields:
        flags = len(features.widths)
        x = np.concatenate(
            [x[:, : x.shape[1] - flags], token_rows(jets[POINTS])[1], x[:, x.shape[1] - flags :]], axis=1
        )
    if x.shape[1] != len(features):
        raise PartError(
            f"the jets have {x.shape[1]} inputs of another data config; expected the {len(features)} of {features.name}"
        )
    v = token_rows(jets[VECTORS])[1] if VECTORS in jets.fields else np.zeros((len(x), len(MOMENTA)), np.float32)
    _check_sizes(x, [item.name for item in features.features], counts, 0, MAX_MOMENTUM)
    _check_sizes(v, MOMENTA, counts, 0, MAX_MOMENTUM)
    y = labels(jets, dataset) if dataset is not None else None
    return RaggedJets(x, v, counts, y, ak.to_numpy(jets[N_TRUNCATED]).astype(np.int64))


def multiplicities(jets: ak.Array) -> np.ndarray:
    """Return how many tokens or constituents each jet has (J,)."""
    column = INPUTS if INPUTS in jets.fields else MOMENTA[0]
    if column not in jets.fields:
        require_branches(jets, MOMENTA)
    return ak.to_numpy(ak.num(jets[column], axis=1)).astype(np.int64)


def _check_multiplicities(jets: ak.Array) -> None:
    if len(jets) == 0:
        raise PartError("no jets; expected at least one")
    counts = list_lengths(jets["part_px"])
    if not counts.all():
        raise PartError(f"jet {int(np.argmin(counts))} has no constituents; expected at least one")


def _block_edges(first: np.ndarray) -> np.ndarray:
    """Return the jets at which to cut into blocks of some BLOCK constituents, from 0 to the last; first: (B + 1,)."""
    edges = np.searchsorted(first, np.arange(0, first[-1], BLOCK))
    return np.unique(np.append(edges, len(first) - 1))


def _replace_nan(x: np.ndarray, names: Sequence[str], counts: np.ndarray, jets_before: int) -> set[tuple[int, str]]:
    """Write 0 in place of NaN, as weaver-core does, and return the jets and the names of the inputs that had it."""
    is_nan = np.isnan(x)
    if not is_nan.any():
        return set()
    x[is_nan] = 0
    rows, columns = np.nonzero(is_nan)
    jets = jets_before + np.searchsorted(np.cumsum(counts), rows, side="right")
    pairs = np.unique(jets * len(names) + columns).tolist()
    return {(pair // len(names), names[pair % len(names)]) for pair in pairs}


def _check_sizes(values: np.ndarray, names: Sequence[str], counts: np.ndarray, jets_before: int, limit: float) -> None:
    """Raise PartError for the first number that is not finite, or beyond a limit."""
    if not values.size or (values.min() >= -limit and values.max() <= limit):  # neither if any is NaN
        return
    row, column = (int(i) for i in np.argwhere(~(np.abs(values) <= limit))[0])
    jet, value = jets_before + int(np.searchsorted(np.cumsum(counts), row, side="right")), values[row, column]
    expected = f"a number of at most {limit:g}" if np.isfinite(value) else "a finite number"
    raise PartError(f"jet {jet}: {names[column]} is {value:g}; expected {expected}")
