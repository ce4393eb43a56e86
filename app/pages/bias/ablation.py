"""Ablation of the bias and of q·k, in all layers or in one: the chosen jet at once, a sample on Run."""

import streamlit as st

from app.components.study.chart import show_chart, show_charts
from app.pages.bias.context import BiasContext
from app.services import bias
from app.services.figures import study_charts

HEIGHT = 300


def ablation(context: BiasContext) -> None:
    if context.study_error:
        context.explain(context.name, context.study_error, "study")
        return
    left, right = st.columns((0.44, 0.56), gap="medium")
    with left:
        chart = bias.ablation_chart(context.file, context.jet, context.model)
        show_chart(chart, "jet_switch", 2 * HEIGHT + 40)
    with right:
        _sample(context)


def _sample(context: BiasContext) -> None:
    result = context.result(
        "Run does the same with all jets: how many change their class, and how accuracy and rejections change."
    )
    if not result:
        return
    charts = study_charts("bias_switch", result)
    rejections = charts.pop("rejections", None)
    names = list(charts)
    show_charts(charts, names[:2], HEIGHT, (1, 1))
    if rejections:
        show_chart(rejections, "rejections", HEIGHT + 10)
    else:
        show_charts(charts, names[2:], HEIGHT, (1, 1))
