"""One run of Bias, and the controls that all its tabs share."""

from app.components.study.context import ModelContext
from app.components.study.controls import head_inputs, model_segments
from app.components.toolbar import particle_button
from app.services import bias
from app.state.context import PageContext


class BiasContext(ModelContext):
    """One run of Bias, whose state is a BiasState."""


def make_context(page: PageContext, tab: str) -> BiasContext:
    return BiasContext.create(page, tab, bias.check)


def controls(context: BiasContext) -> None:
    """Choose the model, where there are several, and the head; deselect the chosen constituent."""
    model_segments(context.selection.models, context.selection.focus)
    if context.is_ready:
        config = context.model.config
        head_inputs(context.layer, config.layers, context.head, config.heads)
    if context.tab == "jet":
        particle_button(context.selection.particle)
