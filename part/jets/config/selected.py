"""The variables of the jets that a data config selects for trainings.

Shapes: J jets.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from part.errors import PartError
from part.jets.config.columns import read_branches
from part.jets.config.config import DataConfig
from part.jets.config.per_jet import numbers_of_jets, selected
from part.jets.config.variables import Variables
from part.jets.expressions.evaluation import evaluate, variables
from part.jets.formats.opening import bounds, open_source

STEP = 100_000  # entries that are read together


@dataclass(frozen=True)
class SelectedJets:
    """The variables of the jets that a config selects for training.

    Attributes
    ----------
    where : str
        What error messages call the file.
    table : Variables
        The columns of J jets.
    entries : ndarray
        Their places in the file (J,).
    """

    where: str
    table: Variables
    entries: np.ndarray

    def __len__(self) -> int:
        return len(self.entries)

    def per_jet(self, expression: str, what: str) -> np.ndarray:
        """Return one number for each jet (J,). Raises PartError if a variable or expression gives anything else."""
        place = f"{self.where}: {what}"
        column = self.table[expression] if expression in self.table else evaluate(expression, self.table, place)
        return numbers_of_jets(column, f"{place} {expression}")

    def refuse(self, wrong: np.ndarray, what: Callable[[int], str], expected: str) -> None:
        """Raise PartError if something is wrong (J,) with a jet; `what` says it of the first one."""
        if wrong.any():
            jet = int(np.argmax(wrong))
            raise PartError(f"{self.where}, entry {self.entries[jet]}: {what(jet)}; expected {expected}.")


def read_selected(
    path: str,
    config: DataConfig,
    names: Sequence[str],
    start: int | None = None,
    stop: int | None = None,
    is_training: bool = True,
) -> SelectedJets:
    """Read some variables of the jets that a data config selects for training.

    Parameters
    ----------
    path : str
        The file.
    config : DataConfig
    names : sequence of str
        The variables, which are all that the returned table can compute.
    start, stop : int, optional
        The entries [start, stop) to select from; by default all.
    is_training : bool
        Whether the jets train; weaver-core also selects those for validation in this way.

    Raises
    ------
    PartError
        If the file lacks a branch, or the selection cannot be computed.
    """
    selected_by = variables(config.selection) if config.selection else ()
    needed = config.branches_of([*names, *selected_by])
    with open_source(path, config.tree) as source:
        first, last = bounds(path, start, stop, source.n_jets)
        columns = read_branches(path, source, config, needed, (), first, last, is_training)
    jets = SelectedJets(path, Variables(columns, dict(config.definitions), path), np.arange(first, last))
    if not config.selection:
        return jets
    kept = selected(config.selection, jets.table, path)
    jets.table.select(kept)
    return SelectedJets(path, jets.table, jets.entries[kept])


def selected_jets(paths: Sequence[str], config: DataConfig, names: Sequence[str]) -> Iterator[SelectedJets]:
    """Yield some variables of all jets that a config selects for training, some 100,000 entries at a time."""
    for path in paths:
        with open_source(path, config.tree) as source:
            n_jets = source.n_jets
        for start in range(0, n_jets, STEP):
            yield read_selected(path, config, names, start, min(start + STEP, n_jets))
