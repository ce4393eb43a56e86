"""The bias that a head has learned, as a function of the pair features, and the sample's averages."""

import streamlit as st

from app.components.messages import grouped, note
from app.components.study.chart import show_chart
from app.components.study.scale import on_one_scale
from app.pages.bias.context import BiasContext
from app.pages.bias.state import LNM2, LNZ, BiasState
from app.services import bias
from app.services.library import Chart, PartError, bias_charts
from app.state import session

HEIGHT = 560


def function(context: BiasContext) -> None:
    state = context.state
    result = context.result("Run averages attention and bias over the Lund plane of all pairs.")
    learned, reason = _learned(context, state)
    charts = {} if learned is None else {"function": learned}
    if result:
        charts["lund_bias"] = bias_charts.lund_bias(result, context.head)
        charts["lund_attention"] = bias_charts.lund_attention(result, context.layer, context.head)
    shown = on_one_scale(charts, "bias_function") if len(charts) > 1 else charts
    left, middle, right = st.columns(3)
    with left:
        if "function" in shown:
            show_chart(shown["function"], "function", HEIGHT, caption=f"Bias as a function, head {context.head + 1}")
            _sliders(state)
        else:
            note(reason)
    for column, name in ((middle, "lund_bias"), (right, "lund_attention")):
        with column:
            if name in shown:
                show_chart(shown[name], name, HEIGHT)
    if result:
        n_jets = grouped(int(result.lund.pairs.jets.max()))
        st.caption(f"Hatched: there is no pair of the {n_jets} jets.")


def _learned(context: BiasContext, state: BiasState) -> tuple[Chart | None, str]:
    """Return the chart of the bias as a function, or None and why there is none."""
    try:
        values = bias.bias_function(context.model, state.lnz, state.lnm2)
    except PartError as error:  # the bias of other features than those of the Lund plane
        return None, str(error)
    _, pairs = bias.sample_pairs(context.file, context.entries, context.model)
    return bias_charts.learned_bias(values[context.head], context.head, pairs, state.lnz, state.lnm2), ""


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
