"""The context of one run of a page of studies: the tasks of the tab, and the model of pages that study a single one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from app.components.fitting import show_misfit
from app.components.messages import caption, note, show_errors
from app.components.study.progress import show_progress, user_error
from app.services import studies
from app.services.classes import find_group, without_shared
from app.services.figures import view_jet
from app.services.files import JetFile
from app.services.fitting import UnsuitedError
from app.services.jets import kept_entries
from app.services.library import JetView, PartError, Tagger
from app.services.models import load_tagger
from app.services.studies import Task
from app.state.context import PageContext

StudyOptions = tuple[str, dict[str, Any]]  # a name in the registry of studies, and the study's fields


@dataclass(frozen=True, eq=False)
class StudyContext(PageContext):
    """One run of a page of studies.

    Attributes
    ----------
    tab : str
        The tab that is shown.
    tasks : tuple of Task
        What Run starts.
    errors : tuple of (str, PartError)
        Models that cannot be shown or studied, and why.
    make : callable, optional
        Returns the study of the tab and its options.
    """

    tab: str
    tasks: tuple[Task, ...] = ()
    errors: tuple[tuple[str, PartError], ...] = ()
    make: Callable[[Any], StudyOptions] | None = None

    @property
    def is_ready(self) -> bool:
        """Return whether there is something for the tab to show."""
        return True

    @property
    def jet_view(self) -> JetView | None:
        """The jet that the line of the jet describes, in a context that is ready."""
        return None

    @property
    def entries(self) -> np.ndarray:
        return self.resolved.candidates[: self.state.n_studied]

    def with_study(self, make: Callable[[Any], StudyOptions]) -> Self:
        """Return the context with the tasks of the tab's study."""
        raise NotImplementedError

    def works(self, name: str) -> None:
        """Raise PartError if this tab cannot show the model of a name."""
        if self.make:
            study, options = self.make(self)
            studies.task(name, study, self.resolved.file, self.entries, **options)

    def explain(self, name: str, error: PartError, key: str) -> None:
        """Say why a model cannot be shown here, and offer models that can."""
        show_misfit(error, name, self.resolved.file, key, self.works)


@dataclass(frozen=True, eq=False)
class ModelContext(StudyContext):
    """One run of a page that studies one model.

    Attributes
    ----------
    tagger : Tagger or None
        The model; None if the page cannot show it, and `errors` says why.
    study_error : PartError or None
        Why the tab's study cannot be made of it.
    check : callable
        Raises PartError for a model that the page cannot show.
    """

    tagger: Tagger | None = None
    study_error: PartError | None = None
    check: Callable[[Tagger], None] = lambda _: None

    @classmethod
    def create(cls, page: PageContext, tab: str, check: Callable[[Tagger], None] = lambda _: None) -> Self:
        """Return the context of the focused model, if `check` does not raise PartError and it can take the jet."""
        context = cls(page.resolved, page.state, tab, check=check)
        try:
            model = load_tagger(context.name, page.file)
            _check(check, model)
            view_jet(page.file, page.jet, model, context.name)
        except PartError as error:
            return replace(context, errors=((context.name, error),))
        return replace(context, tagger=model)

    def works(self, name: str) -> None:
        other = load_tagger(name, self.resolved.file)
        self.check(other)
        StudyContext.works(replace(self, tagger=other), name)

    @property
    def is_ready(self) -> bool:
        return self.tagger is not None

    @property
    def name(self) -> str:
        """The model's name as the page shows it."""
        return self.resolved.focused_model

    @property
    def file(self) -> JetFile:
        """The file as the model reads it."""
        return self.resolved.file.for_model(self.tagger) if self.tagger else self.resolved.file

    @property
    def entries(self) -> np.ndarray:
        return kept_entries(self.file, super().entries)

    @property
    def model(self) -> Tagger:
        """The model of a context that is ready."""
        assert self.tagger is not None
        return self.tagger

    @property
    def jet_view(self) -> JetView:
        return view_jet(self.file, self.jet, self.model, self.name)

    @property
    def layer(self) -> int:
        return min(self.selection.layer, self.model.config.layers - 1)

    @property
    def head(self) -> int:
        return min(self.selection.head, self.model.config.heads - 1)

    @property
    def target_class(self) -> str:
        """The explained class or group, "" for each jet's predicted class."""
        requested = self.state.target_class
        return requested if find_group(self.model.dataset, requested) else ""

    @property
    def contrast_class(self) -> str:
        """The class or group that the explained one is compared with, "" for all others."""
        requested = self.state.contrast_class
        others = without_shared(self.model.dataset, {requested: ""}, self.target_class)
        return requested if self.target_class and requested in others else ""

    @property
    def task(self) -> Task | None:
        return self.tasks[0] if self.tasks else None

    def with_study(self, make: Callable[[Any], StudyOptions]) -> Self:
        try:
            study, options = make(self)
            task = studies.task(self.name, study, self.file, self.studied_entries(), **options)
        except PartError as error:
            return replace(self, study_error=error)
        return replace(self, tasks=(task,))

    def studied_entries(self) -> np.ndarray:
        """Return the entries that the tab's study takes."""
        return self.entries

    def result(self, about: str) -> Any | None:
        """Return the result if it is there; otherwise the page says why not.

        about is what Run would show. Of a shipped model there is a result before anything is run, and the page says so.
        """
        if self.task is None:
            if self.study_error:
                self.explain(self.name, self.study_error, "study")
            return None
        job = self.task.job
        if self.task.is_precomputed:
            caption(self.task.precomputed.sentence(self.task.entries))
        elif job is None:
            note(about)
        if job and job.is_running:
            show_progress([job], self.task.keeps_partial_results)
        caption(self.task.partial_sentence or "")
        show_errors(user_error(job))
        return self.task.result


def _check(check: Callable[[Tagger], None], model: Tagger) -> None:
    try:
        check(model)
    except PartError as error:
        raise UnsuitedError(str(error)) from error
