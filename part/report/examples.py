"""The three jets that a report shows in full: a typical right one, the most confident wrong one, an uncertain one.

Shapes: J jets, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from part.comparison.result import Comparison
from part.errors import PartError
from part.figures.jet_view import JetView, view_jet
from part.inference.tagger import Tagger
from part.jets.streaming import EntryRange, chunks
from part.progress import Executor, execute_here


@dataclass(frozen=True, eq=False)
class Example:
    """A jet that is shown in full.

    Attributes
    ----------
    kind : str
        Why it was chosen.
    file, entry : str, int
        Where it is.
    view : JetView
        The jet as the model saw it.
    """

    kind: str
    file: str
    entry: int
    view: JetView


def choose(comparison: Comparison) -> dict[str, int]:
    """Return which jets are shown, by why they were chosen.

    Without labels, or where no jet is right or wrong, there are fewer.
    """
    probabilities = comparison.probabilities[0].astype(np.float64)
    confidence = probabilities.max(1)
    entropy = -(probabilities * np.log(np.maximum(probabilities, 1e-30))).sum(1)
    chosen: dict[str, int] = {}
    if comparison.truth is None:
        chosen["A typical jet, of median confidence"] = _median(confidence, np.arange(len(confidence)))
    else:
        right = comparison.classes[0] == comparison.truth
        if right.any():
            chosen["A typical jet among those predicted right, of median confidence"] = _median(
                confidence, np.flatnonzero(right)
            )
        if (wrong := np.flatnonzero(~right & comparison.labelled)).size:
            chosen["The most confident wrong prediction"] = int(wrong[confidence[wrong].argmax()])
    others = np.setdiff1d(np.arange(len(entropy)), list(chosen.values()))
    if others.size:
        chosen["The most uncertain prediction, of largest entropy"] = int(others[entropy[others].argmax()])
    return chosen


def _median(values: np.ndarray, rows: np.ndarray) -> int:
    """Return the one of some rows that has their median value."""
    return int(rows[np.argsort(values[rows], kind="stable")[len(rows) // 2]])


def show(
    tagger: Tagger,
    kind: str,
    file: str,
    entry: int,
    ranges: Sequence[EntryRange],
    execute: Executor = execute_here,
) -> Example:
    """Return a jet as a model sees it. Raises PartError if it cannot be read or used."""
    own = next(r for r in ranges if r.path == file and r.start <= entry < r.stop)
    chunk = next(chunks([replace(own, start=entry, stop=entry + 1)]), None)
    if chunk is None:
        raise PartError(f"{file}: entry {entry} cannot be used.")
    with chunk.error_context():
        return Example(kind, file, entry, execute(view_jet, tagger, chunk.jets))
