"""The line on top: what is compared, how many jets, the button that starts it; and how far it is."""

import numpy as np
import streamlit as st

from app import comparing
from app.choices import Choice
from app.comparing import Job, Tagger
from app.components.notes import line
from app.session import MAX_COMPARED, adopt, mirror

KINDS = {"json": "JSON", "csv": "CSV", "parquet": "Jets (parquet)"}


def head(choice: Choice, entries: np.ndarray, models: dict[str, Tagger] | None, job: Job | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="compare_line"):
        line('<div class="jet"><b>Compare</b><span>{}</span></div>', _sentence(choice, entries))
        most = max(min(len(choice.candidates), MAX_COMPARED), 1)
        st.number_input(
            "Jets to compare on",
            1,
            most,
            key=mirror("compared", min(choice.selection.compared, most)),
            on_change=adopt,
            args=("compared",),
            step=500,
            label_visibility="collapsed",
            width=130,
        )
        if job is None or job.error:
            idle = models is None or not len(entries)
            st.button("Run", key="run", on_click=_start, args=(choice, entries, models), type="primary", disabled=idle)
        if job and job.result:
            _exports(choice, entries, job)


def _start(choice: Choice, entries: np.ndarray, models: dict[str, Tagger]) -> None:
    comparing.start(choice.file, entries, models)


def _sentence(choice: Choice, entries: np.ndarray) -> str:
    names = st.session_state.get("upload_names", {})
    jets = f"{len(entries):,} of {len(choice.candidates):,}".replace(",", " ")
    passing = "" if len(choice.candidates) == len(choice.sample) else " that pass"
    right_too = "; 'Misclassified only' does not apply" if choice.selection.wrong else ""
    return f"the first {jets} jets{passing}{right_too} · {names.get(choice.file.name, choice.file.name)}"


def _exports(choice: Choice, entries: np.ndarray, job: Job) -> None:
    shown = st.session_state.get("upload_names", {}).get(choice.file.name, choice.file.name)
    with st.popover("Export", key="export"), st.container(horizontal=True):
        for kind, label in KINDS.items():
            st.download_button(
                label,
                data=lambda kind=kind: comparing.export(job.result, shown, entries, kind),
                file_name=f"comparison.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
            )


@st.fragment(run_every=0.5)
def progress(job: Job) -> None:
    """Follow a comparison; the whole page comes again when it ends."""
    if not job.running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(job.share, text=job.stage)
        st.button("Cancel", key="cancel", on_click=job.cancel)
    st.caption("It goes on while you look at something else, also on Explore.")
