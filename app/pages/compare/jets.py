"""The jets on which the models disagree most; a click opens one in Explore."""

import numpy as np
import streamlit as st

from app.components.canvas.canvas import asset, clicked, script
from app.services.comparison import Comparison
from app.state.resolve import Choice
from app.state.selection import change

LISTED = 100
_component = st.components.v2.component(
    "partscope_jets", html=asset("table.html"), css=asset("table.css"), js=script("table.js")
)


def jets_table(
    choice: Choice, comparison: Comparison, entries: np.ndarray, accents: tuple[str, ...], height: int
) -> None:
    jets = comparison.most_different(LISTED)
    columns = _columns(choice, comparison, entries, jets)
    payload = {
        "key": f"{len(jets)}/{entries[jets[0]]}",
        "height": height,
        "columns": [(name, is_text) for name, (is_text, _) in columns.items()],
        "rows": [list(row) for row in zip(*(texts for _, texts in columns.values()), strict=True)],
        "numbers": (entries[jets] + 1).tolist(),  # 0 would say that nothing was clicked
        "colours": [_only_right(comparison, jet, accents) for jet in jets],
        "chosen": None,
    }
    _component(data=payload, key="jets", on_particle_change=clicked("jets", _open))


def _open(entry: int) -> None:
    change(jet=entry, particle=None, wrong=False)
    st.session_state["open_explore"] = True


def _columns(
    choice: Choice, comparison: Comparison, entries: np.ndarray, jets: np.ndarray
) -> dict[str, tuple[bool, list[str]]]:
    """Heading -> whether it is text, and a text a jet."""
    titles, sample, chosen = comparison.dataset.titles, choice.sample, entries[jets]
    columns = {"jet": (False, [str(entry) for entry in chosen])}
    if comparison.truth is not None:
        columns["class"] = (True, [titles[c] for c in comparison.truth[jets]])
    for name, classes, scores in zip(comparison.names, comparison.classes, comparison.probabilities, strict=True):
        taken = [f"{titles[c]} {scores[jet, c]:.2f}" for jet, c in zip(jets, classes[jets], strict=True)]
        columns[name] = (True, taken)
    columns["divergence"] = (False, [f"{value:.2g}" for value in comparison.divergence[jets]])
    columns["pT [GeV]"] = (False, [f"{value:.0f}" for value in sample.pt[chosen]])
    columns["constituents"] = (False, [str(value) for value in sample.n[chosen]])
    return columns


def _only_right(comparison: Comparison, jet: int, accents: tuple[str, ...]) -> str:
    """The colour of the only model that is right, or none."""
    if comparison.truth is None:
        return "transparent"
    right = np.flatnonzero(comparison.classes[:, jet] == comparison.truth[jet])
    return accents[right[0]] if len(right) == 1 else "transparent"
