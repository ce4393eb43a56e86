"""Performance: how fast models are on this machine, how their cost grows, and where their time goes."""

import streamlit as st

from app.components.messages import caption, show_errors
from app.components.page import open_page
from app.components.sidebar import sidebar
from app.components.study.progress import show_progress, user_error
from app.pages.performance.context import PerformanceContext, show_origin
from app.pages.performance.header import header, view_line
from app.pages.performance.inside import operators, roofline
from app.pages.performance.state import PerformanceState
from app.pages.performance.sweeps import growth, speed
from app.services import benchmarks
from app.services.library import left_out_sentence
from app.state.session import get_error

TITLES = {"speed": "Speed", "growth": "Growth", "operators": "Operators", "roofline": "Roofline"}
TABS = {"speed": speed, "growth": growth, "operators": operators, "roofline": roofline}


def render() -> None:
    page = open_page(PerformanceState)
    if not page:
        return
    sidebar(page.resolved, one_by_one=False)
    tab = page.state.tab if page.state.tab in TABS else "speed"
    job = benchmarks.find(st.session_state.get("measuring", ""))
    context = PerformanceContext.create(page, tab)
    header(context)
    view_line(context, TITLES)
    show_errors(get_error(), context.error, user_error(job))
    caption(left_out_sentence(benchmarks.list_readable(tab)[1]))
    if job and job.is_running:
        show_progress([job])
    show_origin(context)
    TABS[tab](context)


render()
