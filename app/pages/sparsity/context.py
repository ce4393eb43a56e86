"""What the page shows of sparsity: of which models and head, which number; and the line where that is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.components.card import ACCENTS
from app.components.messages import note, refuse
from app.components.study.controls import model_segments, number, segments
from app.components.study.header import progress
from app.services.models import BadInput
from app.services.sparsity import QUANTITIES
from app.services.studies import Findings, Task
from app.state.resolve import Choice
from app.state.selection import adopt, mirror

ONE_MODEL = ("places", "components")  # tabs that study the chosen one of several models
WITH_QUANTITY = ("heads", "groups")
WITH_HEAD = ("groups", "places", "components")


@dataclass(frozen=True, eq=False)
class Look:
    """One run of the page. tasks: the studies of this tab, one for each model that can be studied."""

    choice: Choice
    tasks: Sequence[Task]

    @property
    def quantity(self) -> str:
        asked = self.choice.selection.measure
        return asked if asked in QUANTITIES else next(iter(QUANTITIES))

    @property
    def focus(self) -> Task:
        """Of the model that the shared parts show."""
        names = [task.name for task in self.tasks]
        chosen = self.choice.selection.models[self.choice.selection.focus]
        return self.tasks[names.index(chosen) if chosen in names else 0]

    @property
    def layer(self) -> int:
        return min(self.choice.selection.layer, self.tasks[0].model.config.layers - 1)

    @property
    def head(self) -> int:
        return min(self.choice.selection.head, self.tasks[0].model.config.heads - 1)

    @property
    def accents(self) -> tuple[str, ...]:
        """Colours of the models that are studied, those that they have on other pages."""
        colours = ACCENTS[st.context.theme.type or "light"]
        return tuple(colours[self.choice.selection.models.index(task.name)] for task in self.tasks)

    def findings(self, about: str) -> dict[str, Findings]:
        """What is found, by model, if all is done; else the page says where it stands. about: what Run would show."""
        jobs = [task.job for task in self.tasks]
        for job in jobs:
            if job and job.error:
                if not isinstance(job.error, BadInput):
                    raise job.error
                refuse(job.error)
        if any(job and job.running for job in jobs):
            progress(jobs)
        elif self.tasks and not any(job and (job.result or job.error) for job in jobs):
            note(about)
        return {task.name: job.result for task, job in zip(self.tasks, jobs, strict=True) if job and job.result}


def controls(look: Look, tab: str, titles: dict[str, str]) -> None:
    """The tabs; then which model, number and head, as far as the tab has a choice of them."""
    choice = look.choice
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        segments("Shown", "tab", titles, tab)
        if tab in (*ONE_MODEL, "topk"):
            model_segments(choice.selection.models, choice.selection.focus)
        if tab in WITH_QUANTITY:
            st.selectbox(
                "Number",
                list(QUANTITIES),
                key=mirror("measure", look.quantity),
                format_func=lambda name: QUANTITIES[name].title,
                on_change=adopt,
                args=("measure",),
                width=300,
            )
        if look.tasks and (tab in WITH_HEAD or (tab == "weights" and len(look.tasks) > 1)):
            config = look.tasks[0].model.config
            number("Layer", "layer", look.layer, config.layers)
            if tab != "weights":
                number("Head", "head", look.head, config.heads)
