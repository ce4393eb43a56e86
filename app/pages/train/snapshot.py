"""The attention of a jet in a training: all heads, the chosen one, and the prediction."""

import streamlit as st

from app.components import prediction
from app.components.canvas.head import canvas_kind, draw_head
from app.components.canvas.mosaic import draw_mosaic
from app.components.explained import explained
from app.components.messages import caption
from app.components.study.chart import show_chart
from app.components.toolbar import highlight
from app.services.figures import heads_sentence, mosaic_pixels
from app.services.library import ACCENTS, JetView, Plot, View, jet_sentences
from app.state import session
from app.state.selection import JetSelection

CHART = 250  # px


def draw_attention(jet_view: JetView, key: str, theme: str, chart: Plot | None = None) -> None:
    """Draw a jet's attention; a click on a head enlarges it.

    Parameters
    ----------
    jet_view : JetView
        The jet as the model sees it.
    key : str
        What identifies model and jet by content.
    theme : str
        "light" or "dark".
    chart : Plot, optional
        What is drawn below the prediction.
    """
    view, key = _chosen_head(jet_view), f"{key}/{theme}"
    highlight(view.layer, view.head)
    columns = st.columns((1, 1.08, 0.92))
    with columns[0]:
        with explained("mosaic", "mosaic"):
            draw_mosaic(mosaic_pixels(key, None, theme, jet_view, View("mosaic")), "run_mosaic", _choose_head)
        caption(heads_sentence(key, jet_view))
    with columns[1]:
        kind = canvas_kind(jet_view)
        with explained("slots" if kind == "slots" else "head", f"run_{kind}"):
            draw_head(
                jet_view,
                view,
                key=f"run_{kind}",
                painted=f"{key}/{view.layer + 1}:{view.head + 1}",
                theme=theme,
                on_particle=_ignore_particle,
                caption=f"{view.title}: attention",
            )
        caption(jet_sentences.head(jet_view, view))
    with columns[2]:
        with st.container(key="run_bars"), explained("prediction", "run_bars"):
            prediction.bars(jet_view, ACCENTS[theme][0])
        if chart is not None:
            show_chart(chart, "settling", CHART)


def _chosen_head(jet_view: JetView) -> View:
    """Return the view of the head that is chosen for all pages, if this model has it."""
    selection, (layers, heads) = session.read(JetSelection), jet_view.trace.pattern.shape[:2]
    layer = selection.layer if selection.layer < layers else 0
    head = selection.head if selection.head < heads else 0
    return View("matrix", layer=layer, head=head)


def _choose_head(layer: int, head: int) -> None:
    session.update(JetSelection, layer=layer, head=head, other_head=None)


def _ignore_particle(particle: int) -> None:
    """Ignore a click on a constituent, because this jet is not the one of Explore."""
