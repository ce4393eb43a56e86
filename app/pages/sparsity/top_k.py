"""Attention restricted to the k strongest keys of each query: the chosen jet at once, a sample on Run."""

import numpy as np
import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.sparsity.context import SparsityContext
from app.pages.sparsity.state import SparsityState
from app.services import sparsity
from app.services.library import top_k_charts
from app.state import session

HEIGHT = 300
N_CURVE = 16  # values of k for the curves of one jet, about


def top_k(context: SparsityContext) -> None:
    """Draw the jet as the focused model sees it, and the sample for all models."""
    left, right = st.columns(2, gap="medium")
    with left:
        _jet(context)
    with right:
        _sample(context)


def _jet(context: SparsityContext) -> None:
    classes, n = context.jet_view.classes, len(context.jet_view.constituents)
    if n < 2:
        note("This jet has one constituent, which can attend to nothing but itself.")
        return
    k = min(context.state.k, n)
    st.slider("k, the keys that each query keeps", 1, n, **session.bind_widget(SparsityState, "k", k))
    ks = tuple(sorted({*np.geomspace(1, n, N_CURVE).round().astype(int).tolist(), k}))
    probabilities = sparsity.keep_top_k(context.focus.file, context.jet, context.focus.model, ks)
    comparison = top_k_charts.jet_comparison(probabilities[ks.index(k)], probabilities[-1], k, classes)
    show_chart(comparison, "beside", HEIGHT - 40)
    show_chart(top_k_charts.jet_curves(ks, probabilities, classes), "one_jet", HEIGHT - 40)
    name = context.focus.name
    st.caption(f"{name}: the {k} largest weights of each row in all layers and heads, rescaled to a sum of 1.")


def _sample(context: SparsityContext) -> None:
    results = context.results("Run does the same with all jets: how many keep their class, and the accuracy left.")
    if not results:
        return
    is_labelled = all(result.accuracy is not None for result in results.values())
    upper = top_k_charts.accuracy if is_labelled else top_k_charts.divergence
    show_chart(upper(results), "accuracy", HEIGHT, context.accents)
    show_chart(top_k_charts.same_class(results), "same", HEIGHT, context.accents)
    st.caption(
        "Intervals of 95 %: paired bootstrap over jets for accuracies, standard errors for shares."
        if is_labelled
        else "These jets have no labels of the models' classes: there is no accuracy."
    )
