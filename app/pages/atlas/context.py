"""One run of Atlas, and the controls that its tabs share."""

import streamlit as st

from app.components.study.context import ModelContext
from app.components.study.controls import head_inputs, model_segments
from app.pages.atlas.state import AtlasState
from app.services.library import AtlasResult, atlas_charts
from app.state import session
from app.state.context import PageContext

ABOUT = (
    "Run asks of each head whether it attends to the leading particle, to leptons, displaced tracks, its own subjet, "
    "the nearest particle and so on, beside two null hypotheses: shuffled keys and untrained weights."
)


def make_context(page: PageContext, tab: str) -> ModelContext:
    return ModelContext.create(page, tab)


def controls(context: ModelContext) -> None:
    """Choose the model and the head."""
    model_segments(context.selection.models, context.selection.focus)
    if context.task is not None and context.tab == "heads":
        config = context.model.config
        layers, n_heads = config.layers, config.heads
        if has_class_token(context):
            layers = config.layers if config.global_token else config.class_layers
            n_heads = config.class_block.heads
        head_inputs(min(context.layer, layers - 1), layers, min(context.head, n_heads - 1), n_heads)
        if class_layers(context):
            choice = session.bind_widget(AtlasState, "of_class_token", context.state.of_class_token)
            st.toggle("Class token", **choice)


def class_layers(context: ModelContext) -> int:
    """Return in how many layers a class token attends to particles."""
    config = context.model.config
    return config.layers if getattr(config, "global_token", False) else getattr(config, "class_layers", 0)


def has_class_token(context: ModelContext) -> bool:
    """Return whether the chosen head is one of the class token's."""
    return context.state.of_class_token and class_layers(context) > 0


def chosen_source(context: ModelContext, result: AtlasResult) -> int:
    """Return the place of the chosen head among the sources of a result, or of the nearest that there is."""
    kind = "class head" if has_class_token(context) else "head"
    places = [s for s in result.sources if s.kind == kind]
    layer = min(context.selection.layer, max(s.layer for s in places))
    head = min(context.selection.head, max(s.head for s in places))
    return atlas_charts.source_index(result, kind, layer, head) or 0
