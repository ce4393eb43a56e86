"""The variables of a data config: branches as read, and expressions of them, computed when they are needed.

Shapes: J jets.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from part.errors import PartError
from part.jets.expressions.evaluation import evaluate_flat
from part.jets.expressions.lists import Lists, Value, as_value
from part.jets.expressions.refused import Refused


class Variables(Mapping[str, Value]):
    """Columns by name; a branch of the file comes before a new variable of the same name, as in weaver-core.

    Parameters
    ----------
    branches : mapping
        The columns as read, of J jets each.
    definitions : mapping
        The expressions of new variables.
    where : str
        What error messages call the file.
    """

    def __init__(self, branches: Mapping[str, Value], definitions: Mapping[str, str], where: str):
        known: list[Lists] = []  # columns of one collection share their lists, and need not be compared again
        self._branches: dict[str, Value] = {}
        for name, column in branches.items():
            try:
                self._branches[name] = as_value(column, known)
            except Refused as error:
                raise PartError(f"{where}: branch {name}: {error}.") from None
        self._definitions, self._where = definitions, where
        self._computed: dict[str, Value] = {}
        self._computing: list[str] = []

    def __getitem__(self, name: str) -> Value:
        if name in self._branches:
            return self._branches[name]
        if name not in self._computed:
            if name not in self._definitions:
                raise PartError(f"{self._where}: there is no branch {name}.")
            if name in self._computing:
                circle = " → ".join([*self._computing, name])
                raise PartError(f"{self._where}: new variable {name} needs itself ({circle}).")
            self._computing.append(name)
            try:
                where = f"{self._where}: new variable {name}"
                self._computed[name] = evaluate_flat(self._definitions[name], self, where)
            finally:
                self._computing.pop()
        return self._computed[name]

    def __contains__(self, name: object) -> bool:
        return name in self._branches or name in self._definitions

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._branches, *self._definitions]))

    def __len__(self) -> int:
        return len({*self._branches, *self._definitions})

    def has(self, names: tuple[str, ...]) -> bool:
        """Return whether all these branches are there."""
        return all(name in self._branches for name in names)

    def select(self, kept: np.ndarray) -> None:
        """Keep some jets (J,) bool; what was computed is computed again when it is needed."""
        known: list[Lists] = []
        self._branches = {name: as_value(column[kept], known) for name, column in self._branches.items()}
        self._computed = {}
