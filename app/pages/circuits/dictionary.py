"""Sparse features of a layer's activations, and one of them: what it means and what it does."""

from functools import partial
from pathlib import Path

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import select
from app.components.study.point_click import PointClick
from app.pages.circuits.state import CircuitsState
from app.services.library import DictionaryResult, dictionary_charts
from app.state import session
from app.state.selection import JetSelection

EXPLORE = Path(__file__).parents[1] / "explore" / "page.py"
ABOUT = (
    "Run writes the activations of each particle as a sum of a few of many features, and says what each feature is "
    "active on, beside shuffled particles and random directions, and what it does to the logits."
)
QUALITY, FEATURES, EFFECTS, ONE, SMALL = 190, 330, 560, 380, 260  # px


def dictionary_study(context: ModelContext) -> tuple[str, dict]:
    return "dictionary", {}


def choose_feature(context: ModelContext) -> None:
    """Choose a feature from all, the most important first."""
    result = context.task.result if context.task else None
    if result is not None:
        order = (-result.importance).argsort(kind="stable").tolist()
        titles = {m: f"{m + 1} · {result.title(m)}".removesuffix(" · ") for m in order}
        select("Feature", CircuitsState, "feature", titles, chosen_feature(context, result))


def chosen_feature(context: ModelContext, result: DictionaryResult) -> int:
    """Return the chosen feature, by default the most important one with a name, if any has one."""
    requested = context.state.feature
    if requested is not None and requested < result.features:
        return requested
    named = result.name >= 0
    return int((result.importance * (named if named.any() else 1)).argmax())


def dictionary(context: ModelContext) -> None:
    """Draw how well the dictionary writes the activations and all features, and beside them the chosen one."""
    result = context.result(ABOUT)
    if result is None:
        return
    feature, requested = chosen_feature(context, result), context.state.feature
    if requested is not None and requested != feature:
        note(f"There is no feature {requested + 1}; the most important one with a name is shown.")
    left, right = st.columns((0.5, 0.5), gap="medium")
    with left:
        show_chart(dictionary_charts.quality(result), "quality", QUALITY)
        click = PointClick(partial(_choose, result, feature), "Click to choose it")
        show_chart(dictionary_charts.features(result, feature), "features", FEATURES, click=click)
        if len(result.chosen):
            show_chart(dictionary_charts.effects(result), "effects", EFFECTS)
    with right:
        _one(context, result, feature)
    st.caption(
        f"{result.jets} jets. {result.features} features of {result.place}, of which at most {result.limit} are active "
        f"for a particle. A name is the property that tells most about where a feature is active, if its effect is "
        f"{result.least_effect:g} or more and significant on jets on which it was not chosen."
    )


def _choose(result: DictionaryResult, marked: int, series: int, point: int) -> None:
    session.update(CircuitsState, feature=dictionary_charts.feature_at(result, marked, series, point))


def _one(context: ModelContext, result: DictionaryResult, feature: int) -> None:
    """Draw one feature: on which particles it is active, in which classes, and what it does to the logits."""
    if not result.frequency[feature]:
        note(f"Feature {feature + 1} is active for none of these particles.")
        return
    show_chart(dictionary_charts.properties(result, feature), "properties", ONE)
    _jets(context, result, feature)
    weights, classes = st.columns(2)
    with weights:
        show_chart(dictionary_charts.weights(result, feature), "weights", SMALL)
    with classes:
        show_chart(dictionary_charts.of_classes(result, feature), "by_class", SMALL)
    on_logits = dictionary_charts.on_logits(result, feature)
    if on_logits is not None:
        show_chart(on_logits, "logits", ONE)


def _jets(context: ModelContext, result: DictionaryResult, feature: int) -> None:
    """Link to the jets that excite a feature most, with the constituent that does."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Strongest in (jet, constituent)")
        for entry, particle in zip(result.entries[feature], result.particles[feature], strict=True):
            if entry >= 0:
                place = {"jet": int(entry), "particle": int(particle), "models": (context.name,)}
                query = session.choices_with(JetSelection, **place)
                st.page_link(EXPLORE, label=f"jet {entry}, {particle + 1}", query_params=query)
