"""How similar the representations at different depths are."""

import streamlit as st

from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import select
from app.pages.circuits.state import CircuitsState
from app.services.circuits import models_with_layers
from app.services.library import similarity_charts

ABOUT = "Run compares the representations of particles, and of jets, between all depths by linear CKA."
HEIGHT = 560  # px


def similarity_study(context: ModelContext) -> tuple[str, dict]:
    return "similarity", {"other": _other(context)}


def choose_other(context: ModelContext) -> None:
    """Choose the model whose layers are compared with those of the model."""
    names = models_with_layers(context.model)
    if names:
        select("With", CircuitsState, "other", {"": "itself"} | {n: n for n in names}, _other(context))


def _other(context: ModelContext) -> str:
    return context.state.other if context.state.other in models_with_layers(context.model) else ""


def similarity(context: ModelContext) -> None:
    """Draw the maps over particles and over jets."""
    result = context.result(ABOUT)
    if result is None:
        return
    for column, kind in zip(st.columns(2), result.readouts, strict=True):
        with column:
            show_chart(similarity_charts.similarity_map(result, kind), kind, HEIGHT)
    st.caption(
        f"{result.jets:,} jets with {result.particles:,} particles. 1: the same up to rotation and scale; "
        "0: independent. Particles of a jet are not independent, so the errors have jets as units."
    )
