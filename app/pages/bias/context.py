"""What the page shows of the bias: of which model, jet and head; and the line where that is chosen."""

from dataclasses import dataclass

import streamlit as st

from app.components.study.controls import OneModel, model_segments, number, segments
from app.services.bias import Tagger, check_bias
from app.services.models import tagger
from app.services.studies import Task
from app.state.resolve import Choice
from app.state.selection import change


@dataclass(frozen=True, eq=False)
class Look(OneModel):
    """One run of the page. task: the study of this tab, if it has one; refused: why the model cannot be studied."""

    choice: Choice
    tab: str
    task: Task | None
    refused: str | None

    @property
    def model(self) -> Tagger:
        """Raises BadInput, also for a model without a bias."""
        model = tagger(self.name, self.choice.file)
        check_bias(model)
        return model


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
