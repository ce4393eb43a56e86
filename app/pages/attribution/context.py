"""What the page explains: which model, jet, class and method; and the lines where that is chosen."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.components.study.controls import found, model_segments, segments
from app.services.attribution import BY_INPUT, TITLES, refusals
from app.services.models import Tagger
from app.services.studies import Task
from app.state.resolve import Choice
from app.state.selection import adopt, change, mirror

NUMBER_ONLY = "It gives one number a particle."


@dataclass(frozen=True, eq=False)
class Look:
    """One run of the page. task: of one jet or of a sample, as the tab has it."""

    choice: Choice
    tab: str
    model: Tagger
    task: Task

    @property
    def of(self) -> str:
        """The class, "" for the one that a jet is taken for."""
        asked = self.choice.selection.explained
        return asked if asked in self.model.dataset.classes else ""

    @property
    def against(self) -> str:
        """Another class, "" for all others."""
        asked = self.choice.selection.versus
        return asked if self.of and asked in self.model.dataset.classes and asked != self.of else ""

    @property
    def refusals(self) -> dict[str, str | None]:
        """By method, why it cannot be had here."""
        reasons = refusals(self.model)
        if self.tab == "inputs":
            reasons |= {name: reason or NUMBER_ONLY for name, reason in reasons.items() if name not in BY_INPUT}
        return reasons

    @property
    def method(self) -> str | None:
        """None where the model can have none."""
        possible = [name for name, reason in self.refusals.items() if reason is None]
        asked = self.choice.selection.method
        return asked if asked in possible else next(iter(possible), None)

    def findings(self, about: str) -> Any | None:
        """Of the task, if it is done; else the page says where it stands. about: what Run would show."""
        return found(self.task, about)


def controls(look: Look, titles: dict[str, str]) -> None:
    """The tabs; which model, where there are several; the class and what it is held against."""
    classes = dict(zip(look.model.dataset.classes, look.model.dataset.titles, strict=True))
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        segments("Shown", "tab", titles, look.tab)
        model_segments(look.choice.selection.models, look.choice.selection.focus)
        _class("Class", "explained", {"": "as predicted"} | classes, look.of)
        others = {name: title for name, title in classes.items() if name != look.of}
        _class("Against", "versus", {"": "all others"} | others, look.against, disabled=not look.of)


def methods(look: Look) -> None:
    """A button a method; those that cannot be had are grey, and a line says why."""
    with st.container(horizontal=True, key="methods"):
        for name, reason in look.refusals.items():
            st.button(
                TITLES[name],
                key=f"method_{name}",
                type="primary" if name == look.method else "secondary",
                disabled=reason is not None,
                help=reason,
                on_click=change,
                kwargs={"method": name},
            )
    reasons = {reason for reason in look.refusals.values() if reason and reason != NUMBER_ONLY}
    if reasons:
        st.caption("Grey: " + " ".join(sorted(reasons)))


def _class(label: str, field: str, titles: dict[str, str], value: str, disabled: bool = False) -> None:
    st.selectbox(
        label,
        list(titles),
        key=mirror(field, value),
        format_func=titles.get,
        on_change=adopt,
        args=(field,),
        disabled=disabled,
        width=170,
    )
