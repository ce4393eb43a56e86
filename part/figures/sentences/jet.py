"""What the pictures of one jet's attention show. These are facts of the jet, so they have no intervals."""

import numpy as np

from part.figures.jet_view import JetView
from part.figures.sentences.numbers import short
from part.figures.sentences.places import head_names
from part.figures.view import QUANTITY_TITLES, View, lower_first

MIN_SHARE = 0.1  # of the attention; smaller shares are of many constituents alike


def head(jet_view: JetView, view: View) -> str:
    """Return what a head, or one of its queries, attends to most; of other quantities, which pair has most."""
    if view.quantity not in jet_view.quantities or len(jet_view.constituents) < 2:
        return ""
    values = jet_view.head(view.quantity, view.layer, view.head)
    if view.quantity != "pattern":
        return _largest_pair(jet_view, view, values)
    received = values.mean(0) if view.query is None else values[view.query]
    most = int(received.argmax())
    if received[most] < max(MIN_SHARE, 2 / len(received)):
        return ""
    owner = f"Layer {view.layer + 1} head {view.head + 1} gives"
    if view.query is not None:
        owner = f"Here {jet_view.constituents.numbered(view.query)} gives"
    target = f"slot {most + 1}" if jet_view.attends_to_slots else _constituent(jet_view, most)
    return f"{owner} {100 * received[most]:.0f} % of its attention to {target}."


def _constituent(jet_view: JetView, index: int) -> str:
    """Return a name such as "h± 3, the leading constituent (123 GeV)"."""
    particles = jet_view.constituents
    name, pt = particles.numbered(index), particles.pt
    if not np.isfinite(pt[index]):
        return name
    lead = ", the leading constituent" if index == int(np.nanargmax(pt)) else ""
    return f"{name}{lead} ({pt[index]:.3g} GeV)"


def _largest_pair(jet_view: JetView, view: View, values: np.ndarray) -> str:
    if view.query is not None:
        values = np.where(np.arange(len(values))[:, None] == view.query, values, -np.inf)
    query, key = (
        int(i) for i in np.unravel_index(np.where(np.isfinite(values), values, -np.inf).argmax(), values.shape)
    )
    numbered = jet_view.constituents.numbered
    target = f"slot {key + 1}" if jet_view.attends_to_slots else numbered(key)
    title = lower_first(QUANTITY_TITLES[view.quantity])
    return f"Largest {title}: {short(float(values[query, key]))}, of {numbered(query)} to {target}."


def all_heads(jet_view: JetView) -> str:
    """Return which heads of this jet attend to the fewest and to the most keys: exp(entropy), averaged over queries."""
    if "pattern" not in jet_view.quantities or len(jet_view.constituents) < 2:
        return ""
    weights = jet_view.pairs("pattern")  # (L, H, Q, K) of float32, whose logarithms are quick
    logarithms = np.log(np.maximum(weights, np.finfo(weights.dtype).tiny))
    entropy = -np.einsum("...k,...k->...", weights, logarithms)
    number, names = np.ravel(np.exp(entropy).mean(-1)), head_names(weights.shape[:2])
    few, many = int(number.argmin()), int(number.argmax())
    what = "slots" if jet_view.attends_to_slots else "keys"
    return f"Sharpest is {names[few]} ({number[few]:.1f} {what} a query), broadest {names[many]} ({number[many]:.1f})."
