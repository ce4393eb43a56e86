"""Physics: which quantities of particles and jets the importance of particles and heads follows."""

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.components.study.controls import segments, select
from app.pages.attribution.context import AttributionContext, choose_compared
from app.pages.attribution.state import AttributionState
from app.services.library import OF_JETS, OF_PARTICLES, physics_charts

ABOUT = (
    "Run correlates what each head attends to, and each attribution, with kinematics and displacement of the particles "
    "within each jet, and a number of each head with the substructure of the jets."
)
NUMBERS = {"entropy": "entropy", "ablation": "ablation"}
HEIGHT = 276


def physics(context: AttributionContext) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="physics_line"):
        quantity = context.state.particle_quantity if context.state.particle_quantity in OF_PARTICLES else "kT"
        select("Of particles", AttributionState, "particle_quantity", {name: name for name in OF_PARTICLES}, quantity)
        if context.has_heads:
            observable = context.state.observable if context.state.observable in OF_JETS else "τ21"
            select("Of jets", AttributionState, "observable", {name: name for name in OF_JETS}, observable)
            segments("Number of a head", AttributionState, "of_heads", NUMBERS, context.state.of_heads)
        choose_compared(context)
    result = context.result(ABOUT)
    if not result:
        return
    if context.has_heads:
        _with_heads(context, result, quantity)
    else:
        left, right = st.columns(2)
        with left:
            show_chart(physics_charts.methods(result), "methods", HEIGHT)
        with right:
            show_chart(physics_charts.methods_by_pt(result, quantity), "by_pt", HEIGHT)
    st.caption(
        "Spearman's ρ. Of particles: within each jet, then the mean over jets; of heads: over jets, in all of them and "
        "in bins of pT. Bands: 95 % of a bootstrap over jets. kT: pT times ΔR to the jet axis; z: the share of the pT "
        "of the particle's own of three kT subjets; |d0|/σ: of tracks. Entropy: of a query's attention; ablation: "
        "the change of the log odds of the predicted class if the head is zero." + _not_known(result)
    )


def _not_known(result) -> str:
    """Return a sentence on the quantities that the charts leave out, "" if there are none."""
    missing = [name for name in OF_PARTICLES if name not in physics_charts.known_quantities(result)]
    return f" Not known of these jets: {', '.join(missing)}." if missing else ""


def _with_heads(context: AttributionContext, result, quantity: str) -> None:
    """Draw heads and methods against quantities of particles, and below heads against observables of jets."""
    head = context.layer, context.head
    names = result.observables  # without momenta the number of constituents alone
    observable = next(name for name in (context.state.observable, "τ21", names[0]) if name in names)
    left, middle, right = st.columns(3)
    with left:
        if quantity in physics_charts.known_quantities(result):
            received = physics_charts.received_map(result, quantity)
            show_chart(received, "received", HEIGHT, caption=f"Heads: attention received and {quantity}")
        else:
            note(f"These jets do not say {quantity} of their particles.")
        of_jets = physics_charts.observable_map(result, observable)
        show_chart(of_jets, "observable", HEIGHT, caption=f"Heads: {NUMBERS[result.number_of_heads]} and {observable}")
    with middle:
        show_chart(physics_charts.methods(result), "methods", HEIGHT, caption="Importance and particles, within jets")
        name = f"Layer {context.layer + 1}, head {context.head + 1}"
        number = NUMBERS[result.number_of_heads]
        show_chart(physics_charts.head_bars(result, head), "bars", HEIGHT, caption=f"{name}: {number}, over jets")
    with right:
        by_pt = physics_charts.received_by_pt(result, head)
        show_chart(by_pt, "received_by_pt", HEIGHT, caption=f"{name}: received, within jets")
        by_pt = physics_charts.observables_by_pt(result, head, tuple(dict.fromkeys((observable, names[-1]))))
        show_chart(by_pt, "observables_by_pt", HEIGHT, caption=f"{name}: {number}, over jets")
