"""The bias over a sample: its share of the logits, and the Shapley values of its features."""

import streamlit as st

from app.components.study.chart import show_chart, show_charts
from app.pages.bias.context import BiasContext
from app.services import bias
from app.services.library import bias_charts

HEIGHT = 325


def shares(context: BiasContext) -> None:
    result = context.result(
        "Run measures, for every head, the shares of q·k and of the bias in the variance of the logits, how |q·k| "
        "compares with |bias|, and how many queries would attend to another key without the bias."
    )
    if not result:
        return
    charts = bias_charts.variance_shares(result, (context.layer, context.head)) | {
        "ratio": bias_charts.ratio(result, context.layer, context.head),
        "ratio_layers": bias_charts.ratio_by_layer(result),
    }
    names = list(charts)
    show_charts(charts, names[:3], HEIGHT)
    show_charts(charts, names[3:], HEIGHT)
    st.caption(
        "The mean of each row of logits is subtracted, since the softmax ignores it. The three shares of a head add up "
        "to 1; a negative covariance means that q·k and the bias have opposite effects."
    )


def shapley(context: BiasContext) -> None:
    result = context.result(
        f"Run computes the exact Shapley values of {', '.join(bias.feature_names(context.model))} for pairs of every "
        "jet and averages their sizes."
    )
    if not result:
        return
    left, right = st.columns(2)
    with left:
        show_chart(bias_charts.shapley_means(result), "shapley", 640)
    with right:
        show_chart(bias_charts.shapley_of_head(result, context.head), "shapley_head", 300)
        show_chart(bias_charts.lund_pairs(result), "lund_pairs", 300)
    st.caption(
        f"Mean sizes over jets, of {bias.PAIRS_PER_JET} pairs each, against {len(result.baseline)} pairs of the "
        "sample; intervals of 95 % are over jets, for this baseline. All layers share the bias."
    )
