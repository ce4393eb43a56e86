"""The line on top: how many jets are compared, the button that starts it, the results as files."""

from functools import partial

import streamlit as st

from app.components.classes import classes_menu
from app.components.study.controls import select
from app.components.study.header import choose_jets
from app.components.toolbar import file_title
from app.pages.compare.context import CompareContext
from app.pages.compare.state import CompareState
from app.services import comparison
from app.services.classes import class_titles
from app.services.jobs import Job
from app.services.library import Dataset
from app.state import session

KINDS = {"json": "JSON", "csv": "CSV", "parquet": "Jets (parquet)"}


def header(context: CompareContext, job: Job | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="compare_line"):
        remark = "; 'Misclassified only' does not apply" if context.selection.misclassified_only else ""
        n = context.state.n_compared
        choose_jets("Compare", context.resolved, CompareState, "n_compared", n, step=500, remark=remark)
        if context.dataset:
            classes_menu(context.dataset, context.selection.groups, partial(_merge, context, context.dataset))
        if job is None or job.error:
            is_idle = not context.models or not len(context.entries)
            st.button("Run", key="run", on_click=_start, args=(context,), type="primary", disabled=is_idle)
        if job and job.result is not None:
            _exports(context, job)


def _start(context: CompareContext) -> None:
    comparison.start(context.file, context.entries, context.models, context.merged)


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
    select("Background", CompareState, "background", {"": "QCD, or else the last class"} | titles, value, 300)


def _exports(context: CompareContext, job: Job) -> None:
    shown_name = file_title(context.file)
    with st.popover("Export", key="export"), st.container(horizontal=True):
        for kind, label in KINDS.items():
            st.download_button(
                label,
                data=lambda kind=kind: comparison.export(job.result, shown_name, context.entries, kind),
                file_name=f"comparison.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
            )
