"""The line on top: what is compared, how many jets, the button that starts it, the numbers to take along."""

import numpy as np
import streamlit as st

from app.components.study.header import first_jets
from app.services import comparison as comparing
from app.services.comparison import Job, Tagger
from app.state.resolve import Choice

KINDS = {"json": "JSON", "csv": "CSV", "parquet": "Jets (parquet)"}


def head(choice: Choice, entries: np.ndarray, models: dict[str, Tagger] | None, job: Job | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="compare_line"):
        right_too = "; 'Misclassified only' does not apply" if choice.selection.wrong else ""
        first_jets("Compare", choice, "compared", 500, right_too)
        if job is None or job.error:
            idle = models is None or not len(entries)
            st.button("Run", key="run", on_click=_start, args=(choice, entries, models), type="primary", disabled=idle)
        if job and job.result:
            _exports(choice, entries, job)


def _start(choice: Choice, entries: np.ndarray, models: dict[str, Tagger]) -> None:
    comparing.start(choice.file, entries, models)


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
