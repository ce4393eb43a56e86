"""What charts of the study `bias_switch` show: predictions and quality without the bias or without q·k."""

from collections.abc import Sequence

import numpy as np

from part.analysis.bias.bias_ablation import Effect
from part.figures.sentences.numbers import listed, number, short
from part.figures.sentences.places import ends
from part.figures.sentences.significance import differs


def relative(effects: Sequence[Effect], measure: str, is_ratio: bool = False) -> str:
    """Return which ablation changes a measure of quality most, by paired draws, and how many change it at all.

    Parameters
    ----------
    effects : sequence of Effect
        Of all ablations.
    measure : str
        What is measured.
    is_ratio : bool
        Whether the changes are ratios, which are 1 where nothing changes.
    """
    null = 1.0 if is_ratio else 0.0
    change = np.array([effect.change for effect in effects])
    half = np.array([(effect.change_high - effect.change_low) / 2 for effect in effects])
    marked = differs(change, half, null)
    if not marked.any():
        return ""
    first = int(np.where(marked, np.abs(change - null), -1.0).argmax())
    value = change[first]
    how = (
        f"is {number(value, half[first])} of the untouched model's"
        if is_ratio
        else f"{'falls' if value < 0 else 'rises'} by {number(abs(value), half[first])}"
    )
    count = f"{int(marked.sum())} of {int(np.isfinite(change).sum())} changes differ from none"
    return f"Largest effect: {_named(effects[first], is_ratio)}, {measure} {how}; {count}."


def absolute(effects: Sequence[Effect], measure: str) -> str:
    """Return where predictions change most and least."""
    value, half = (np.array(x) for x in zip(*((e.value, (e.high - e.low) / 2) for e in effects), strict=True))
    names = [_named(effect) for effect in effects]
    return ends(value, half, names, "", f"Largest {measure}:", "smallest:")


def _named(effect: Effect, with_quantity: bool = False) -> str:
    of = f", {effect.quantity.removeprefix('rejection_').replace('_', ' ')}" if with_quantity else ""
    return f"{effect.ablation.title}, {effect.ablation.place}{of}"


def jet_classes(probabilities: np.ndarray, rows: Sequence[str], classes: Sequence[str]) -> str:
    """Return under how many ablations (V, C) of this jet another class than without any is the most probable."""
    best = probabilities.argmax(1)
    name, value = classes[int(best[0])], short(100 * probabilities[0, best[0]])
    others = np.flatnonzero(best != best[0])
    if not len(others):
        return f"{name} ({value} %) stays the most probable class, whatever is removed."
    shown = listed([f"{classes[int(best[i])]} ({rows[i]})" for i in others[:2]])
    count = f"{len(others)} of {len(best) - 1} cases"
    return f"In {count}, another class than {name} ({value} %) is the most probable, such as {shown}."
