"""The order in which a set of edges grows: the strongest edge first that leads into what the set already has.

So each edge has a way to the logits at once (arXiv:2403.17806 grows its sets likewise).
Shapes: E edges, K the largest size.
"""

import heapq

import numpy as np

from part.analysis.circuits.edges.wiring import CHANNELS, Wiring


def searched_edges(wiring: Wiring) -> np.ndarray:
    """Return which edges (E,) can be chosen: all but those of pair features."""
    return wiring.edges[:, 2] != CHANNELS.index("bias")


def grow(wiring: Wiring, strength: np.ndarray, most: int) -> np.ndarray:
    """Return the first edges (K,) of the set, by their numbers in `wiring.edges`.

    Parameters
    ----------
    wiring : Wiring
    strength : ndarray (E,)
        How strong each edge is; of equal ones the first counts.
    most : int
        K.
    """
    senders, receivers = wiring.edges[:, 0], wiring.edges[:, 1]
    into: dict[int, list[int]] = {}
    for edge in np.flatnonzero(searched_edges(wiring)).tolist():
        into.setdefault(int(receivers[edge]), []).append(edge)
    reached = {len(wiring.nodes) - 1}
    waiting = [(-float(strength[edge]), edge) for edge in into[len(wiring.nodes) - 1]]
    heapq.heapify(waiting)
    grown: list[int] = []
    while waiting and len(grown) < most:
        edge = heapq.heappop(waiting)[1]
        grown.append(edge)
        sender = int(senders[edge])
        if sender not in reached:
            reached.add(sender)
            for further in into.get(sender, ()):
                heapq.heappush(waiting, (-float(strength[further]), further))
    return np.array(grown)


def all_orders(wiring: Wiring, strengths: np.ndarray, most: int) -> list[np.ndarray]:
    """Return the sets (K,) that grow by each of several strengths (P, E)."""
    return [grow(wiring, strength, most) for strength in strengths]
