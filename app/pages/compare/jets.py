"""The jets on which the models disagree most; a click opens one in Explore."""

import numpy as np

from app.components.canvas.table import draw_table
from app.components.study.to_explore import open_in_explore
from app.pages.compare.context import CompareContext
from app.services.library import Comparison

MAX_LISTED = 100


def jets_table(context: CompareContext, comparison: Comparison, accents: tuple[str, ...], height: int) -> None:
    jets = comparison.most_different(MAX_LISTED)
    entries = context.shown_entries[jets]
    columns = _columns(context, comparison, jets)
    payload = {
        "key": f"{len(jets)}/{entries[0]}",
        "height": height,
        "columns": [(name, is_text) for name, (is_text, _) in columns.items()],
        "rows": [list(row) for row in zip(*(texts for _, texts in columns.values()), strict=True)],
        "numbers": (entries + 1).tolist(),  # 0 would say that nothing was clicked
        "colours": [_colour(comparison, jet, accents) for jet in jets],
        "chosen": None,
    }
    draw_table(payload, "jets", _open)


def _open(entry: int) -> None:
    open_in_explore(jet=entry, particle=None, misclassified_only=False)


def _columns(context: CompareContext, comparison: Comparison, jets: np.ndarray) -> dict[str, tuple[bool, list[str]]]:
    """Return for each heading whether the column is text, and a text for each jet."""
    titles, sample, entries = comparison.dataset.titles, context.resolved.sample, context.shown_entries[jets]
    columns = {"jet": (False, [str(entry) for entry in entries])}
    if comparison.truth is not None:
        columns["class"] = (True, [titles[c] if c >= 0 else "" for c in comparison.truth[jets]])
    for name, classes, scores in zip(comparison.names, comparison.classes, comparison.probabilities, strict=True):
        predictions = [f"{titles[c]} {scores[jet, c]:.2f}" for jet, c in zip(jets, classes[jets], strict=True)]
        columns[name] = (True, predictions)
    columns["divergence"] = (False, [f"{value:.2g}" for value in comparison.divergence[jets]])
    if np.isfinite(sample.pt).any():
        columns["pT [GeV]"] = (False, [f"{value:.0f}" if np.isfinite(value) else "" for value in sample.pt[entries]])
    columns["constituents"] = (False, [str(value) for value in sample.n[entries]])
    return columns


def _colour(comparison: Comparison, jet: int, accents: tuple[str, ...]) -> str:
    """Return the colour of the only model that is right, if there is exactly one."""
    if comparison.truth is None:
        return "transparent"
    right = np.flatnonzero(comparison.classes[:, jet] == comparison.truth[jet])
    return accents[right[0]] if len(right) == 1 else "transparent"
