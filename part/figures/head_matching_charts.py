"""Charts of matched heads: what became of each head of a model, and what one head is like in another model.

Shapes: R and S heads of the first and the other model.
"""

import numpy as np

from part.analysis.statistics.running_mean import Z95
from part.comparison.head_matching import HeadMatching
from part.comparison.match_heads import HeadMatches
from part.figures.charts import HeadMap
from part.figures.sentences import head_matching as sentences

UNIT = "similarity"


def match_map(matches: HeadMatches, model: int, marked: int | None = None) -> HeadMap:
    """Return the first model's heads, each with the name of its match in another model, coloured by their similarity.

    Parameters
    ----------
    matches : HeadMatches
    model : int
        The other model, which has a matching.
    marked : int, optional
        The head (R) with a frame.
    """
    matching, (first, other) = _matching(matches, model), (matches.names[0], matches.names[model])
    value, half = matching.best
    shape = matching.first_shape
    texts = [_cell(matching, r, value[r]) for r in range(len(value))]
    notes = [_note(matching, r) for r in range(len(value))]
    frame = None if marked is None else (np.arange(len(value)) == marked).reshape(shape)
    return HeadMap(
        f"Heads of {first}, and what is most like them in {other}",
        UNIT,
        value.reshape(shape),
        (half / Z95).reshape(shape),
        marked=frame,
        limits=(0.0, 1.0),
        texts=_rows(texts, shape),
        notes=_rows(notes, shape),
        sentence=sentences.matches(matching, other),
        about="head_matches",
    )


def likeness_map(matches: HeadMatches, model: int, head: int) -> HeadMap:
    """Return how like a head (R) of the first model is each head of another one, with a frame around its match."""
    matching, (first, other) = _matching(matches, model), (matches.names[0], matches.names[model])
    shape, (layer, number) = matching.other_shape, divmod(head, matching.first_shape[1])
    frame = (np.arange(matching.similarity.shape[1]) == matching.match[head]).reshape(shape)
    return HeadMap(
        f"Heads of {other}, by what they share with {head_title(layer, number)} of {first}",
        UNIT,
        matching.similarity[head].reshape(shape),
        matching.error[head].reshape(shape),
        signed=True,
        marked=frame,
        limits=(-1.0, 1.0),
        sentence=sentences.likeness(matching, head, other),
        about="head_likeness",
    )


def head_title(layer: int, head: int) -> str:
    """Return the short name of a head, from numbers that count from 0."""
    return f"L{layer + 1}H{head + 1}"


def _matching(matches: HeadMatches, model: int) -> HeadMatching:
    found = matches.matchings[model]
    if not isinstance(found, HeadMatching):
        raise ValueError(f"there are no matches in {matches.names[model]}: {found}")
    return found


def _cell(matching: HeadMatching, head: int, value: float) -> str:
    """Return the name of a head's match and their similarity, "none" where shuffled keys are as similar."""
    place = matching.place(matching.match[head])
    if place is None:
        return ""
    return f"{head_title(*place)}\n{value:.2f}".replace("-", "−") if matching.is_like[head] else "none"


def _note(matching: HeadMatching, head: int) -> str:
    """Return what a hover says of a head beside the similarity: its match, the runner-up and the null."""
    place, second = matching.place(matching.match[head]), int(matching.runner_up[head])
    if place is None:
        return "attends to all alike, so that nothing is like it"
    text = f"match {head_title(*place)}"
    if second >= 0:
        text += f", runner-up {head_title(*divmod(second, matching.other_shape[1]))}"
        text += f" ({matching.similarity[head, second]:.2f})".replace("-", "−")
    return f"{text}, shuffled keys 0 ± {Z95 * matching.shuffled_error[head]:.2g}"


def _rows(texts: list[str], shape: tuple[int, int]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(texts[layer * shape[1] : (layer + 1) * shape[1]]) for layer in range(shape[0]))
