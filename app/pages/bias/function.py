"""What a head has learned: its bias as a function of the pair features, and what the sample makes of it."""

import streamlit as st

from app.components.study.chart import show_chart
from app.pages.bias.context import Look
from app.services import bias
from app.services.bias import BiasFindings, charts
from app.state.selection import LNM2, LNZ, adopt, change, mirror

HEIGHT = 560


def function(look: Look) -> None:
    selection = look.choice.selection
    left, middle, right = st.columns(3)
    with left:
        values = bias.learned(look.model, selection.lnz, selection.lnm2)
        _, pairs = bias.draw(look.choice.file, look.entries, look.model)
        chart = charts.learned(values[look.head], look.head, pairs, selection.lnz, selection.lnm2)
        show_chart(chart, "function", HEIGHT, caption=f"Bias as a function, head {look.head + 1}")
        _sliders()
    with middle:
        found: BiasFindings | None = look.findings("Run averages attention and bias over the Lund plane of all pairs.")
        if found:
            show_chart(charts.lund_bias(found, look.head), "lund_bias", HEIGHT)
    with right:
        if found:
            show_chart(charts.lund_attention(found, look.layer, look.head), "lund_attention", HEIGHT)


def _sliders() -> None:
    selection = st.session_state["selection"]
    columns = st.columns((1, 1, 0.8), vertical_alignment="bottom")
    with columns[0]:
        st.slider("lnz", *LNZ, key=mirror("lnz"), step=0.1, on_change=adopt, args=("lnz",))
    with columns[1]:
        value = 0.0 if selection.lnm2 is None else selection.lnm2
        disabled = selection.lnm2 is None
        key = mirror("lnm2", value)
        st.slider("lnm²", *LNM2, key=key, step=0.1, on_change=adopt, args=("lnm2",), disabled=disabled)
    with columns[2]:
        st.session_state["massless"] = selection.lnm2 is None
        about = (
            "m² = kT² (1 − z) / z, as of massless particles close to each other. Fixed, most of the plane has no pairs."
        )
        st.toggle("massless", key="massless", on_change=_toggle, help=about)
    st.caption("Points: pairs of these jets whose lnz, and lnm² where it is fixed, differ by at most 0.5.")


def _toggle() -> None:
    change(lnm2=None if st.session_state["massless"] else 0.0)
