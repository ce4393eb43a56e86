"""One run of Sparsity: the studies of several models, and the controls that all tabs share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from app.components.messages import caption, note, show_errors
from app.components.study.context import StudyContext, StudyOptions
from app.components.study.controls import head_inputs, model_segments, select
from app.components.study.progress import show_progress, user_error
from app.components.theme import accents
from app.pages.sparsity.state import SparsityState
from app.services import studies
from app.services.figures import view_jet
from app.services.library import SPARSITY_QUANTITIES, JetView, PartError
from app.services.studies import Task
from app.state.context import PageContext

ONE_MODEL = ("places", "collections", "components")  # tabs that study the focused one of several models
WITH_QUANTITY = ("heads", "groups")
WITH_HEAD = ("groups", "places", "collections", "components")


@dataclass(frozen=True, eq=False)
class SparsityContext(StudyContext):
    """One run of Sparsity, whose state is a SparsityState, with a task for each model that can be studied."""

    @property
    def is_ready(self) -> bool:
        return bool(self.tasks) or not self.errors

    @property
    def quantity(self) -> str:
        requested = self.state.measure
        return requested if requested in SPARSITY_QUANTITIES else next(iter(SPARSITY_QUANTITIES))

    @property
    def focus(self) -> Task:
        """The task of the model that the parts for a single model show."""
        names = [task.name for task in self.tasks]
        chosen = self.resolved.focused_model
        return self.tasks[names.index(chosen) if chosen in names else 0]

    @property
    def jet_view(self) -> JetView:
        return view_jet(self.focus.file, self.jet, self.focus.model, self.focus.name)

    @property
    def layer(self) -> int:
        return min(self.selection.layer, self.tasks[0].model.config.layers - 1)

    @property
    def head(self) -> int:
        return min(self.selection.head, self.tasks[0].model.config.heads - 1)

    @property
    def accents(self) -> tuple[str, ...]:
        """The colours of the models that are studied, the same as on other pages."""
        return tuple(accents()[self.selection.models.index(task.name)] for task in self.tasks)

    def with_study(self, make: Callable[[Any], StudyOptions]) -> Self:
        study, options = make(self)
        names = (self.resolved.focused_model,) if self.tab in ONE_MODEL else self.selection.models
        tasks, errors = [], []
        for name in names:
            try:
                tasks.append(studies.task(name, study, self.file, self.entries, **options))
            except PartError as error:
                errors.append((name, error))
        return replace(self, tasks=tuple(tasks), errors=tuple(errors))

    def results(self, about: str) -> dict[str, Any]:
        """Return the results by model, if all are there; otherwise the page says why not.

        about is what Run would show. Of shipped models there are results before anything is run, and the page says so.
        """
        jobs = [task.job for task in self.tasks]
        show_errors(*map(user_error, jobs))
        if any(job and job.is_running for job in jobs):
            show_progress(jobs, all(task.keeps_partial_results for task in self.tasks))
        elif made := [task for task in self.tasks if task.is_precomputed]:
            caption(made[0].precomputed.sentence(made[0].entries))
        elif self.tasks and not any(jobs):
            note(about)
        for sentence in filter(None, (task.partial_sentence for task in self.tasks)):
            caption(sentence)
        return {task.name: task.result for task in self.tasks if task.result is not None}


def make_context(page: PageContext, tab: str) -> SparsityContext:
    return SparsityContext(page.resolved, page.state, tab)


def controls(context: SparsityContext) -> None:
    """Choose the model, the quantity and the head, as far as the tab has a choice of them."""
    tab, tasks = context.tab, context.tasks
    if tab in (*ONE_MODEL, "topk"):
        model_segments(context.selection.models, context.selection.focus)
    if tab in WITH_QUANTITY:
        titles = {name: quantity.title for name, quantity in SPARSITY_QUANTITIES.items()}
        select("Quantity", SparsityState, "measure", titles, context.quantity)
    if tasks and (tab in WITH_HEAD or (tab == "weights" and len(tasks) > 1)):
        config = tasks[0].model.config
        head = None if tab == "weights" else context.head
        head_inputs(context.layer, config.layers, head, config.heads)
