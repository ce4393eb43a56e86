"""The weights of training jets, and the distributions that they are made from.

Shapes: J jets, X and Y bins of the two variables.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.selected import STEP, read_selected, selected_jets
from part.jets.config.weights import BASE, PRODUCT, Histograms, Weights, parse_weights

LARGEST = 0.9  # weight on average in the class that limits the others, below 1 so that passes differ
Columns = Mapping[str, np.ndarray]


def jet_weights(columns: Columns, weights: Weights, histograms: Histograms | None = None) -> np.ndarray:
    """Return the weight of each jet (J,); one of no class, or outside of all bins, has none.

    Parameters
    ----------
    columns : mapping
        What `Weights.columns` returns.
    weights : Weights
    histograms : dict, optional
        The weights (X, Y) of each class by bin; by default those of the config.
    """
    if weights.product:
        return columns[PRODUCT]
    histograms = weights.histograms if histograms is None else histograms
    assert histograms is not None, "only a config with histograms, or with precomputed weights, has weights of jets"
    (x_name, x_edges), (y_name, y_edges) = weights.bins
    x, y = columns[x_name], columns[y_name]
    inside = np.ones(len(x), bool)
    if weights.discards_outside:
        inside = (x >= x_edges[0]) & (x <= x_edges[-1]) & (y >= y_edges[0]) & (y <= y_edges[-1])
    out = np.zeros(len(x), np.float32)
    for name, histogram in histograms.items():
        own = (columns[name] == 1) & inside
        out[own] = histogram[_bin(x[own], x_edges), _bin(y[own], y_edges)]
    if weights.base:
        out *= columns[BASE]
    return out


def _bin(values: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    return np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)


def histograms_of(columns: Columns, weights: Weights) -> Histograms:
    """Return the weights (X, Y) of each class by bin, from all training jets, as weaver-core makes them.

    Parameters
    ----------
    columns : mapping
        What `Weights.columns` returns.
    weights : Weights
        Not precomputed.

    Raises
    ------
    PartError
        If no jet of a class is in any bin.
    """
    contents = {name: _contents(columns, weights, name) for name, _ in weights.classes}
    if empty := [name for name, counts in contents.items() if not (counts > 0).any()]:
        raise PartError(f"weights: no training jet of {empty[0]} is within the bins of the reweight_vars.")
    made = {name: _bin_weights(weights, counts, contents[weights.classes[0][0]]) for name, counts in contents.items()}
    shares = {name: np.sum(contents[name] * made[name]) / share for name, share in weights.classes}
    if empty := [name for name, share in shares.items() if not share > 0]:
        raise PartError(f"weights: no bin of {empty[0]} holds jets of {weights.classes[0][0]}, its reference, as well.")
    least = min(shares.values()) * LARGEST
    made = {name: histogram * (float(least) / shares[name]) for name, histogram in made.items()}
    if weights.base:
        cut_off = np.percentile(jet_weights(columns, weights, made), 100 - weights.threshold)
        if not cut_off > 0:
            raise PartError(f"weights: {100 - weights.threshold:g} % of the training jets have no weight.")
        made = {name: histogram / cut_off for name, histogram in made.items()}
    return {name: histogram.astype(np.float32) for name, histogram in made.items()}


def _contents(columns: Columns, weights: Weights, name: str) -> np.ndarray:
    """Return how many jets of a class are in each bin (X, Y), each counted by its weight before."""
    own = columns[name] == 1
    values, edges = [columns[variable][own] for variable, _ in weights.bins], [edges for _, edges in weights.bins]
    if not weights.discards_outside:
        # In the type of the file, as in weaver-core: an edge that float32 rounds outwards leaves such jets outside.
        values = [np.clip(value, edge[0], edge[-1]) for value, edge in zip(values, edges, strict=True)]
    base = columns[BASE][own] if weights.base else None
    return np.histogram2d(*values, bins=edges, weights=base)[0].astype(np.float32)


def _bin_weights(weights: Weights, counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the weights (X, Y) of a class, up to a factor; a bin without jets has none, and the largest is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if weights.method == "flat":
            filled = counts[counts > np.median(counts[counts > 0]) * 0.01]
            ratio = np.percentile(filled, weights.threshold) / counts
        else:
            ratio = np.nan_to_num(reference / counts, posinf=0)
            if (ratio > 0).any():
                ratio = ratio / np.percentile(ratio[ratio > 0], 100 - weights.threshold)
    return np.clip(np.nan_to_num(ratio, posinf=0), 0, 1)


def make_histograms(config: DataConfig, paths: Sequence[str]) -> Histograms:
    """Return the weights of each class by bin, from the training jets of some files.

    Parameters
    ----------
    config : DataConfig
        One whose weights are not precomputed.
    paths : sequence of str
        The files.

    Raises
    ------
    PartError
        If a file lacks a branch, or no jet of a class is in any bin.
    """
    weights = parse_weights(config)
    assert weights is not None, "only a config with weights has histograms"
    found = [weights.columns(jets) for jets in selected_jets(paths, config, weights.variables)]
    return histograms_of({name: np.concatenate([columns[name] for columns in found]) for name in found[0]}, weights)


def count_selected(
    path: str, config: DataConfig, edges: np.ndarray, weights: Weights | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many jets are selected between each two entries, and the sum of their weights, which count 1 at most.

    Parameters
    ----------
    path : str
        The file.
    config : DataConfig
    edges : ndarray
        Entries (E + 1,) in ascending order.
    weights : Weights, optional
        By default all jets count alike.

    Returns
    -------
    tuple of ndarray
        (E,) int64 and (E,) float64.
    """
    counts, sums = np.zeros(len(edges) - 1, np.int64), np.zeros(len(edges) - 1)
    for start in range(int(edges[0]), int(edges[-1]), STEP):
        stop = min(start + STEP, int(edges[-1]))
        jets = read_selected(path, config, weights.variables if weights else (), start, stop)
        place = np.searchsorted(edges, jets.entries, side="right") - 1
        counts += np.bincount(place, minlength=len(counts))
        values = jet_weights(weights.columns(jets), weights) if weights else np.ones(len(jets))
        sums += np.bincount(place, np.clip(np.nan_to_num(values), 0, 1), minlength=len(sums))
    return counts, sums
