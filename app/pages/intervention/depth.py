"""By depth: what a linear probe reads from the states, and what the class blocks do."""

import streamlit as st

from app.components.study.chart import show_chart
from app.pages.intervention.context import Look
from app.services import intervention
from app.services.intervention import Lens, Probes, lens_charts, probe_charts

PROBES = (
    "Run fits mass, soft-drop mass, N-subjettiness ratios, energy correlators and prongs of the jets linearly to the "
    "mean of the particles' states at each depth, and to that of the inputs: the variance explained of jets left out."
)
LENS = "Run shows how good the answers read at each depth are over the jets, with their 95 % intervals."


def study_probes(look: Look) -> Probes:
    return Probes()


def study_lens(look: Look) -> Lens:
    return Lens()


def probes(look: Look) -> None:
    found = look.findings(PROBES)
    if not found:
        return
    charts = probe_charts.charts(found)
    left, right = st.columns((0.5, 0.5), gap="medium")
    with left:
        caption = f"R² of a linear read-out of jets left out, {found.jets} jets"
        show_chart(charts["probes"], "probes", 600, caption=caption)
    with right:
        show_chart(charts["probes_by_depth"], "probes_by_depth", 300)
        show_chart(charts["probes_gain"], "probes_gain", 280)


def read(look: Look) -> None:
    left, right = st.columns((0.55, 0.45), gap="medium")
    with left:
        found = intervention.read(look.choice.file, look.choice.selection.jet, look.model)
        show_chart(lens_charts.jet_lens(found, look.scene.classes), "jet_lens", 600)
    with right:
        if measured := look.findings(LENS):
            for name, chart in lens_charts.charts(measured).items():
                show_chart(chart, name, 285)
