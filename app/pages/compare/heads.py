"""What became of each head of the first model in another one."""

from functools import partial
from typing import Any

import streamlit as st

from app.components.guard import callback
from app.components.messages import caption, note, show_errors
from app.components.study.chart import show_chart
from app.components.study.controls import head_inputs
from app.components.study.estimate import show_wait
from app.components.study.head_click import Opens
from app.components.study.progress import show_progress, user_error
from app.pages.compare.context import CompareContext
from app.services import head_matching
from app.services.library import HeadMatches, head_matching_charts

TIP = "Click: this head beside its match in Explore"
ABOUT = "Match heads finds, for each head of {}, the one of {} whose attention is most like it on the same jets."


def heads(context: CompareContext, other: int, height: int) -> None:
    """Draw the first model's heads by their matches in another model, and what the chosen head is like there."""
    job, names = head_matching.find(context.file, context.entries, context.models), tuple(context.models)
    if job is None or job.error:
        show_errors(user_error(job))
        note(ABOUT.format(names[0], names[other]))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Match heads", key="match_heads", on_click=_start, args=(context,), type="primary")
            with st.container(key="estimate", width="content"):
                _estimate(context)
        return
    if job.is_running:
        show_progress([job])
        return
    if job.result is not None:
        _show(context, job.result, other, height)


def _show(context: CompareContext, matches: HeadMatches, other: int, height: int) -> None:
    matching = matches.matchings[other]
    if isinstance(matching, str):
        note(matching)
        return
    layers, n_heads = matching.first_shape
    layer, head = min(context.selection.layer, layers - 1), min(context.selection.head, n_heads - 1)
    chosen = layer * n_heads + head
    names = tuple(context.models)
    pair = {"models": (names[0], names[other]), "focus": 0, "sample": False}
    left, right = st.columns((0.55, 0.45), gap="medium")
    with left:
        chart = head_matching_charts.match_map(matches, other, chosen)

        def match_of(layer: int, head: int) -> dict[str, Any]:
            match = matching.place(int(matching.match[layer * n_heads + head]))
            return pair | {"layer": layer, "head": head, "other_head": match}

        show_chart(chart, "head_matches", height, opens=Opens(match_of, TIP))
    with right:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head_inputs(layer, layers, head, n_heads)
        chart = head_matching_charts.likeness_map(matches, other, chosen)

        def beside_chosen(other_layer: int, other_head: int) -> dict[str, Any]:
            return pair | {"layer": layer, "head": head, "other_head": (other_layer, other_head)}

        tip = f"Click: this head beside L{layer + 1}H{head + 1} of {names[0]} in Explore"
        show_chart(chart, "head_likeness", height - 70, opens=Opens(beside_chosen, tip))
    caption(
        f"{matching.jets} jets: matches are chosen on one half and measured on the other. “None”: as unlike as "
        "shuffled keys. A click opens Explore with both models and the head beside its match; Back returns."
    )


def _estimate(context: CompareContext) -> None:
    file, entries, models = context.file, context.entries, context.models
    key = ("heads", file.key, len(entries), *models)
    few = len(head_matching.matched_entries(entries))
    show_wait(key, few, partial(head_matching.estimate, file, entries, models))


@callback
def _start(context: CompareContext) -> None:
    head_matching.start(context.file, context.entries, context.models)
