"""The line on top: the machine, what to measure, Run, the files; and below it what is shown."""

import streamlit as st

from app.components.messages import line
from app.components.study.controls import segments
from app.pages.performance.context import title
from app.pages.performance.settings import settings
from app.services import benchmarks as measuring
from app.services.benchmarks import BadInput, Results
from app.state.resolve import Choice
from app.state.selection import adopt, change, complain, mirror

MOST = {"speed": 4, "growth": 4, "operators": 2, "roofline": 4}  # models
MOST_SHOWN = 4  # measurements
JETS = 512


def head(choice: Choice, tab: str, found: dict[str, Results]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="study_line"):
        names = choice.selection.models[: MOST[tab]]
        told = f"{', '.join(names)} · this machine: {measuring.machine()}"
        line('<div class="jet"><b>{}</b><span>{}</span></div>', "Performance", told)
        options = settings(tab, choice)
        st.button("Run", key="run", type="primary", on_click=_start, args=(choice, tab, names, options))
        _files(tab, found)


def _start(choice: Choice, tab: str, names: tuple[str, ...], options: list[str]) -> None:
    entries = [] if tab in ("growth", "roofline") else choice.candidates[:JETS].tolist()
    try:
        name = measuring.start(tab, names, options, choice.file, entries)
    except BadInput as error:
        complain(str(error))
        return
    st.session_state["measuring"] = name
    change(results=(name,))


def _files(tab: str, found: dict[str, Results]) -> None:
    """What is shown, to take along, and what was measured elsewhere, to put beside it."""
    ours = [name for name in found if name in measuring.listed(tab)]
    with st.popover("Files", key="export"):
        for name in ours:
            st.caption(title(found[name]))
            with st.container(horizontal=True):
                data = measuring.content(name)
                st.download_button("JSON", data, f"{name}.json", key=f"json_{name}", on_click="ignore")
                if tab == "operators":
                    for number, (model, path) in enumerate(measuring.traces(name).items()):
                        label, key = f"Trace of {model}", f"trace_{name}_{number}"
                        st.download_button(label, path.read_bytes(), path.name, key=key, on_click="ignore")
        if tab == "operators":
            st.caption("Traces open at ui.perfetto.dev.")
        st.file_uploader("A measurement of another machine (JSON)", key="upload_results", on_change=_adopt_upload)


def _adopt_upload() -> None:
    """Show a measurement beside the others, if it is one."""
    upload = st.session_state["upload_results"]
    if upload is None:
        return
    name = "".join(c for c in upload.name if c.isprintable())[:60]
    try:
        found = measuring.parse(upload.getvalue(), name)
        measuring.rows(found)
    except BadInput as error:
        complain(str(error))
        return
    uploaded = st.session_state.setdefault("uploaded_results", {})
    uploaded[f"upload:{name}"] = found
    change(results=(*st.session_state["shown_results"], f"upload:{name}")[-MOST_SHOWN:])


def found_of(choice: Choice, tab: str) -> dict[str, Results]:
    """The measurements that are asked for and fit the tab; the newest if none does. Raises BadInput."""
    uploaded = st.session_state.get("uploaded_results", {})
    offered = offers(tab)
    names = [name for name in choice.selection.results if name in offered] or offered[:1]
    st.session_state["shown_results"] = tuple(names)
    return {name: uploaded.get(name) or measuring.load(name) for name in names}


def offers(tab: str) -> list[str]:
    uploaded = st.session_state.get("uploaded_results", {})
    fitting = [name for name, found in uploaded.items() if found.kind == measuring.KIND_OF[tab]]
    return measuring.listed(tab) + fitting


def shown(tab: str, titles: dict[str, str], found: dict[str, Results]) -> None:
    """Which tab, and which measurements."""
    segments("Shown", "tab", titles, tab)
    uploaded = st.session_state.get("uploaded_results", {})

    def told(name: str) -> str:
        try:
            return title(uploaded.get(name) or measuring.load(name))
        except BadInput:
            return name

    st.multiselect(
        "Measurements",
        offers(tab),
        key=mirror("results", list(found)),
        format_func=told,
        on_change=adopt,
        args=("results", tuple),
        max_selections=MOST_SHOWN,
        select_all=False,
        placeholder="None yet",
        width=520,
    )
