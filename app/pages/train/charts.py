"""Losses by step, accuracy and AUC by epoch."""

import plotly.graph_objects as go
import streamlit as st

from app.components.messages import line, note
from app.services import runs as training
from app.services.runs import Run, draw

HEIGHT = 185


def charts(run: Run, theme: str) -> None:
    known = training.curves_of(run)
    if not len(known.steps) and not len(known.epochs):
        note("The first losses come after some steps.")
        return
    columns = st.columns((1.5, 1, 1))
    with columns[0]:
        _chart("Loss", draw.draw_loss(known, theme, HEIGHT), "loss")
    for column, caption, name in zip(columns[1:], ("Accuracy", "Macro AUC"), ("accuracy", "auc"), strict=True):
        with column:
            last = getattr(known, name)[-1:]
            told = f": {last[0]:.4f}" if len(last) else ", after the first epoch"
            _chart(f"{caption}{told}", draw.draw_metric(known, name, theme, HEIGHT), name)


def _chart(caption: str, figure: go.Figure, key: str) -> None:
    line('<div class="caption">{}</div>', caption)
    st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False})
