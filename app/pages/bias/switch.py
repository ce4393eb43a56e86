"""The bias off, and the bias alone, in all layers or in one: the chosen jet at once, a sample on Run."""

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.bias.context import Look
from app.pages.explore.toolbar import jet_line
from app.services import bias
from app.services import models as backend
from app.services.bias import SwitchFindings, switch_charts

HEIGHT = 300


def switch(look: Look) -> None:
    choice = look.choice
    if look.refused:
        note(look.refused)
        return
    scene = backend.scene_of(choice.file, choice.selection.jet, look.name)
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(choice, scene)
    left, right = st.columns((0.44, 0.56), gap="medium")
    with left:
        chosen, probabilities = bias.without(choice.file, choice.selection.jet, look.model)
        show_chart(switch_charts.of_jet(chosen, probabilities, scene.classes), "jet_switch", 2 * HEIGHT + 40)
    with right:
        _sample(look)


def _sample(look: Look) -> None:
    found: SwitchFindings | None = look.findings(
        "Run does the same with all jets: how many change their class, and what becomes of accuracy and rejections."
    )
    if not found:
        return
    plots = switch_charts.charts(found)
    grid = plots.pop("rejections", None)
    for column, name in zip(st.columns(2), list(plots)[:2], strict=False):
        with column:
            show_chart(plots[name], name, HEIGHT)
    if grid:
        show_chart(grid, "rejections", HEIGHT + 10)
    else:
        for column, name in zip(st.columns(2), list(plots)[2:], strict=False):
            with column:
                show_chart(plots[name], name, HEIGHT)
