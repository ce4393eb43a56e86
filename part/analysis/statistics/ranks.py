"""Ranks and Spearman's ρ, where ties share the mean of their ranks, and the overlap of rankings with a set.

Shapes: ... any axes, N items of which some count; V variables, A and O sets of variables, J jets.
"""

import numpy as np

MIN_ITEMS = 3  # of a correlation; that of two items is always 1 or -1


def midranks(values: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return the ranks (..., N) of values along the last axis, from 1; equal values share the mean of their ranks.

    mask, broadcastable to the values, says which items count; the ranks of others are 0.
    """
    if mask is not None:
        values = np.where(mask, values, np.inf)
    order, first, last = _runs(values)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, -1)
    return ranks if mask is None else np.where(mask, ranks, 0)


def spearman(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the rank correlation (...) along the last axis of values that broadcast to the same shape (..., N).

    It is NaN for fewer than MIN_ITEMS items, and where either is the same for all.
    """
    mask = np.broadcast_to(mask, np.broadcast_shapes(a.shape, b.shape, mask.shape))
    n = mask.sum(-1)
    # The mean rank is (n + 1) / 2, also with ties.
    centred = [np.where(mask, midranks(v, mask) - (n[..., None] + 1) / 2, 0) for v in (a, b)]
    spread = np.sqrt(np.prod([np.square(c).sum(-1) for c in centred], axis=0))
    products = (centred[0] * centred[1]).sum(-1)
    return np.divide(products, spread, out=np.full(n.shape, np.nan), where=(spread > 0) & (n >= MIN_ITEMS))


class DrawnRanks:
    """Ranks of variables (V, J) in bootstrap draws; the jets are sorted only once.

    A jet that was drawn several times counts as so many equal jets.
    """

    def __init__(self, values: np.ndarray):
        order, first, last = _runs(values)
        self._order, self._first, self._last = order, first, last
        self._inverse = np.argsort(order, -1)

    def standardised(self, drawn: np.ndarray) -> np.ndarray:
        """Return the ranks (V, J) in a draw (J,), with a mean of 0 and a sum of squares of 1 over what was drawn.

        A variable that is the same for all becomes NaN.
        """
        counts = np.concatenate((np.zeros((len(self._order), 1)), np.cumsum(drawn[self._order], -1)), -1)
        ends = (np.take_along_axis(counts, index, -1) for index in (self._first, self._last + 1))
        ranks = np.take_along_axis((sum(ends) + 1) / 2, self._inverse, -1)
        centred = ranks - (drawn.sum() + 1) / 2
        spread = np.sqrt((centred**2 @ drawn)[:, None])
        return np.divide(centred, spread, out=np.full(centred.shape, np.nan), where=spread > 1e-9)


def drawn_spearman(a: DrawnRanks, b: DrawnRanks, drawn: np.ndarray) -> np.ndarray:
    """Return the rank correlations (A, O) of two sets of variables of the same jets in a draw (J,)."""
    if (drawn > 0).sum() < MIN_ITEMS:
        return np.full((len(a._order), len(b._order)), np.nan)
    return (a.standardised(drawn) * drawn) @ b.standardised(drawn).T


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the order of values (..., N), and the first and the last place of the run of equals at each place."""
    order = np.argsort(values, axis=-1, kind="stable")
    ranked = np.take_along_axis(values, order, -1)
    place = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    differs = ranked[..., 1:] != ranked[..., :-1]
    edge = np.ones((*values.shape[:-1], 1), bool)
    starts, stops = np.concatenate((edge, differs), -1), np.concatenate((differs, edge), -1)
    first = np.maximum.accumulate(np.where(starts, place, 0), -1)
    last = np.minimum.accumulate(np.where(stops, place, values.shape[-1])[..., ::-1], -1)[..., ::-1]
    return order, first, last
