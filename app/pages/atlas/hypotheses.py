"""One hypothesis for all heads, and what needs no hypothesis."""

import streamlit as st

from app.components.study.chart import show_chart
from app.components.study.context import ModelContext
from app.components.study.controls import select
from app.pages.atlas.context import ABOUT
from app.pages.atlas.state import AtlasState
from app.services.library import HYPOTHESES, atlas_charts

HEIGHT = 560


def choose_hypothesis(context: ModelContext) -> None:
    """Choose one of the hypotheses whose keys the jets have."""
    result = context.task.result if context.task else None
    if result is not None:
        known = atlas_charts.known(result)
        titles = {name: HYPOTHESES[name].title for name in known}
        select("Hypothesis", AtlasState, "hypothesis", titles, _chosen(context, known))


def _chosen(context: ModelContext, known: tuple[str, ...]) -> str:
    requested = context.state.hypothesis
    return requested if requested in known else known[0]


def hypotheses(context: ModelContext) -> None:
    """Draw the effect of the chosen hypothesis, how far attention follows the rank of the key, and its spread."""
    result = context.result(ABOUT)
    if result is None:
        return
    chosen = _chosen(context, atlas_charts.known(result))
    effect, position, spread = st.columns(3)
    with effect:
        show_chart(atlas_charts.effect_map(result, chosen), "effect", HEIGHT)
        k = result.hypotheses.index(chosen)
        untrained = "" if result.untrained is None else f" Untrained weights reach {result.untrained[k]:.2f}."
        jets, null = result.effects.jets[:2, k].sum(), float(result.effects.null[1, :, k].mean())
        st.caption(
            f"{jets} jets have such keys, and others. Shuffled keys receive {null:.2f} of the attention.{untrained}"
        )
    with position:
        show_chart(atlas_charts.position_map(result), "position", HEIGHT)
        st.caption("From the mean attention by rank, on jets that did not enter that mean.")
    with spread:
        show_chart(atlas_charts.spread_map(result), "spread", HEIGHT)
        st.caption("exp(entropy) of a row over the number of particles: 1 where all keys receive the same.")
