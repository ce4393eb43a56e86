"""Edit: the chosen jet with a constituent added, dropped or split, rotated, boosted or smeared; and IRC safety."""

from functools import partial

import streamlit as st

from app.components.canvas.head import draw_head
from app.components.explained import explained
from app.components.fitting import show_misfit
from app.components.messages import caption
from app.components.study.chart import show_chart
from app.components.study.controls import select_width
from app.components.theme import theme_name
from app.components.toolbar import toggle_particle
from app.pages.intervention.context import InterventionContext, head_line
from app.pages.intervention.state import InterventionState
from app.services import edits, fitting, intervention
from app.services.edits import EDITS
from app.services.fitting import UnsuitedError
from app.services.intervention_charts import before_and_after, irc_chart
from app.services.library import JetView, View, jet_sentences
from app.state import session

TITLES = {"soft": "Prediction moved, as an emission softens", "collinear": "Prediction moved, as a split closes"}


def study(context: InterventionContext) -> tuple[str, dict]:
    return "irc", {"emission": _emission(context)}


def controls(context: InterventionContext) -> None:
    edit = EDITS[context.state.edit]
    choice = session.bind_widget(InterventionState, "edit", reset={"size": None})
    titles = {name: kind.title for name, kind in EDITS.items()}
    st.selectbox("Edit", list(titles), format_func=titles.get, width=select_width(titles.values()), **choice)
    if len(edit.sizes) > 1:
        st.select_slider(
            f"Size, {edit.unit}",
            edit.sizes,
            format_func=lambda size: f"{size:g}",
            width=260,
            **session.bind_widget(InterventionState, "size", _size(context), float),
        )
    head_line(context)


def edit(context: InterventionContext) -> None:
    name, particle = context.state.edit, context.particle
    before, after = edits.edit_jet(
        context.file, context.jet, context.name, context.model, name, _size(context), particle
    )
    columns = st.columns((0.36, 0.32, 0.32), gap="medium")
    with columns[0]:
        probabilities = (jet_view.trace.probabilities for jet_view in (before, after))
        which = f" constituent {particle + 1}" if name in ("drop", "split") else ""
        title, what = f"{EDITS[name].title}{which}", "After the edit"
        bars = before_and_after(before.classes, *probabilities, title, "edited", what, context.target)
        show_chart(bars, "jet_edited", 320)
        _curve(context)
    try:
        _require_attention(context, context.name)
    except UnsuitedError as error:
        with columns[1]:
            show_misfit(error, context.name, context.resolved.file, "attention", partial(_require_attention, context))
        return
    for column, jet_view, version in zip(columns[1:], (before, after), ("unchanged", "edited"), strict=True):
        with column:
            _attention(context, jet_view, version)


def _require_attention(context: InterventionContext, name: str) -> None:
    fitting.require(context.resolved.file, name, "particles")


def _attention(context: InterventionContext, jet_view: JetView, version: str) -> None:
    view = View("matrix", "pattern", context.layer, context.head, order=context.selection.order)
    jet = f"{context.file.key[:16]}:{context.jet}:{context.state.edit}:{_size(context)}:{context.particle}:{version}"
    model = f"{context.model.cache_key}/{view.order}/{context.layer}:{context.head}"
    with explained("head", f"matrix_{version}"):
        draw_head(
            jet_view,
            view,
            key=f"matrix_{version}",
            painted=f"{jet}/{model}/{theme_name()}",
            theme=theme_name(),
            on_particle=toggle_particle,
            caption=f"{view.title}, {version}",
        )
    caption(jet_sentences.head(jet_view, view))


def _curve(context: InterventionContext) -> None:
    """Draw how far the prediction moves, for this jet, and for the sample once that is studied."""
    emission = _emission(context)
    single = intervention.irc_curve(context.file, context.jet, context.model, emission)
    sample = context.task.result if context.task else None
    show_chart(irc_chart(single, sample, TITLES[emission]), "irc", 250)
    if context.task and (context.task.job or sample):
        context.result("")  # progress, errors, and when it was measured


def _emission(context: InterventionContext) -> str:
    return "collinear" if context.state.edit == "split" else "soft"


def _size(context: InterventionContext) -> float:
    """Return the size of the edit nearest to the requested one, or its default."""
    edit, requested = EDITS[context.state.edit], context.state.size
    return edit.default if requested is None else min(edit.sizes, key=lambda size: abs(size - requested))
