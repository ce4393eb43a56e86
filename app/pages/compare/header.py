"""The line on top: how many jets are compared, the button that starts it, the results as files."""

from functools import partial

import streamlit as st

from app.components.classes import classes_menu
from app.components.guard import callback
from app.components.study.controls import select
from app.components.study.estimate import show_wait
from app.components.study.header import choose_jets
from app.components.toolbar import file_title
from app.pages.compare.context import CompareContext
from app.pages.compare.second import choose_second
from app.pages.compare.state import CompareState
from app.services import comparison, comparison_columns, head_matching, model_times, two_samples
from app.services.classes import class_titles
from app.services.jobs import Job
from app.services.library import Comparison, Dataset, PartError
from app.state import session
from app.state.filters import parse_filter

KINDS = {"json": "JSON", "csv": "CSV", "parquet": "Jets (parquet)"}
QUESTION = "Which model is better on these jets, and by how much?"


def header(context: CompareContext, job: Job | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="compare_line"):
        remark = "; 'Misclassified only' does not apply" if context.selection.misclassified_only else ""
        n = context.state.n_compared
        choose_jets("Compare", context.resolved, CompareState, "n_compared", n, 500, remark, QUESTION)
        if context.dataset:
            classes_menu(context.dataset, context.selection.groups, partial(_merge, context, context.dataset))
        if len(context.selection.models) == 1:
            choose_second(context.resolved)
        if job is None or job.error:
            is_idle = not (context.models or context.samples) or not len(context.entries)
            st.button("Run", key="run", on_click=_start, args=(context,), type="primary", disabled=is_idle)
            if not is_idle:
                _estimate(context)
        if job and job.result is not None:
            _samples_exports(context) if context.samples else _exports(context, job)


@callback
def _start(context: CompareContext) -> None:
    if context.samples:
        context.samples.start()
    else:
        comparison.start(context.file, context.entries, context.models, context.merged)


def _estimate(context: CompareContext) -> None:
    with st.container(key="estimate", width="content"):
        if samples := context.samples:
            show_wait(samples.key, samples.n_jets, samples.estimate)
            return
        file, entries, models = context.file, context.entries, context.models
        key = ("compare", file.key, len(entries), *models)
        show_wait(key, len(entries), partial(comparison.estimate, file, entries, models))


def _merge(context: CompareContext, dataset: Dataset) -> None:
    """Choose the groups that count as one class each, and the background."""
    merged, background = context.state.merged, context.state.background
    titles = class_titles(dataset, context.selection.groups, [*merged, background])
    groups = {text: title for text, title in titles.items() if text not in dataset.classes}
    if groups:
        st.multiselect(
            "Compare as one class",
            list(groups),
            format_func=lambda text: groups.get(text, text),
            placeholder="Groups",
            select_all=False,
            **session.bind_widget(CompareState, "merged", [text for text in merged if text in groups], tuple),
        )
    value = background if background in titles else ""
    select("Background", CompareState, "background", {"": "QCD, or else the last class"} | titles, value)


def _exports(context: CompareContext, job: Job) -> None:
    try:
        context.sliced(job.result)
    except PartError:  # the page says what is wrong with the slice
        return
    with st.popover("Export", key="export"), st.container(horizontal=True):
        for kind, label in KINDS.items():
            st.download_button(
                label,
                data=lambda kind=kind: _content(context, job.result, kind),
                file_name=f"comparison.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
            )
        if context.state.column and job.result.truth is not None:
            st.download_button(
                f"{context.state.column} (CSV)",
                data=lambda: comparison_columns.table_bytes(_rows(context, job.result)),
                file_name=f"comparison_{context.state.column}.csv",
                key="export_column",
                on_click="ignore",
            )


def _content(context: CompareContext, result: Comparison, kind: str) -> bytes:
    """Return a file of the results: of the slice, if one is shown, and with the columns that are chosen."""
    shown, own = context.sliced(result)
    own = model_times.with_times(own, context.times_job)
    told = {"filters": list(context.resolved.filter_texts)} if context.resolved.filter_texts else {}
    if context.state.slice:
        chosen = parse_filter(context.state.slice)
        told["slice"] = {"of": chosen.description, "jets": len(own), "of_jets": len(result)}
    if context.state.column and kind == "json" and own.truth is not None:
        told["columns"] = _rows(context, result)
    heads = head_matching.find(context.file, context.entries, context.models) if kind == "json" else None
    if heads and heads.result is not None:
        told["heads"] = heads.result.summary()
    names = [context.state.column, *(chosen.name for chosen in context.resolved.filters)]
    offered = comparison_columns.names(context.file, context.models) if any(names) else ()
    columns = {name: shown.column(name) for name in names if name in offered} if kind == "parquet" else {}
    return comparison.export(own, file_title(context.file), shown.shown_entries, kind, told, columns)


def _rows(context: CompareContext, result: Comparison) -> list[dict]:
    shown, own = context.sliced(result)
    state = context.state
    try:
        point = comparison_columns.point(own, state.signal, float(state.efficiency))
        return comparison_columns.rows(own, state.column, shown.column(state.column), state.bins, point)
    except PartError:  # no jet has a number there, as the page says
        return []


def _samples_exports(context: CompareContext) -> None:
    with st.popover("Export", key="export"), st.container(horizontal=True):
        for kind, label in (("json", "JSON"), ("csv", "CSV")):
            st.download_button(
                label,
                data=lambda kind=kind: two_samples.export(context.samples, kind, context.resolved.filter_texts),
                file_name=f"samples.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
            )
