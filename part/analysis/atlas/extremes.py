"""The jets in which a quantity is largest and smallest, of a stream of jets."""

import numpy as np

KEPT = 3  # jets


class Extremes:
    """The entries of the KEPT jets with the largest and the smallest values of each quantity.

    Parameters
    ----------
    shape : tuple of int
        The shape S of the quantities of a jet.
    """

    def __init__(self, shape: tuple[int, ...]):
        self._values = np.full((2, *shape, KEPT), -np.inf)  # of the largest; of the smallest with the other sign
        self._entries = np.full((2, *shape, KEPT), -1)

    @property
    def best(self) -> np.ndarray:
        """The entries (S, KEPT) of the largest values, the largest first; -1 where there are fewer jets."""
        return self._entries[0]

    @property
    def worst(self) -> np.ndarray:
        """The entries (S, KEPT) of the smallest values, the smallest first; -1 where there are fewer jets."""
        return self._entries[1]

    def add(self, values: np.ndarray, entries: np.ndarray) -> None:
        """Add values (J, S) of jets with these entries (J,); NaN is no value."""
        columns = np.moveaxis(values, 0, -1)
        signed = np.stack([np.where(np.isfinite(columns), sign * columns, -np.inf) for sign in (1, -1)])
        self._keep(signed, np.broadcast_to(entries, signed.shape))

    def merge(self, other: "Extremes") -> None:
        """Add the jets of another stream."""
        self._keep(other._values, other._entries)

    def _keep(self, values: np.ndarray, entries: np.ndarray) -> None:
        values = np.concatenate((self._values, values), -1)
        entries = np.concatenate((self._entries, np.where(np.isfinite(values[..., KEPT:]), entries, -1)), -1)
        # Of equal values the lower entry comes first, so that the order of the stream does not matter.
        order = np.lexsort((entries, -values), -1)[..., :KEPT]
        self._values, self._entries = (np.take_along_axis(a, order, -1) for a in (values, entries))
