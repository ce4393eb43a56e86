"""Patch: how much of the chosen jet's prediction its activations recover in the forward pass of a corrupted jet."""

from typing import Any

import streamlit as st

from app.components.messages import show_error
from app.components.study.chart import show_chart
from app.components.study.controls import segments
from app.pages.intervention.context import InterventionContext
from app.pages.intervention.state import InterventionState
from app.services import intervention
from app.services.figures import study_charts
from app.services.intervention_charts import recovery_chart
from app.services.library import PartError
from app.state import session

COMPONENTS = {"residual": "States of particles", "head": "Outputs of heads", "pattern": "Patterns of heads"}
CORRUPTIONS = {"jet": "the donor jet", "flavour": "its flavour"}
ABOUT = (
    "Run patches all jets of this jet's class among those chosen, each corrupted by the jet of the donor's class whose "
    "multiplicity is nearest (or of the classes chosen above), and shows the mean recovery with its standard error."
)


def study(context: InterventionContext) -> tuple[str, dict]:
    """Return the name and the options of the study, of the jets' classes or of those that are chosen.

    Raises PartError where the classes are not known.
    """
    state = context.state
    clean, corrupted = context.target_class, context.contrast_class
    if not (clean and corrupted):
        own, other = intervention.class_names(context.file, context.model, context.jet, _donor(context))
        clean, corrupted = clean or own, corrupted or other
    component = state.component if state.component != "residual" else "head"
    options = {"clean": clean, "corrupted": corrupted, "component": component, "corruption": state.corruption}
    return "patching", options


def controls(context: InterventionContext) -> None:
    segments("Patch", InterventionState, "component", COMPONENTS, context.state.component)
    segments("Corrupted by", InterventionState, "corruption", CORRUPTIONS, context.state.corruption)
    last = len(context.resolved.sample) - 1
    choice = session.bind_widget(InterventionState, "donor", _donor(context))
    st.number_input("Donor jet", 0, last, width=120, **choice)


def patch(context: InterventionContext) -> None:
    left, right = st.columns((0.55, 0.45), gap="medium")
    with left:
        _jet(context)
    with right:
        if result := context.result(ABOUT):
            study = result.study
            component = COMPONENTS[study.component].lower()
            caption = f"{result.jets} {study.clean} jets corrupted by {study.corrupted}: {component}"
            for name, chart in study_charts("patching", result).items():
                show_chart(chart, name, 480, caption=caption)
                st.caption(_scale(chart))


def _jet(context: InterventionContext) -> None:
    component, corruption = context.state.component, context.state.corruption
    try:
        recovery = intervention.patch_jet(
            context.file,
            context.jet,
            _donor(context),
            context.model,
            component,
            corruption,
            context.target,
            context.contrast,
        )
    except PartError as error:
        show_error(error)
        return
    first, second = (group.name for group in recovery.classes)
    chart = recovery_chart(recovery)
    caption = f"This jet: recovery of ln p({first}) / p({second}) by {COMPONENTS[component].lower()}"
    show_chart(chart, "jet_recovery", 480, caption=caption)
    ends = f"Clean {recovery.clean:.2f}, corrupted {recovery.corrupted:.2f}".replace("-", "−")
    st.caption(f"{ends}. 0: no effect, 1: full recovery. Particles are matched by rank in pT. {_scale(chart)}")


def _scale(chart: Any) -> str:
    return f"The colour scale ends at ±{chart.limits[1]:.2g}, the largest of a single place."


def _donor(context: InterventionContext) -> int:
    requested, jet = context.state.donor, context.jet
    if requested is not None and requested != jet and requested < len(context.resolved.sample):
        return requested
    return intervention.default_donor(context.file, jet, context.resolved.candidates)
