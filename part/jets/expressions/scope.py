"""What an expression sees while it is evaluated: the columns of a table, and how large its results may become."""

from collections.abc import Mapping
from typing import Any

import awkward as ak

from part.jets.expressions.lists import Lists, Value, as_value, n_numbers, shared
from part.jets.expressions.refused import Refused, shorten

GROWTH = 64  # no result has more numbers than this many times all columns that are read,
SMALLEST_LIMIT = 2**20  # but a million are always allowed


class Scope:
    """The columns that an expression reads, each converted once.

    Parameters
    ----------
    table : Mapping
        Columns by name.
    names : tuple of str
        The columns that the expression reads.
    """

    def __init__(self, table: Mapping[str, Any], names: tuple[str, ...] = ()) -> None:
        self._table = table
        self._names = names
        self._values: dict[str, Value] = {}
        self._known: list[Lists] = []

    def load(self, name: str) -> Value:
        """Return a column. Raises Refused, naming those that exist, if it is missing."""
        if name in self._values:
            return self._values[name]
        try:
            value = as_value(self._table[name], self._known)
        except KeyError as error:
            there = shorten(", ".join(self._table))
            raise Refused(f"{name} is neither a branch nor a new variable; expected one of {there}") from error
        except Refused as error:
            raise Refused(f"{name}: {error}", named=True) from error
        if isinstance(value, ak.Array) and str(value.type).split(" * ")[-1].strip("?") == "string":
            raise Refused(f"{name}: a column of text; expected numbers", named=True)
        self._values[name] = value
        return value

    def value(self, result: Value) -> Value:
        """Return the result of a function in the form that computes fastest."""
        return as_value(result, self._known)

    def shared(self, lists: Lists) -> Lists:
        """Return the object that columns with lists of these lengths share."""
        return shared(lists, self._known)

    def check_size(self, numbers: float) -> None:
        """Raise Refused if a result of so many numbers is out of proportion to the columns that are read."""
        if numbers > SMALLEST_LIMIT:
            limit = GROWTH * sum(n_numbers(self.load(name)) for name in self._names)
            if numbers > limit:
                raise Refused(
                    f"a result of {numbers:.3g} numbers; expected at most {max(limit, SMALLEST_LIMIT):.3g}, "
                    f"{GROWTH} times the columns that are read"
                )

    def n_jets(self) -> int:
        """Return the number of jets of the table."""
        name = self._names[0] if self._names else next(iter(self._table), None)
        if name is None:
            raise Refused("an expression that reads no branch, for a table without any; expected at least one column")
        return len(self.load(name))
