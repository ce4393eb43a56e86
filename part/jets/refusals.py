"""The entries of a file that cannot be jets, and what is wrong with the first of them.

Shapes: J entries, K of them that are still looked at.
"""

from collections.abc import Callable

import numpy as np

from part.errors import PartError


class Refusals:
    """The entries that cannot be used, or an error for the first of them."""

    def __init__(self, n_entries: int, first: int, strict: bool):
        self.refused = np.zeros(n_entries, bool)
        self.rows = np.arange(n_entries)  # of the jets that are still looked at
        self.reasons: dict[int, str] = {}
        self._first, self._strict = first, strict

    def refuse(self, wrong: np.ndarray, sentence: Callable[[int, str], str]) -> None:
        """Refuse some jets (K,); `sentence` makes one of the place of a jet among the K and of its entry."""
        jet = int(np.argmax(wrong))
        row = int(self.rows[jet])
        if not self.refused[row]:
            self.reasons[row] = sentence(jet, f"entry {self._first + row}")
        if self._strict:
            raise PartError(self.reasons[row])
        self.refused[self.rows[wrong]] = True

    def kept(self) -> np.ndarray:
        """Return which of the jets (K,) that are looked at have not been refused, and look at no others from now on."""
        kept = ~self.refused[self.rows]
        self.rows = self.rows[kept]
        return kept

    @property
    def reason(self) -> str:
        return self.reasons[min(self.reasons)] if self.reasons else ""
