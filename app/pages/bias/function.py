"""The bias that a head has learned, as a function of the pair features, and the sample's averages."""

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.bias.context import BiasContext
from app.pages.bias.state import LNM2, LNZ, BiasState
from app.services import bias
from app.services.library import PartError, bias_charts
from app.state import session

HEIGHT = 560


def function(context: BiasContext) -> None:
    state = context.state
    left, middle, right = st.columns(3)
    with left:
        _function(context, state)
    with middle:
        result = context.result("Run averages attention and bias over the Lund plane of all pairs.")
        if result:
            show_chart(bias_charts.lund_bias(result, context.head), "lund_bias", HEIGHT)
    with right:
        if result:
            show_chart(bias_charts.lund_attention(result, context.layer, context.head), "lund_attention", HEIGHT)


def _function(context: BiasContext, state: BiasState) -> None:
    try:
        values = bias.bias_function(context.model, state.lnz, state.lnm2)
    except PartError as error:  # the bias of other features than those of the Lund plane
        note(str(error))
        return
    _, pairs = bias.sample_pairs(context.file, context.entries, context.model)
    chart = bias_charts.learned_bias(values[context.head], context.head, pairs, state.lnz, state.lnm2)
    show_chart(chart, "function", HEIGHT, caption=f"Bias as a function, head {context.head + 1}")
    _sliders(state)


def _sliders(state: BiasState) -> None:
    is_massless = state.lnm2 is None
    columns = st.columns(2, vertical_alignment="bottom")
    with columns[0]:
        st.slider("lnz", *LNZ, step=0.1, **session.bind_widget(BiasState, "lnz"))
    with columns[1]:
        choice = session.bind_widget(BiasState, "lnm2", 0.0 if is_massless else state.lnm2)
        st.slider("lnm²", *LNM2, step=0.1, disabled=is_massless, **choice)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.session_state["massless"] = is_massless
        about = "m² = kT² (1 − z) / z, as of massless particles at a small angle. At a fixed mass few pairs remain."
        st.toggle("massless", key="massless", on_change=_on_massless, help=about)
        st.caption("Points: pairs of these jets whose lnz, and lnm² where it is fixed, differ by at most 0.5.")


def _on_massless() -> None:
    session.update(BiasState, lnm2=None if st.session_state["massless"] else 0.0)
