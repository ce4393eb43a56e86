"""What a study of edges shows."""

import numpy as np

from part.analysis.circuits.edges.one_pair import EdgeOnPair
from part.analysis.circuits.edges.result import EdgesResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.sentences.numbers import MINUS, number, short
from part.figures.sentences.significance import widening

ENTERS = {
    "q": "the query",
    "k": "the key",
    "v": "the value",
    "gate": "the gate",
    "bias": "the interaction bias",
    "input": "the input",
}


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


def facts(result: EdgesResult, i: int, found: EdgeOnPair | None = None) -> dict[str, str]:
    """Return what is known of kept edge i, and of one jet if it was measured there: titles with numbers."""
    sender, receiver, channel = result.edge_names(i)
    node = int(result.edges[i, 0])
    known = {
        "enters": f"{ENTERS[channel]} of {receiver}" if receiver != "logits" else "the logits",
        "score": f"{value_of(result.score, i)} logit, {result.pairs} pairs",
        "exact": f"{value_of(result.exact, i)} logit, {int(result.exact.jets[i])} pairs"
        if result.measured[i]
        else "not among those that were measured",
    }
    if found is not None:
        known["exact, this jet"] = f"{short(found.effect)} of {short(found.corrupted - found.clean)} logit"
    total = f"{value_of(result.node_effects, node)} logit" if np.isfinite(result.node_effects.value[node]) else ""
    here = f"{short(found.sender_effect)} in this jet" if found is not None else ""
    known[f"total effect of {sender}"] = ", ".join(filter(None, (total, here)))
    if found is not None:
        has_direct = np.isfinite(found.sender_direct)
        direct = f"{short(found.sender_direct)} logit, in this jet" if has_direct else "none: no edge to the logits"
        known["its direct effect"] = direct
    return {title: text for title, text in known.items() if text}
