"""What the page shows of the bias: of which model, jet and head; and the line where that is chosen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from app.backend import tagger
from app.bias import Tagger, check_bias
from app.choices import Choice
from app.components.notes import note
from app.components.study.controls import found, model_segments, number, segments
from app.session import change
from app.studying import Task


@dataclass(frozen=True, eq=False)
class Look:
    """One run of the page. task: the study of this tab, if it has one; refused: why the model cannot be studied."""

    choice: Choice
    tab: str
    task: Task | None
    refused: str | None

    @property
    def name(self) -> str:
        """Of the model."""
        return self.choice.selection.models[self.choice.selection.focus]

    @property
    def model(self) -> Tagger:
        """Raises BadInput, also for a model without a bias."""
        model = tagger(self.name, self.choice.file)
        check_bias(model)
        return model

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
        """Of the study, if it is done; else the page says where it stands. about: what Run would show."""
        if self.task is None:
            note(self.refused or "")
            return None
        return found(self.task, about)


def controls(choice: Choice, tab: str, titles: dict[str, str], model: Tagger | None) -> None:
    """The tabs; then which model, where there are several, which head, and the chosen constituent to let go of."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        segments("Shown", "tab", titles, tab)
        model_segments(choice.selection.models, choice.selection.focus)
        if model:
            for field, label, count in (("layer", "Layer", model.config.layers), ("head", "Head", model.config.heads)):
                number(label, field, min(getattr(choice.selection, field), count - 1), count)
        if tab == "jet" and choice.selection.particle is not None:
            name = f"Constituent {choice.selection.particle + 1} ×"
            st.button(name, key="clear_particle", on_click=change, kwargs={"particle": None})
