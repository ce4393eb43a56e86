"""A flame chart: what a whole consists of, level below level."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Flame:
    """The parts of a whole, level below level, in the order of `leaves`.

    Parameters
    ----------
    title, unit : str
        Texts.
    root : str
        The name of the whole.
    leaves : mapping of tuple of str to float
        Sizes by path from the top, without `root`.
    coloured : tuple of str
        The top-level nodes that have a colour each, together with all nodes below them.
    sentence, about : str
        See `part.figures.charts.HeadMap`.
    """

    title: str
    unit: str
    root: str
    leaves: Mapping[tuple[str, ...], float]
    coloured: tuple[str, ...]
    sentence: str = ""
    about: str = ""

    def colour(self, path: tuple[str, ...]) -> int | None:
        """Return the index of a node's colour, None without one."""
        return self.coloured.index(path[0]) if path and path[0] in self.coloured else None

    def nodes(self) -> dict[tuple[str, ...], float]:
        """Return the sum below each path, () for the root; children follow their parents."""
        sums: dict[tuple[str, ...], float] = {(): 0.0}
        for path, value in self.leaves.items():
            for depth in range(len(path) + 1):
                sums[path[:depth]] = sums.get(path[:depth], 0.0) + value
        return sums
