"""Patch: how much of the chosen jet's prediction comes back when parts of its pass enter that over a corrupted jet."""

import streamlit as st

from app.components.messages import refuse
from app.components.study.chart import show_chart
from app.components.study.controls import segments
from app.pages.intervention.context import Look
from app.services import intervention
from app.services.intervention import Patching, patching_charts
from app.services.models import BadInput
from app.state.selection import adopt, mirror

PARTS = {"residual": "States of particles", "head": "Outputs of heads", "pattern": "Patterns of heads"}
CORRUPTIONS = {"jet": "the donor jet", "flavour": "its flavour"}
ABOUT = (
    "Run patches all jets of this jet's class among those chosen, each corrupted by the jet of the donor's class that "
    "is most alike in multiplicity, and shows the mean recovery with its standard error."
)


def study(look: Look) -> Patching:
    """Raises BadInput where the classes are not known."""
    selection = look.choice.selection
    clean, corrupted = intervention.classes_of(look.choice.file, look.model, selection.jet, _donor(look))
    part = selection.patched if selection.patched != "residual" else "head"
    return Patching(clean, corrupted, part, selection.corruption)


def controls(look: Look) -> None:
    selection = look.choice.selection
    segments("Patch", "patched", PARTS, selection.patched)
    segments("Corrupted by", "corruption", CORRUPTIONS, selection.corruption)
    key = mirror("donor", _donor(look))
    last = len(look.choice.sample) - 1
    st.number_input("Donor jet", 0, last, key=key, on_change=adopt, args=("donor",), width=120)


def patch(look: Look) -> None:
    left, right = st.columns((0.55, 0.45), gap="medium")
    with left:
        _jet(look)
    with right:
        if found := look.findings(ABOUT):
            study = found.study
            caption = f"{found.jets} {study.clean} jets corrupted by {study.corrupted}: {PARTS[study.part].lower()}"
            for name, chart in patching_charts.charts(found).items():
                show_chart(chart, name, 480, caption=caption)
            st.caption(_scale(chart))


def _jet(look: Look) -> None:
    choice, donor, selection = look.choice, _donor(look), look.choice.selection
    try:
        found = intervention.patched(
            choice.file, selection.jet, donor, look.model, selection.patched, selection.corruption
        )
    except BadInput as error:
        refuse(error)
        return
    first, second = (look.scene.classes[c] for c in found.classes)
    chart = patching_charts.jet_recovery(found)
    caption = f"This jet: recovery of ln p({first}) / p({second}) by {PARTS[selection.patched].lower()}"
    show_chart(chart, "jet_recovery", 480, caption=caption)
    ends = f"Clean {found.clean:.2f}, corrupted {found.corrupted:.2f}".replace("-", "−")
    st.caption(f"{ends}. 0: no effect, 1: all is back. Particles are matched by rank in pT. {_scale(chart)}")


def _scale(chart) -> str:
    return f"Colours end at ±{chart.limits[1]:.2g}, the largest of a single place."


def _donor(look: Look) -> int:
    asked, jet = look.choice.selection.donor, look.choice.selection.jet
    if asked is not None and asked != jet and asked < len(look.choice.sample):
        return asked
    return intervention.donor_of(look.choice.file, jet, look.choice.candidates)
