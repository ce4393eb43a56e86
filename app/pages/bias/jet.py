"""The chosen jet: the bias of its pairs in every head, and its attribution to the pair features."""

import streamlit as st

from app.components.canvas.head import canvas_kind, draw_head
from app.components.canvas.mosaic import draw_mosaic
from app.components.explained import explained
from app.components.messages import caption, note
from app.components.study.chart import show_chart
from app.components.theme import theme_name
from app.components.toolbar import highlight, position_of, toggle_particle
from app.pages.bias.context import BiasContext
from app.services import bias
from app.services.library import View, bias_charts, jet_sentences
from app.state import session
from app.state.selection import JetSelection

HEADS_IN_A_ROW = 8  # so that few heads do not fill the page


def jet(context: BiasContext) -> None:
    order, theme = context.selection.order, theme_name()
    key = f"bias/{context.file.key[:16]}:{context.jet}/{context.model.cache_key}/{order}"
    highlight(0, context.head, position_of(context.jet_view, context.selection))  # the strip of heads has one row
    heads = context.model.config.heads
    strip = st.columns((heads, HEADS_IN_A_ROW - heads))[0] if heads < HEADS_IN_A_ROW else st.container()
    with strip, explained("bias_heads", "mosaic"):
        draw_mosaic(bias.heads_pixels(context.jet_view, order, theme, f"{key}/{theme}"), "bias_heads", _choose_head)
    left, right = st.columns((0.36, 0.64), gap="medium")
    with left:
        view = View("matrix", "bias", context.layer, context.head, order=order)
        kind = canvas_kind(context.jet_view)
        with explained("slots" if kind == "slots" else "head", kind):
            draw_head(
                context.jet_view,
                view,
                key=f"{kind}0",
                painted=f"{key}/{context.layer + 1}:{context.head + 1}/{theme}",
                theme=theme,
                on_particle=toggle_particle,
                caption=f"Head {context.head + 1} of all layers: {{quantity}}" if context.is_shared else None,
            )
        caption(jet_sentences.head(context.jet_view, view))
    with right:
        _pairs(context)


def _choose_head(_: int, head: int) -> None:
    session.update(JetSelection, head=head)


def _pairs(context: BiasContext) -> None:
    """Draw the Shapley values of the strongest pairs, as rows that add up."""
    particle = context.selection.particle
    baseline, _ = bias.sample_pairs(context.file, context.entries, context.model)
    explained_pairs = bias.explain_pairs(context.file, context.jet, context.model, context.head, particle, baseline)
    if explained_pairs is None:
        note("This jet has a single constituent, so it has no pairs.")
        return
    owner = "the jet" if particle is None else f"constituent {particle + 1}"
    numbered = context.jet_view.constituents.numbered
    names = [" – ".join(numbered(i) for i in pair) for pair in explained_pairs.pairs.tolist()]
    features = bias.feature_names(context.model)
    chart = bias_charts.pair_shapley(explained_pairs.shapley, context.head, names, features)
    title = f"Strongest pairs of {owner} in head {context.head + 1}: contributions to their bias"
    show_chart(chart, "pairs", 440, caption=title)
    st.caption(
        f"Each row adds up: the mean bias of {len(baseline)} pairs drawn from these jets (seed {bias.SEED}), the exact "
        "Shapley value of each pair feature against them, the pair's bias. Pairs are named by species and number of "
        "their constituents; a click on a row of the matrix chooses one constituent's pairs."
    )
