"""One run of Compare: the models, if they can be compared, and the comparison."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from app.pages.compare.second import second_sample
from app.services import comparison, comparison_columns, model_times
from app.services.jobs import Job
from app.services.library import Comparison, Dataset, MergedClasses, PartError, Tagger
from app.services.two_samples import SamplesTask
from app.state.context import PageContext
from app.state.filters import parse_filter

FEW_MODELS = (
    "Choose two to four models in the sidebar; the others are compared with the first. "
    "One model can be compared on two samples: choose the second one above."
)


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
    samples : SamplesTask or None
        One model on two samples, in place of models.
    kept : np.ndarray or None
        Which of the compared jets (J,) are in the slice that is shown; None for all.
    """

    models: dict[str, Tagger]
    error: str | None = None
    dataset: Dataset | None = None
    merged: MergedClasses | None = None
    samples: SamplesTask | None = None
    kept: np.ndarray | None = None

    @classmethod
    def create(cls, page: PageContext) -> Self:
        try:
            if len(page.selection.models) == 1 and page.state.other_file:
                entries = page.resolved.candidates[: page.state.n_compared]
                task = second_sample(page.resolved, page.state.other_file, page.state.n_compared, entries)
                return cls._of_samples(page, task)
            names = comparison.with_partner(page.selection.models, page.file)
            if not comparison.can_compare(names):
                return cls(page.resolved, page.state, {})
            models = comparison.comparable_models(names, page.file)
        except PartError as error:
            return cls(page.resolved, page.state, {}, str(error))
        dataset = next(iter(models.values())).dataset
        try:
            merged = comparison.merge(dataset, page.state.merged, page.state.background)
        except PartError as error:
            return cls(page.resolved, page.state, {}, str(error), dataset)
        return cls(page.resolved, page.state, models, None, dataset, merged)

    @classmethod
    def _of_samples(cls, page: PageContext, task: SamplesTask) -> Self:
        """Return the context of one model on two samples."""
        dataset = task.model.dataset
        try:
            merged = comparison.merge(dataset, page.state.merged, page.state.background)
        except PartError as error:
            return cls(page.resolved, page.state, {}, str(error), dataset)
        return cls(page.resolved, page.state, {}, None, dataset, merged, replace(task, merged=merged))

    @property
    def entries(self) -> np.ndarray:
        return self.resolved.candidates[: self.state.n_compared]

    @property
    def shown_entries(self) -> np.ndarray:
        """The entries of the jets that are shown: all that are compared, or the slice."""
        return self.entries if self.kept is None else self.entries[self.kept]

    @property
    def about(self) -> str:
        """What the user should know: which model was chosen for them, and when a precomputed result was measured."""
        if self.samples is not None or self.error:
            return ""
        if not self.models:
            return FEW_MODELS
        names, job = tuple(self.models), self.job
        chosen = "" if names == self.selection.models else f"{names[0]} alone is chosen, so it is beside {names[1]}. "
        return chosen + (f"Measured on {job.measured_on}." if job and job.measured_on else "")

    @property
    def job(self) -> Job | None:
        if self.samples is not None:
            return self.samples.job
        return comparison.find(self.file, self.entries, self.models, self.merged) if self.models else None

    @property
    def times_job(self) -> Job | None:
        """The measurement of the models' times, for a comparison that has none."""
        return model_times.find(self.file, self.entries, self.models) if self.models else None

    def column(self, name: str) -> np.ndarray:
        """Return a column (J,) for the jets that are shown. Raises PartError if it cannot be read."""
        values = comparison_columns.values(self.file, self.entries, self.models, name)
        return values if self.kept is None else values[self.kept]

    def sliced(self, result: Comparison) -> tuple[Self, Comparison]:
        """Return context and comparison of the slice that is chosen, if any. Raises PartError if it has no jets."""
        if not self.state.slice:
            return self, result
        chosen = parse_filter(self.state.slice)
        kept = chosen.passes(self.column(chosen.name))
        classes = comparison.classes_key(self.merged)
        own = comparison_columns.sliced(self.file, self.entries, self.models, classes, kept, result)
        return replace(self, kept=kept), own
