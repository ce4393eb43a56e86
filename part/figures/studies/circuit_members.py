"""Charts of what is in a set of heads or edges."""

import numpy as np

from part.analysis.circuits.search.kept_heads import CLASS, PARTICLE
from part.analysis.circuits.search.result import CircuitResult
from part.analysis.intervention.ablation import AblationTarget
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Grid, HeadMap, Plot, Series
from part.figures.sentences.numbers import listed

SHARE = "share of the difference of logits"
BARS = 24  # of members at most, those that are missed most


def is_of_heads(result: CircuitResult) -> bool:
    return isinstance(result.searched.members[0], AblationTarget)


def has_class_heads(result: CircuitResult) -> bool:
    return is_of_heads(result) and any(head.kind == CLASS for head in result.searched.members)


def head_map(result: CircuitResult, size: int) -> HeadMap:
    """Return what the set loses without each head of the layers, with the order in which heads entered."""
    return _map(result, size, PARTICLE, f"The set of {size}: order of entry, and loss without each head")


def class_head_map(result: CircuitResult, size: int) -> HeadMap:
    """Return the same for the heads of the class blocks."""
    return _map(result, size, CLASS, "Heads of the class token")


def members(result: CircuitResult, size: int) -> Plot:
    """Return bars of what the set loses without each of its members, or of those that were left out in turn."""
    places = result.places_left_out(size)
    own = result.members(size)
    names = [short_name(own[place]) for place in places]
    value, low, high = _lost(result, size)
    order = np.argsort(-value, kind="stable")[:BARS]
    bars = Series("", tuple(names[i] for i in order), value[order], low[order], high[order], style="bars")
    needed = int((low > 0).sum())
    tried = "" if len(places) == size else f", {len(places)} drawn at random were left out in turn;"
    sentence = f"Of {counted(result, size)}{tried or ','} {needed} cannot be left out without a loss."
    each = "each of" if not tried else "some of"
    title = f"Loss without {each} {counted(result, size)}" + (f", the {BARS} largest" if len(places) > BARS else "")
    return Plot(title, SHARE, "", (bars,), sentence=sentence, about="circuit_members")


def edge_grid(result: CircuitResult, size: int) -> Grid:
    """Return how many edges of the set lead from one layer to another one."""
    groups, counts = result.searched.members.between_layers(result.searched.orders[0, :size])
    rows, columns = np.flatnonzero(counts.any(1)), np.flatnonzero(counts.any(0))
    known = counts[np.ix_(rows, columns)]
    senders, receivers = (tuple(groups[i] for i in chosen) for chosen in (rows, columns))
    title = f"Where the {counted(result, size)} lead"
    shown = np.where(known > 0, known, np.nan)
    return Grid(title, "edges", shown, senders, receivers, "from layer", "to layer", about="circuit_edges")


def short_name(member) -> str:
    """Return a short name of a member, in which layers and heads count from 1."""
    if not isinstance(member, AblationTarget):
        return str(member)
    return f"{'class ' if member.kind == CLASS else ''}L{(member.layer or 0) + 1}H{(member.head or 0) + 1}"


def noun(result: CircuitResult) -> str:
    return "head" if is_of_heads(result) else "edge"


def counted(result: CircuitResult, size: int) -> str:
    return f"{size} {noun(result)}{'s' if size > 1 else ''}"


def _map(result: CircuitResult, size: int, kind: str, title: str) -> HeadMap:
    heads = result.searched.members
    layers = 1 + max(head.layer or 0 for head in heads if head.kind == kind)
    columns = 1 + max(head.head or 0 for head in heads if head.kind == kind)
    values, error = np.zeros((2, layers, columns))
    texts = [[""] * columns for _ in range(layers)]
    marked = np.zeros((layers, columns), bool)
    entered = {int(i): number + 1 for number, i in enumerate(result.searched.grown[0])}
    value, low, high = _lost(result, size)
    chosen = {int(i): place for place, i in enumerate(result.searched.orders[0, :size])}
    for i, head in enumerate(heads):
        if head.kind != kind:
            continue
        place = head.layer or 0, head.head or 0
        texts[place[0]][place[1]] = str(entered.get(i, ""))
        if i in chosen:
            marked[place] = True
            values[place], error[place] = value[chosen[i]], (high - low)[chosen[i]] / (2 * Z95)
    names = [short_name(head) for head in result.members(size) if head.kind == kind]
    sentence = f"In the set: {listed(names)}." if names else ""
    return HeadMap(
        title,
        SHARE,
        values,
        error,
        True,
        marked,
        texts=tuple(map(tuple, texts)),
        sentence=sentence,
        about="circuit_heads",
    )


def _lost(result: CircuitResult, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the first sample's set loses without each member that was left out, and its interval."""
    i, n = result.place(size), len(result.places_left_out(size))
    return result.lost.value[0, i, :n], result.lost.low[0, i, :n], result.lost.high[0, i, :n]
