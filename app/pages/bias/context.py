"""One run of Bias, and the controls that all its tabs share."""

import streamlit as st

from app.components.study.context import ModelContext
from app.components.study.controls import head_inputs, model_segments
from app.components.toolbar import particle_button
from app.services import bias
from app.state.context import PageContext

OF_BIAS = ("jet", "shapley")  # tabs that show the bias alone


class BiasContext(ModelContext):
    """One run of Bias, whose state is a BiasState."""

    @property
    def is_shared(self) -> bool:
        """Whether the jet's bias is the same in all layers."""
        return bias.is_shared(self.jet_view)


def make_context(page: PageContext, tab: str) -> BiasContext:
    return BiasContext.create(page, tab, bias.check)


def controls(context: BiasContext) -> None:
    """Choose the model, where there are several, and the head; deselect the chosen constituent."""
    model_segments(context.selection.models, context.selection.focus)
    if context.is_ready and context.tab != "switch":
        _head(context)
    if context.tab == "jet":
        particle_button(context.selection.particle)


def _head(context: BiasContext) -> None:
    """Choose the head, and the layer where it makes a difference."""
    config = context.model.config
    if context.tab in OF_BIAS and context.is_shared:
        head_inputs(None, config.layers, context.head, config.heads)
        st.caption("The same in all layers", width="content")
    else:
        head_inputs(context.layer, config.layers, context.head, config.heads)
