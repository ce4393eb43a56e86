"""The chosen jet: the bias of its pairs in every head, and to which pair features it is owed."""

import streamlit as st

from app.components.canvas.mosaic import mosaic
from app.components.card import Card
from app.components.messages import line, note
from app.components.study.chart import show_chart
from app.pages.bias.context import Look
from app.pages.explore.toolbar import jet_line
from app.services import bias
from app.services import models as backend
from app.services.models import figures
from app.state.selection import change


def jet(look: Look) -> None:
    choice, model = look.choice, look.model
    scene = backend.scene_of(choice.file, choice.selection.jet, look.name)
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(choice, scene)
    theme = st.context.theme.type or "light"
    heads = bias.heads_of(scene, choice.selection.order)
    key = f"bias/{choice.file.sha256[:16]}:{choice.selection.jet}/{model.identity}/{choice.selection.order}/{theme}"
    _highlight(look, scene)
    mosaic(figures.mosaic_bytes(heads, theme, key), "bias_heads", lambda _, head: change(head=head))
    view = figures.View("matrix", "bias", look.layer, look.head, order=choice.selection.order)
    card = Card(choice, choice.selection.focus, scene, model, view, None, theme)
    left, right = st.columns((0.36, 0.64), gap="medium")
    with left:
        card.matrix()
    with right:
        _pairs(look, scene)


def _pairs(look: Look, scene: figures.Scene) -> None:
    """Shapley values of the strongest pairs, as rows that add up."""
    selection = look.choice.selection
    baseline, _ = bias.draw(look.choice.file, look.entries, look.model)
    explained = bias.explain(look.choice.file, selection.jet, look.model, look.head, selection.particle, baseline)
    if explained is None:
        note("This jet has a single constituent, so it has no pairs.")
        return
    whose = "the jet" if selection.particle is None else f"constituent {selection.particle + 1}"
    symbol = scene.constituents.symbol
    names = [" – ".join(f"{symbol(i)} {i + 1}" for i in pair) for pair in explained.pairs.tolist()]
    grid = bias.charts.explained(explained.found, look.head, names)
    caption = f"Strongest pairs of {whose} in head {look.head + 1}: what their bias is owed to"
    show_chart(grid, "pairs", 440, caption=caption)
    st.caption(
        f"Each row adds up: the mean bias of {len(baseline)} pairs drawn from these jets (seed {bias.BiasStudy().seed})"
        ", the exact Shapley value of each pair feature against them, the pair's bias. Pairs are named by species and "
        "place in the file of their constituents; a click on a row of the matrix chooses one constituent's pairs."
    )


def _highlight(look: Look, scene: figures.Scene) -> None:
    """As `toolbar.highlight`; the strip of heads has one row, whatever the layer."""
    selection, place = look.choice.selection, -9999
    if selection.particle is not None:
        place = int(scene.constituents.order(selection.order).tolist().index(selection.particle))
    line(
        "<style>:root {{ --partscope-layer: 0; --partscope-head: {}; --partscope-position: {}; }}</style>",
        str(look.head),
        str(place),
    )
