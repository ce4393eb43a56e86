"""Performance: how fast models are here, how their cost grows, and where their time goes."""

from pathlib import Path

import streamlit as st

from app.components.messages import refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.components.study.controls import segments
from app.components.study.header import progress
from app.pages.performance.context import Look
from app.pages.performance.header import found_of, head, shown
from app.pages.performance.inside import operators, roofline
from app.pages.performance.sweeps import growth, speed
from app.services import benchmarks as measuring
from app.state import selection as session

TITLES = {"speed": "Speed", "growth": "Growth", "operators": "Operators", "roofline": "Roofline"}
TABS = {"speed": speed, "growth": growth, "operators": operators, "roofline": roofline}
PAGES = Path(__file__).parents[1]


def render() -> None:
    choice = resolved()
    if not choice:
        return
    sidebar(choice, one_by_one=False)
    st.html(PAGES.parent / "compare.css")
    tab = choice.selection.tab if choice.selection.tab in TABS else "speed"
    job = measuring.find(st.session_state.get("measuring", ""))
    try:
        look, refused = Look(choice, tab, found_of(choice, tab)), None
    except measuring.BadInput as error:
        look, refused = Look(choice, tab, {}), error
    head(choice, tab, look.found)
    _view_line(look)
    for sentence in filter(None, (session.complaint(), refused, _failed(job))):
        refuse(sentence)
    if job and job.running:
        progress([job])
    TABS[tab](look)


def _view_line(look: Look) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        shown(look.tab, TITLES, look.found)
        if look.tab == "operators":
            measures = {name: title for name, (title, *_) in measuring.charts.MEASURES.items()}
            chosen = look.choice.selection.measure
            segments("Bars", "measure", measures, chosen if chosen in measures else "seconds")
        models = list(dict.fromkeys(point.model for point in look.rows)) if look.found else []
        if look.tab == "roofline" and len(models) > 1:
            segments("Model", "focus", dict(enumerate(models)), min(look.choice.selection.focus, len(models) - 1))


def _failed(job: measuring.Job | None) -> Exception | None:
    """Why the measurement did not come to its end; what is no fault of the user's goes up."""
    if job is None or job.error is None or isinstance(job.error, measuring.BadInput):
        return job and job.error
    raise job.error


render()
