"""Whether a cut on a model's score changes the distribution of another number of the background: its mass, say.

A tagger whose score knows the mass makes the background that passes look like the signal.
Shapes: M models, J jets, K bins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from part.analysis.statistics.histograms import DRAWS, SampleDivergence, bin_edges, compare_values, histogram
from part.comparison.columns import WorkingPoint, passes
from part.comparison.result import Comparison
from part.errors import PartError

BINS = 30  # of the histograms that are drawn
JETS_A_BIN, FEW_BINS = 5, 6  # passing jets a bin at least, while there are more than FEW_BINS
TAIL = 0.005  # of the background on either side, which the outer bins hold


@dataclass(frozen=True, eq=False)
class Sculpting:
    """The background that passes a working point, and that which does not.

    Attributes
    ----------
    name : str
        The column.
    point : WorkingPoint
    edges : ndarray (K + 1,)
        The first and last bin also hold the values beyond the edges.
    passing, failing : ndarray (M, K)
        Numbers of background jets.
    divergence : tuple (M,)
        Of passing from failing jets; None where there are less than `histograms.MIN_JETS` of either.
    not_finite : int
        Background jets without a finite number, which are left out.
    """

    name: str
    point: WorkingPoint
    edges: np.ndarray
    passing: np.ndarray
    failing: np.ndarray
    divergence: tuple[SampleDivergence | None, ...]
    not_finite: int


def measure_sculpting(
    comparison: Comparison,
    name: str,
    values: np.ndarray,
    point: WorkingPoint,
    bins: int = BINS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Sculpting:
    """Compare the background that passes a working point of each model with that which does not.

    Parameters
    ----------
    comparison : Comparison
        With labels.
    name : str
        The column.
    values : ndarray (J,)
        A number for each jet of the comparison.
    point : WorkingPoint
    bins : int
        The number of bins of the histograms at most; fewer where few jets pass or there are few distinct values.
    draws, seed : int
        Bootstrap draws and permutations of the divergence.

    Raises
    ------
    PartError
        If no background jet has a finite number.
    """
    background = comparison.labels == point.background
    own = np.asarray(values, np.float64)[comparison.labelled][background]
    finite = np.isfinite(own)
    if not finite.any():
        raise PartError(f"No background jet has a finite number in {name}; expected at least one.")
    cuts = [passes(comparison, m, point)[background][finite] for m in range(len(comparison.names))]
    fewest = min(int(cut.sum()) for cut in cuts)
    edges = histogram_edges(own[finite], min(bins, max(fewest // JETS_A_BIN, FEW_BINS)))
    passing, failing = (
        np.stack([histogram(own[finite][cut if side else ~cut], edges) for cut in cuts]) for side in (True, False)
    )
    divergences = [compare_values(own[finite][cut], own[finite][~cut], draws, seed) for cut in cuts]
    return Sculpting(name, point, edges, passing, failing, tuple(divergences), int((~finite).sum()))


def histogram_edges(values: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return edges (K + 1,) of equal widths without the tails, or a bin for each of a few distinct values."""
    if len(np.unique(values)) <= bins:
        return bin_edges(values, bins)
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    return np.linspace(low, high, bins + 1) if low < high else bin_edges(values, bins)


def sculpting_rows(comparison: Comparison, sculpting: Sculpting) -> Iterator[dict]:
    """Yield a row for each model."""
    classes, point = comparison.dataset.classes, sculpting.point
    for m, model in enumerate(comparison.names):
        row: dict[str, Any] = {"column": sculpting.name, "model": model, "measure": "jensen_shannon_bits"}
        row |= {"signal": classes[point.signal], "efficiency": point.efficiency}
        row |= {"jets": int(sculpting.passing[m].sum() + sculpting.failing[m].sum())}
        row |= {"passing": int(sculpting.passing[m].sum())}
        found = sculpting.divergence[m]
        names = {"value": "value", "low": "low", "high": "high", "plain": "plain", "by_chance": "chance"}
        row |= {key: None if found is None else float(f"{getattr(found, field):.5g}") for key, field in names.items()}
        yield row | {"p_value": None if found is None else float(f"{found.p_value:.5g}")}
