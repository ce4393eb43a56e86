"""The line on top: the machine, the settings, Run, the files; and below it what is shown."""

from functools import partial

import streamlit as st

from app.components.guard import callback
from app.components.messages import line
from app.components.study.controls import segments
from app.components.study.estimate import show_wait
from app.components.toolbar import file_title
from app.pages.performance.context import (
    PerformanceContext,
    load_results,
    offered_results,
    title,
    uploaded_results,
)
from app.pages.performance.settings import settings
from app.pages.performance.state import PerformanceState
from app.services import benchmarks, measurement_estimates
from app.services.library import PartError, speed_charts
from app.state import session
from app.state.selection import JetSelection

MAX_MEASURED = {"speed": 4, "growth": 4, "operators": 2, "roofline": 4}  # models
QUESTIONS = {
    "speed": "How fast are the models?",
    "growth": "How does the cost grow with the jet?",
    "operators": "What takes the time of a pass?",
    "roofline": "Is memory or arithmetic the limit?",
}
MAX_SHOWN = 4  # measurements
MAX_JETS = 512


def header(context: PerformanceContext) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="study_line"):
        models = context.selection.models[: MAX_MEASURED[context.tab]]
        text = f"Run measures {', '.join(models)} on this machine"
        line('<div class="jet"><b>{}</b><i>{}</i><span>{}</span></div>', "Performance", QUESTIONS[context.tab], text)
        options = settings(context.tab, file_title(context.file), context.file.config is not None)
        st.button("Run", key="run", type="primary", on_click=_start, args=(context, models, options))
        with st.container(key="estimate", width="content"):
            entries = context.resolved.candidates
            seconds = partial(measurement_estimates.estimate, context.tab, models, options, context.file, entries)
            show_wait(("bench", context.tab, *models, *options), 0, seconds)
        _files(context)


@callback
def _start(context: PerformanceContext, models: tuple[str, ...], options: list[str]) -> None:
    takes_jets = context.tab not in ("growth", "roofline")
    entries = context.resolved.candidates[:MAX_JETS].tolist() if takes_jets else []
    try:
        name = benchmarks.start(context.tab, models, options, context.file, entries)
    except PartError as error:
        session.set_error(str(error))
        return
    st.session_state["measuring"] = name
    session.update(PerformanceState, results=(name,))


def _files(context: PerformanceContext) -> None:
    """Offer what is shown as files, and take measurements of other machines."""
    listed = benchmarks.listed(context.tab)
    with st.popover("Files", key="export"):
        for name in [name for name in context.results if name in listed]:
            st.caption(title(context.results[name]))
            with st.container(horizontal=True):
                data = benchmarks.content(name)
                st.download_button("JSON", data, f"{name}.json", key=f"json_{name}", on_click="ignore")
                if context.tab == "operators":
                    _traces(name)
        if context.tab == "operators":
            st.caption("Traces open at ui.perfetto.dev.")
        st.file_uploader("A measurement of another machine (JSON)", key="upload_results", on_change=_on_upload)


def _traces(name: str) -> None:
    for number, (model, path) in enumerate(benchmarks.traces(name).items()):
        label, key = f"Trace of {model}", f"trace_{name}_{number}"
        st.download_button(label, path.read_bytes(), path.name, key=key, on_click="ignore")


@callback
def _on_upload() -> None:
    """Show a measurement beside the others, if it is one."""
    session.clear_error()
    upload = st.session_state["upload_results"]
    if upload is None:
        return
    name = "".join(c for c in upload.name if c.isprintable())[:60]
    try:
        results = benchmarks.parse(upload.getvalue(), name)
    except PartError as error:
        session.set_error(str(error))
        return
    uploaded_results()[f"upload:{name}"] = results
    shown = (*st.session_state["shown_results"], f"upload:{name}")
    session.update(PerformanceState, results=shown[-MAX_SHOWN:])


def view_line(context: PerformanceContext, titles: dict[str, str]) -> None:
    """Choose the tab, the measurements and what is shown of them."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        segments("Shown", PerformanceState, "tab", titles, context.tab)
        st.multiselect(
            "Measurements",
            offered_results(context.tab),
            format_func=_title_or_name,
            max_selections=MAX_SHOWN,
            select_all=False,
            placeholder="None yet",
            width=520,
            **session.bind_widget(PerformanceState, "results", list(context.results), tuple),
        )
        if context.tab == "operators":
            measures = {name: title for name, (title, *_) in speed_charts.MEASURES.items()}
            measure = context.state.measure if context.state.measure in measures else "seconds"
            segments("Bars", PerformanceState, "measure", measures, measure)
        models = context.first_models
        if context.tab == "roofline" and len(models) > 1:
            focus = min(context.selection.focus, len(models) - 1)
            segments("Model", JetSelection, "focus", dict(enumerate(models)), focus)


def _title_or_name(name: str) -> str:
    try:
        return title(load_results(name))
    except PartError:
        return name
