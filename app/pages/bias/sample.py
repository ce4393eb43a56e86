"""The bias over a sample: its part in the logits, and the Shapley values of its features."""

import streamlit as st

from app.components.study.chart import show_chart
from app.pages.bias.context import Look
from app.services.bias import BiasFindings, charts

HEIGHT = 325


def shares(look: Look) -> None:
    found: BiasFindings | None = look.findings(
        "Run measures, for every head, which part of the logits' variance is q·k and which the bias, how |q·k| "
        "compares with |bias|, and how many queries would look elsewhere without the bias."
    )
    if not found:
        return
    plots = charts.shares(found, (look.layer, look.head)) | {
        "ratio": charts.ratio(found, look.layer, look.head),
        "ratio_layers": charts.ratio_by_layer(found),
    }
    for row in (list(plots)[:3], list(plots)[3:]):
        for column, name in zip(st.columns(3), row, strict=True):
            with column:
                show_chart(plots[name], name, HEIGHT)
    st.caption(
        "Rows of logits are taken less their mean, which the softmax does not see. The three shares of a head add up "
        "to 1; a negative covariance means that q·k and the bias pull apart."
    )


def shapley(look: Look) -> None:
    found: BiasFindings | None = look.findings(
        "Run finds the exact Shapley values of lnkT, lnz, lnΔ and lnm² for pairs of every jet and averages their sizes."
    )
    if not found:
        return
    left, right = st.columns(2)
    with left:
        show_chart(charts.shapley_means(found), "shapley", 640)
    with right:
        show_chart(charts.shapley_of_head(found, look.head), "shapley_head", 300)
        show_chart(charts.lund_pairs(found), "lund_pairs", 300)
    st.caption(
        f"Mean sizes over jets, of {look.task.study.pairs} pairs each, against {len(found.baseline)} pairs of the "
        "sample; intervals of 95 % are over jets, for this baseline. All layers share the bias."
    )
