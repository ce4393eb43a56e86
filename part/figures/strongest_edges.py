"""The edges that an event display draws, of the weights of all pairs of n constituents."""

import numpy as np


def strongest_edges(values: np.ndarray, edges: int, query: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return query and key of the entries of `values` (n, n) that are largest in size.

    The diagonal is left out. There are at most `edges`, all in the row of `query` if there is one; of equal entries
    the first come first.
    """
    size = np.abs(values).astype(np.float64)
    np.fill_diagonal(size, -1.0)
    if query is not None:
        size[np.arange(len(size)) != query] = -1.0
    order = np.argsort(-size, axis=None, kind="stable")
    order = order[: min(edges, int((size >= 0).sum()))]
    query_index, key_index = np.unravel_index(order, values.shape)
    return query_index, key_index
