"""The report of a model: the button that starts it, its progress, and the page to download."""

import streamlit as st

from app.components.guard import callback
from app.components.messages import grouped, show_errors
from app.components.study.progress import show_progress, user_error
from app.components.toolbar import file_title
from app.pages.explore.card import Card
from app.pages.explore.context import ExploreContext
from app.services import reports
from app.services.reports import ReportTask


def report_menu(context: ExploreContext, card: Card) -> None:
    """Offer the report of the chosen model on the first jets of the file."""
    task = reports.task(card.model, file_title(context.file), card.tagger, context.file)
    job = task.job
    if job and job.is_running:
        show_progress([job])
        return
    if job and job.result is not None:
        st.download_button(
            "Report", job.result, f"{card.model}_report.html", key="export_report", type="primary", on_click="ignore"
        )
        return
    show_errors(user_error(job))
    st.button("Make a report", key="make_report", on_click=_start, args=(task,))
    text = f"the whole interpretation of {card.model} on the first {grouped(task.n_jets)} jets, as one page."
    st.caption(f"Report: {text} It takes minutes.")


@callback
def _start(task: ReportTask) -> None:
    task.start()
