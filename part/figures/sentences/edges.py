"""What a study of edges shows."""

import numpy as np

from part.analysis.circuits.edges.result import EdgesResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.sentences.numbers import MINUS, number
from part.figures.sentences.significance import widening


def value_of(mean: Mean, i: int) -> str:
    """Return one of several means with its interval of 95 %."""
    return number(float(mean.value[i]), Z95 * float(np.nan_to_num(mean.error[i])))


def strongest_edge(result: EdgesResult) -> str:
    """Return the strongest edge, and how many of the kept ones differ from none, corrected for the number of all."""
    half = Z95 * result.score.error
    with np.errstate(invalid="ignore"):
        marked = (half > 0) & (np.abs(result.score.value) > widening(result.n_edges) * half)
    if not marked.any():
        return ""
    first = int(np.flatnonzero(marked)[0])
    sender, receiver, channel = result.edge_names(first)
    into = "" if channel in ("input", "bias") else f", {channel}"
    below = int((marked & (result.score.value < 0)).sum())
    total = int(marked.sum())
    count = f"{result.n_edges:,}".replace(",", " ")
    return (
        f"Strongest: {sender} → {receiver}{into} ({value_of(result.score, first)} logit); of {count} edges at least "
        f"{total} differ from none, of these {below} speak for the class."
    )


def agreement(result: EdgesResult) -> str:
    """Return how well scores agree with exact values."""
    r, others = result.correlation(True), result.correlation(False)
    if not np.isfinite(r):
        return ""
    pairs = int(result.exact.jets.max())
    text = f"Exact values of the {result.n_strongest} strongest edges on {pairs} pairs: correlation {r:.2f}"
    text += f", {result.slope:.2f} times the score"
    text += f"; of others: correlation {others:.2f}" if np.isfinite(others) else ""
    return f"{text}.".replace("-", MINUS)
