"""Attention cut to the k strongest keys of each query: the chosen jet at once, a sample on Run."""

import numpy as np
import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.explore.toolbar import jet_line
from app.pages.sparsity.context import Look
from app.services import models as backend
from app.services import sparsity
from app.services.sparsity import topk_charts
from app.state.selection import adopt, mirror

HEIGHT = 300
CURVE = 16  # values of k for the curves of one jet, about


def topk(look: Look) -> None:
    """The jet as the chosen model sees it; the sample for all models."""
    if not look.tasks:
        return
    scene = backend.scene_of(look.choice.file, look.choice.selection.jet, look.focus.name)
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(look.choice, scene)
    left, right = st.columns(2, gap="medium")
    with left:
        _jet(look, scene)
    with right:
        _sample(look)


def _jet(look: Look, scene: backend.Scene) -> None:
    choice, n = look.choice, len(scene.constituents)
    if n < 2:
        note("This jet has one constituent, which can look at nothing but itself.")
        return
    k = min(choice.selection.k, n)
    st.slider("k, the keys that each query keeps", 1, n, key=mirror("k", k), on_change=adopt, args=("k",))
    ks = tuple(sorted({*np.geomspace(1, n, CURVE).round().astype(int).tolist(), k}))
    probabilities = sparsity.cut(choice.file, choice.selection.jet, look.focus.model, ks)
    show_chart(
        topk_charts.beside(probabilities[ks.index(k)], probabilities[-1], k, scene.classes), "beside", HEIGHT - 40
    )
    show_chart(topk_charts.one_jet(ks, probabilities, scene.classes), "one_jet", HEIGHT - 40)
    st.caption(f"{look.focus.name}: the {k} largest weights of each row in all layers and heads, scaled to a sum of 1.")


def _sample(look: Look) -> None:
    found = look.findings("Run does the same with all jets: how many keep their class, and what accuracy is left.")
    if not found:
        return
    labelled = all(one.accuracy is not None for one in found.values())
    upper = topk_charts.accuracy if labelled else topk_charts.divergence
    show_chart(upper(found), "accuracy", HEIGHT, look.accents)
    show_chart(topk_charts.same(found), "same", HEIGHT, look.accents)
    st.caption(
        "Intervals of 95 %: paired bootstrap over jets for accuracies, standard errors for shares."
        if labelled
        else "These jets have no labels of the models' classes: there is no accuracy."
    )
