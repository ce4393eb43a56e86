"""Intervention: what a model says when a part of it, of its pass or of the jet is another."""

import streamlit as st

from app.components.messages import refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.components.study.controls import model_segments, segments
from app.components.study.header import head
from app.pages.explore.toolbar import jet_line
from app.pages.intervention import ablate, depth, edit, patch
from app.pages.intervention.context import Look
from app.services import models as backend
from app.services import studies as studying
from app.services.intervention import check_attention
from app.state import selection as session
from app.state.resolve import Choice

TITLES = {"ablate": "Ablate", "patch": "Patch", "edit": "Edit", "probes": "Probes", "lens": "Lens"}
STUDIES = {
    "ablate": ablate.study,
    "patch": patch.study,
    "edit": edit.study,
    "probes": depth.study_probes,
    "lens": depth.study_lens,
}
CONTROLS = {"ablate": ablate.controls, "patch": patch.controls, "edit": edit.controls}
TABS = {"ablate": ablate.ablate, "patch": patch.patch, "edit": edit.edit, "probes": depth.probes, "lens": depth.read}


def render() -> None:
    choice = resolved()
    if not choice:
        return
    sidebar(choice)
    tab = choice.selection.tab if choice.selection.tab in TABS else "ablate"
    look, refused = _look(choice, tab)
    head("Intervention", choice, [look.task] if look and look.task else [])
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_line"):
        segments("Shown", "tab", TITLES, tab)
        model_segments(choice.selection.models, choice.selection.focus)
        if look and tab in CONTROLS:
            CONTROLS[tab](look)
    for sentence in filter(None, (session.complaint(), choice.note, refused)):
        refuse(sentence)
    if look:
        if tab != "probes":
            with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
                jet_line(choice, look.scene)
        TABS[tab](look)


def _look(choice: Choice, tab: str) -> tuple[Look | None, str | None]:
    """What there is to look at, or why there is nothing."""
    name = choice.selection.models[choice.selection.focus]
    try:
        model = backend.tagger(name, choice.file)
        check_attention(model)
        backend.scene_of(choice.file, choice.selection.jet, name)
    except backend.BadInput as error:
        return None, str(error)
    look = Look(choice, model, None, None)
    try:
        study = STUDIES[tab](look)
        task = studying.task(name, study, choice.file, look.entries)
        return Look(choice, model, task, None), None
    except backend.BadInput as error:
        return Look(choice, model, None, str(error)), None


render()
