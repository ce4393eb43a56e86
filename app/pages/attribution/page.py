"""Attribution: which particles and inputs speak for a class, by several methods, and how far to believe them."""

import numpy as np
import streamlit as st

from app.components.messages import refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.components.study.header import buttons, head
from app.pages.attribution.context import Look, controls
from app.pages.attribution.jet import compared, inputs, jet
from app.pages.attribution.sample import sample
from app.pages.explore.toolbar import jet_line
from app.services import models as backend
from app.services import studies as studying
from app.services.attribution import AttributionStudy, JetAttributionStudy
from app.state import selection as session
from app.state.resolve import Choice

TITLES = {"jet": "Jet", "inputs": "Inputs", "methods": "Methods", "sample": "Sample"}
TABS = {"jet": jet, "inputs": inputs, "methods": compared, "sample": sample}


def render() -> None:
    choice = resolved()
    if not choice:
        return
    sidebar(choice)
    tab = choice.selection.tab if choice.selection.tab in TABS else "jet"
    try:
        look = _look(choice, tab)
        _head(look)
    except backend.BadInput as error:
        refuse(error)
        return
    controls(look, TITLES)
    for sentence in filter(None, (session.complaint(), choice.note)):
        refuse(sentence)
    TABS[tab](look)


def _look(choice: Choice, tab: str) -> Look:
    """What is explained. Raises BadInput."""
    selection = choice.selection
    name = selection.models[selection.focus]
    model = backend.tagger(name, choice.file)
    known = Look(choice, tab, model, None)
    if tab == "sample":
        study, entries = AttributionStudy((), known.of, known.against), choice.candidates[: selection.studied]
    else:
        study, entries = JetAttributionStudy(known.of, known.against), np.array([selection.jet])
    return Look(choice, tab, model, studying.task(name, study, choice.file, entries))


def _head(look: Look) -> None:
    """The line on top: of the sample, or of the jet with the way to others."""
    if look.tab == "sample":
        head("Attribution", look.choice, [look.task])
        return
    scene = backend.scene_of(look.choice.file, look.choice.selection.jet, look.task.name)
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(look.choice, scene)
        buttons(look.choice, [look.task])


render()
