"""The states by depth: what a linear probe reads from the states, and what the class blocks predict from them."""

import streamlit as st

from app.components.study.chart import show_chart
from app.pages.intervention.context import InterventionContext
from app.services import intervention
from app.services.figures import study_charts
from app.services.intervention_charts import lens_chart

PROBES = (
    "Run fits mass, soft-drop mass, N-subjettiness ratios, energy correlators and prongs of the jets linearly to the "
    "mean of the particles' states at each depth, and to that of the inputs: the variance explained in held-out jets."
)
LENS = "Run shows how good the predictions read at each depth are over the jets, with their 95 % intervals."


def study_probes(context: InterventionContext) -> tuple[str, dict]:
    return "probes", {}


def study_lens(context: InterventionContext) -> tuple[str, dict]:
    return "lens", {}


def probes(context: InterventionContext) -> None:
    result = context.result(PROBES)
    if not result:
        return
    charts = study_charts("probes", result)
    left, right = st.columns((0.5, 0.5), gap="medium")
    with left:
        caption = f"R² of linear probes in held-out jets, {result.jets} jets"
        show_chart(charts["probes"], "probes", 600, caption=caption)
    with right:
        show_chart(charts["probes_by_depth"], "probes_by_depth", 300)
        show_chart(charts["probes_gain"], "probes_gain", 280)


def lens(context: InterventionContext) -> None:
    left, right = st.columns((0.55, 0.45), gap="medium")
    with left:
        probabilities = intervention.lens_jet(context.file, context.jet, context.model)
        show_chart(lens_chart(probabilities, context.jet_view.classes, context.target), "jet_lens", 600)
    with right:
        if result := context.result(LENS):
            for name, chart in study_charts("lens", result).items():
                show_chart(chart, name, 285)
