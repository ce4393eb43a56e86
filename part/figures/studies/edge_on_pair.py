"""Charts of what one edge carries between the two jets of a pair, by constituents of the clean jet."""

import numpy as np

from part.analysis.circuits.edges.one_pair import EdgeOnPair
from part.figures.charts import Chart, Grid, Plane, Plot
from part.figures.jet_view import JetView
from part.figures.sentences.numbers import short
from part.figures.sentences.one_jet import largest_part
from part.figures.studies.constituents import of_constituents

UNIT = "logit"
MOST_CELLS = 12  # constituents whose attention is shown, those of which it moves most
CLASS_TOKEN = "class token"


def charts(found: EdgeOnPair, jet_view: JetView, head: str) -> dict[str, Chart]:
    """Return how the attention of the receiving head moves, and the change of the logits by constituents.

    Parameters
    ----------
    found : EdgeOnPair
    jet_view : JetView
        The clean jet.
    head : str
        The name of the receiver.
    """
    drawn: dict[str, Chart] = {}
    if found.before is not None and found.after is not None:
        change = found.after - found.before
        if head.startswith("class"):
            drawn["attention"] = class_attention(change[0], jet_view, head)
        else:
            drawn["attention"] = attention(found.before, found.after, jet_view, head)
    if found.by_particle is not None:
        drawn["by_particle"] = by_particle(found, jet_view)
    return drawn


def attention(before: np.ndarray, after: np.ndarray, jet_view: JetView, head: str) -> Grid:
    """Return the change of a head's attention (T, T) between the constituents of which it moves most, by pT."""
    change, n = after - before, len(jet_view.constituents)
    names = (*[CLASS_TOKEN] * (len(change) - n), *(jet_view.constituents.numbered(i) for i in range(n)))
    moved = np.abs(change).sum(0) + np.abs(change).sum(1)
    most = np.argsort(-moved, kind="stable")[:MOST_CELLS]
    softness = np.append(np.full(len(change) - n, -np.inf), -np.nan_to_num(jet_view.constituents.pt))
    shown = most[np.argsort(softness[most], kind="stable")]
    titles = tuple(names[i] for i in shown)
    return Grid(
        f"{head}: change of its attention",
        "change of attention",
        change[np.ix_(shown, shown)],
        titles,
        titles,
        "from query",
        "to key",
        signed=True,
        sentence=_moved(before, after, names, len(shown)),
        about="edge_attention",
    )


def class_attention(change: np.ndarray, jet_view: JetView, head: str) -> Plane | Plot:
    """Return the change of the attention (1 + T,) that the class token pays to each constituent."""
    values = change[len(change) - len(jet_view.constituents) :]
    high, low = int(values.argmax()), int(values.argmin())
    numbered = jet_view.constituents.numbered
    rises, falls = (f"{numbered(i)} ({short(float(values[i]))})" for i in (high, low))
    sentence = f"It rises most on {rises} and falls most on {falls}." if len(values) > 1 else ""
    return of_constituents(
        f"{head}: change of its attention", "change of attention", values, jet_view, sentence, "edge_attention"
    )


def by_particle(found: EdgeOnPair, jet_view: JetView) -> Plane | Plot:
    """Return the change of the difference of logits by the constituent on which the edge carries its change."""
    values = found.by_particle
    assert values is not None
    names = [jet_view.constituents.numbered(i) for i in range(len(values))]
    sentence = largest_part(values, names, UNIT)
    sentence += f" Together {short(float(values.sum()))}, all at once {short(found.effect)}." if sentence else ""
    title = "Change of the difference of logits, constituent by constituent"
    return of_constituents(title, UNIT, values, jet_view, sentence, "edge_by_particle")


def _moved(before: np.ndarray, after: np.ndarray, names: tuple[str, ...], shown: int) -> str:
    """Return how much attention moves, and where most."""
    change = after - before
    query, key = np.unravel_index(np.abs(change).argmax(), change.shape)
    if not change[query, key]:
        return ""
    sentence = (
        f"Most moves from {names[query]} to {names[key]}: {short(float(before[query, key]))} becomes "
        f"{short(float(after[query, key]))}."
    )
    if np.allclose(before.sum(1), 1, atol=1e-3):  # through slots it is no distribution
        share = 0.5 * np.abs(change).sum(1).mean()
        sentence += f" Of all attention {short(100 * float(share))} % moves."
    left_out = len(change) - shown
    return sentence + (f" The {left_out} other constituents are left out." if left_out > 0 else "")
