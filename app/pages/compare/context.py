"""One run of Compare: the models, if they can be compared, and the comparison."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from app.services import comparison
from app.services.jobs import Job
from app.services.library import Dataset, MergedClasses, PartError, Tagger
from app.state.context import PageContext


@dataclass(frozen=True, eq=False)
class CompareContext(PageContext):
    """One run of Compare, whose state is a CompareState.

    Attributes
    ----------
    models : dict of str to Tagger
        The models by name; empty if they cannot be compared.
    error : str or None
        Why they cannot.
    dataset : Dataset or None
        Their classes.
    merged : MergedClasses or None
        The classes that are compared; None for all of them.
    """

    models: dict[str, Tagger]
    error: str | None = None
    dataset: Dataset | None = None
    merged: MergedClasses | None = None

    @classmethod
    def create(cls, page: PageContext) -> Self:
        if not comparison.can_compare(page.selection.models):
            reason = "Choose two to four models in the sidebar; the others are compared with the first."
            return cls(page.resolved, page.state, {}, reason)
        try:
            models = comparison.comparable_models(page.selection.models, page.file)
        except PartError as error:
            return cls(page.resolved, page.state, {}, str(error))
        dataset = next(iter(models.values())).dataset
        try:
            merged = comparison.merge(dataset, page.state.merged, page.state.background)
        except PartError as error:
            return cls(page.resolved, page.state, {}, str(error), dataset)
        return cls(page.resolved, page.state, models, None, dataset, merged)

    @property
    def entries(self) -> np.ndarray:
        return self.resolved.candidates[: self.state.n_compared]

    @property
    def job(self) -> Job | None:
        return comparison.find(self.file, self.entries, self.models, self.merged) if self.models else None
