"""Jets whose labels cannot be those of a class: an error, or jets of no class.

Shapes: J jets.
"""

from collections.abc import Callable

import numpy as np

from part.errors import PartError
from part.jets.config.selected import SelectedJets
from part.jets.notices import UNCLEAR_CLASS, notify


class Unclear:
    """The jets without a class that is clear.

    Attributes
    ----------
    jets : np.ndarray
        (J,) bool, those that were refused so far.
    """

    def __init__(self, selected: SelectedJets, strict: bool):
        self.jets = np.zeros(len(selected), bool)
        self._selected, self._strict = selected, strict

    def refuse(self, wrong: np.ndarray, what: Callable[[int], str], expected: str) -> None:
        """Take jets (J,) as of no class and say so; if strict, raise PartError as `SelectedJets.refuse` does."""
        try:
            self._selected.refuse(wrong, what, expected)
        except PartError as error:
            if self._strict:
                raise
            where, entries = self._selected.where, self._selected.entries[wrong]
            notify(UNCLEAR_CLASS, [(where, int(entry)) for entry in entries], example=str(error))
            self.jets |= wrong
