"""What the study pages have in common below their line on top: choosing, and saying where the work stands."""

from typing import Any

import numpy as np
import streamlit as st

from app.components.messages import note, refuse
from app.components.study.header import progress
from app.services.models import BadInput
from app.services.studies import Task
from app.state.selection import adopt, mirror


def segments(label: str, field: str, titles: dict, value) -> None:
    """One of a few: titles by value of the Selection's field."""
    key = mirror(field, value)
    st.segmented_control(
        label, list(titles), key=key, format_func=titles.get, on_change=adopt, args=(field,), required=True
    )


def model_segments(models: tuple[str, ...], focus: int) -> None:
    """Which of the chosen models, where there are several."""
    if len(models) > 1:
        segments("Model", "focus", dict(enumerate(models)), focus)


def number(label: str, field: str, value: int, most: int) -> None:
    """A layer or a head, from 1 on."""
    key = mirror(field, value + 1)
    st.number_input(label, 1, most, key=key, on_change=adopt, args=(field, _less_one), width=95)


class OneModel:
    """What a page shows of one model. Its classes have `choice`, `model`, `task`, and `refused` if that may be None."""

    @property
    def name(self) -> str:
        """Of the model."""
        return self.choice.selection.models[self.choice.selection.focus]

    @property
    def entries(self) -> np.ndarray:
        return self.choice.candidates[: self.choice.selection.studied]

    @property
    def layer(self) -> int:
        return min(self.choice.selection.layer, self.model.config.layers - 1)

    @property
    def head(self) -> int:
        return min(self.choice.selection.head, self.model.config.heads - 1)

    def findings(self, about: str) -> Any | None:
        """Of the task, as `found`."""
        if self.task is None:
            note(self.refused or "")
            return None
        return found(self.task, about)


def found(task: Task, about: str) -> Any | None:
    """The findings, if they are there; else the page says where the work stands. about: what Run would show."""
    job = task.job
    if job is None:
        note(about)
    elif job.error:
        if not isinstance(job.error, BadInput):
            raise job.error
        refuse(job.error)
    elif job.running:
        progress([job])
    return job and job.result


def _less_one(value: int) -> int:
    return value - 1
