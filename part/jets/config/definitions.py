"""The new variables of a data config, and the branches that they are computed from."""

from collections.abc import Iterable

from part.jets.expressions.evaluation import variables


class Definitions:
    """Expressions by the names of the variables that they define.

    Parameters
    ----------
    pairs : tuple of (str, str)
        Name and expression, in the order of the config.
    """

    def __init__(self, pairs: tuple[tuple[str, str], ...]):
        self._pairs, self._expressions = pairs, dict(pairs)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._expressions)

    def branches(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the branches that variables are computed from, in order of first use."""
        return tuple(name for name in self._closure(names) if name not in self._expressions)

    def needed(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return the definitions that variables need, in the order of the config."""
        closure = self._closure(names)
        return tuple(pair for pair in self._pairs if pair[0] in closure)

    def _closure(self, names: Iterable[str]) -> dict[str, None]:
        """Return variables and all that they are computed from."""
        found: dict[str, None] = {}
        waiting = list(names)[::-1]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = None
                waiting += variables(self._expressions[name])[::-1] if name in self._expressions else ()
        return found
