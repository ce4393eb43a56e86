"""From one jet to the sample: the chosen head over the selected jets, and back to those in which it is sharpest."""

from typing import Any

import streamlit as st

from app.components.messages import caption, grouped, line, note, show_errors
from app.components.study.chart import show_chart
from app.components.study.controls import select
from app.components.study.progress import show_progress, user_error
from app.pages.explore.card import Card
from app.pages.explore.context import ExploreContext
from app.pages.explore.state import ExploreState
from app.services import studies
from app.services.classes import class_titles, without_shared
from app.services.library import PartError, mean_attention_charts
from app.services.studies import Task
from app.state import session
from app.state.selection import MAX_JETS, JetSelection

HEIGHT = 300
ABOUT = "The mean weight of each query's strongest key, of"


def show_sample(context: ExploreContext, cards: list[Card]) -> None:
    """Draw the switch, and the mean attention of the chosen head of the card that was clicked last if it is on."""
    st.toggle(
        "Mean over the selection",
        help="The chosen head over the jets that pass the filters, and those of them in which it is sharpest.",
        **session.bind_widget(JetSelection, "sample"),
    )
    if not context.selection.sample or not cards:
        return
    card = _chosen_card(context, cards)
    with st.container(border=True, key="sample"):
        _controls(context, card)
        try:
            task = _task(context, card)
            if task.job is None and task.result is None:
                task.start()  # it takes seconds
        except PartError as error:
            note(str(error))
            return
        _result(card, task)


def sharpest_jets(context: ExploreContext, cards: list[Card]) -> None:
    """List the jets in which the chosen head is sharpest, once they are known; a click shows one."""
    if not context.selection.sample or not cards:
        return
    card = _chosen_card(context, cards)
    try:
        result = _task(context, card).result
    except PartError:
        return  # said below the cards
    if result is None:
        return
    layer, head = min(card.view.layer, len(result.sharpest) - 1), card.view.head
    pairs = zip(result.sharpest[layer, head].tolist(), result.sharpness[layer, head].tolist(), strict=True)
    with st.container(horizontal=True, vertical_alignment="center", key="sharpest"):
        text = f"L{layer + 1} H{head + 1} is sharpest in"
        line('<span class="sharpest" title="{}">{}</span>', f"{ABOUT} {grouped(result.jets[0])} jets", text)
        for entry, weight in pairs:
            if entry >= 0:
                st.button(
                    f"Jet {entry} · {weight:.2f}",
                    key=f"sharpest_{entry}",
                    on_click=session.update,
                    args=(JetSelection,),
                    kwargs={"jet": entry, "particle": None},
                )


def _chosen_card(context: ExploreContext, cards: list[Card]) -> Card:
    return next((card for card in cards if card.slot == context.selection.focus), cards[0])


def _classes(context: ExploreContext, card: Card) -> tuple[str, str, dict[str, str], dict[str, str]]:
    """Return the two classes, "" for none, and what each can be."""
    dataset, state = card.tagger.dataset, context.state
    if context.resolved.sample.truth_for(dataset) is None:
        return "", "", {}, {}
    asked = [text for text in (state.first_class, state.second_class) if text]
    titles = class_titles(dataset, context.selection.groups, asked)
    first = state.first_class if state.first_class in titles else ""
    others = without_shared(dataset, titles, first) if first else {}
    return first, state.second_class if state.second_class in others else next(iter(others), ""), titles, others


def _controls(context: ExploreContext, card: Card) -> None:
    """Choose the number of jets and two classes."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="sample_line"):
        n = _count(context)
        most = max(min(len(context.resolved.candidates), MAX_JETS), 1)
        st.number_input("Jets", 1, most, step=100, width=120, **session.bind_widget(ExploreState, "n_averaged", n))
        first, second, titles, others = _classes(context, card)
        if titles:
            select("Difference of", ExploreState, "first_class", {"": "–"} | titles, first)
            select("minus", ExploreState, "second_class", others or {"": "–"}, second, disabled=not first)


def _count(context: ExploreContext) -> int:
    return max(min(context.state.n_averaged, len(context.resolved.candidates)), 1)


def _task(context: ExploreContext, card: Card) -> Task:
    first, second, *_ = _classes(context, card)
    options: dict[str, Any] = {"signal": first, "background": second} if first and second else {}
    return studies.task(
        card.model, "mean_attention", context.file, context.resolved.candidates[: _count(context)], **options
    )


def _result(card: Card, task: Task) -> None:
    job = task.job
    if job and job.is_running:
        show_progress([job], task.keeps_partial_results)
    show_errors(user_error(job))
    caption(task.partial_sentence or "")
    if task.result is None:
        return
    charts = mean_attention_charts.charts(task.result, card.view.layer, card.view.head)
    for beginning in ("mean", "difference"):
        row = {name: chart for name, chart in charts.items() if name.startswith(beginning)}
        for column, (name, chart) in zip(st.columns(3), row.items(), strict=False):
            with column:
                show_chart(chart, name, HEIGHT)
