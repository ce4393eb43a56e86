"""What the page shows of interventions: on which model, jet and part; and the line where that is chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.components.card import ACCENTS
from app.components.study.controls import OneModel, number
from app.services.intervention import Plot, Series
from app.services.models import Scene, Tagger, scene_of
from app.services.studies import Task
from app.state.resolve import Choice
from app.state.selection import adopt, mirror


@dataclass(frozen=True, eq=False)
class Look(OneModel):
    """One run of the page. task: the study of this tab; refused: why there is none."""

    choice: Choice
    model: Tagger
    task: Task | None
    refused: str | None

    @property
    def scene(self) -> Scene:
        return scene_of(self.choice.file, self.choice.selection.jet, self.name)

    @property
    def accent(self) -> str:
        return ACCENTS[st.context.theme.type or "light"][self.choice.selection.focus]


def before_and_after(classes: Sequence[str], before: np.ndarray, after: np.ndarray, title: str, words: str) -> Plot:
    """Probabilities (C,) of the classes as bars."""
    bars = [
        Series(name, tuple(classes), p, colour=i or None, style="bars")
        for i, (name, p) in enumerate((("as it is", before), (words, after)))
    ]
    return Plot(title, "probability", "", tuple(bars), x_range=(0, 1))


def heads_line(look: Look) -> None:
    """Layer and head by number."""
    for field, label, value, most in (
        ("layer", "Layer", look.layer, look.model.config.layers),
        ("head", "Head", look.head, look.model.config.heads),
    ):
        number(label, field, value, most)


def options(label: str, field: str, names: Sequence, title: Callable, value, width: int = 200) -> None:
    key = mirror(field, value)
    st.selectbox(label, list(names), key=key, format_func=title, on_change=adopt, args=(field,), width=width)
