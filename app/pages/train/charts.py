"""The curves of a run: losses by step, accuracy and AUC by epoch."""

import plotly.graph_objects as go
import streamlit as st

from app.components.explained import explained
from app.components.legend import lift_legend
from app.components.messages import caption, line, note
from app.services import runs
from app.services.library import training_sentences
from app.services.runs import Run

HEIGHT = 185


def charts(run: Run, theme: str) -> None:
    """Draw the curves, or say when they come."""
    curves = runs.read_curves(run)
    if not len(curves.steps) and not len(curves.epochs):
        note("The first losses appear after some steps.")
        return
    columns, jets = st.columns((1.5, 1, 1)), run.card.get("metrics", {}).get("val_jets")
    with columns[0]:
        _chart("Loss", runs.loss_figure(curves, theme, HEIGHT), "loss", "loss", training_sentences.loss(curves))
    for column, title, name in zip(columns[1:], ("Accuracy", "Macro AUC"), ("accuracy", "auc"), strict=True):
        with column:
            last = getattr(curves, name)[-1:]
            value = f": {last[0]:.4f}" if len(last) else ", after the first epoch"
            about, sentence = f"{name}_by_epoch", training_sentences.metric(curves, name, jets)
            _chart(f"{title}{value}", runs.metric_figure(curves, name, theme, HEIGHT), name, about, sentence)


def _chart(title: str, figure: go.Figure, key: str, about: str, sentence: str) -> None:
    with explained(about, key):
        line('<div class="caption">{}</div>', title)
        st.plotly_chart(lift_legend(figure), theme=None, key=key, config={"displayModeBar": False})
    caption(sentence)
