"""What became of the heads of a model in another one.

Shapes: R heads of the first model.
"""

import numpy as np

from part.analysis.statistics.running_mean import Z95
from part.comparison.head_matching import HeadMatching
from part.figures.sentences.numbers import with_unit
from part.figures.sentences.places import ends, head_names


def matches(matching: HeadMatching, other: str) -> str:
    """Return how many heads have one match in the model `other`, and which is kept best; "" where none has."""
    distinct, n = matching.is_distinct, len(matching.match)
    if not distinct.any():
        return ""
    where = ""
    if matching.first_shape == matching.other_shape:
        in_place = int((distinct & matching.is_in_place).sum())
        where = ", all in the same place" if in_place == distinct.sum() else f", {in_place} of them in the same place"
    text = f"{distinct.sum()} of {n} heads have a match in {other} that is more like them than any other head{where}."
    value, half = matching.best
    kept = ends(value, half, head_names(matching.first_shape), "", "Most alike", "least")
    return f"{text} {kept}".strip()


def likeness(matching: HeadMatching, head: int, other: str) -> str:
    """Return which head of `other` is most like a head, and which is next; "" where none is more than by chance."""
    if not matching.is_like[head]:
        return ""
    names = head_names(matching.other_shape)
    value, half = (float(values[head]) for values in matching.best)
    chosen = head_names(matching.first_shape)[head].capitalize()
    text = f"{chosen} is most like {names[matching.match[head]]} of {other} ({with_unit(value, half)})"
    second = int(matching.runner_up[head])
    if second >= 0:
        error = Z95 * float(matching.error[head, second])
        text += f", next like {names[second]} ({with_unit(float(matching.similarity[head, second]), error)})"
    spread = float(matching.shuffled_error[head])
    return f"{text}; shuffled keys give 0 ± {Z95 * spread:.2g}." if np.isfinite(spread) else f"{text}."
