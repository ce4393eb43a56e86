"""Edit: the chosen jet with a constituent more or less, split, turned, boosted or smeared; and IRC safety."""

import numpy as np
import streamlit as st

from app.components.canvas.matrix import matrix
from app.components.card import toggle
from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.intervention.context import Look, before_and_after, heads_line
from app.services import intervention
from app.services.intervention import EDITS, Irc, Plot, Series, irc_charts
from app.services.models import Scene, figures
from app.state.selection import adopt, change, mirror


def study(look: Look) -> Irc:
    return Irc(_emission(look))


def controls(look: Look) -> None:
    edit = EDITS[look.choice.selection.edit]
    st.selectbox(
        "Edit",
        list(EDITS),
        key=mirror("edit"),
        format_func=lambda name: EDITS[name].title,
        on_change=_adopt_edit,
        width=215,
    )
    if len(edit.sizes) > 1:
        st.select_slider(
            f"Size, {edit.unit}",
            edit.sizes,
            key=mirror("size", _size(look)),
            format_func=lambda size: f"{size:g}",
            on_change=adopt,
            args=("size", float),
            width=260,
        )
    heads_line(look)


def _adopt_edit() -> None:
    change(edit=st.session_state["choose_edit"], size=None)


def edit(look: Look) -> None:
    selection, particle = look.choice.selection, _particle(look)
    before, after = intervention.edited(
        look.choice.file, selection.jet, look.name, look.model, selection.edit, _size(look), particle
    )
    columns = st.columns((0.36, 0.32, 0.32), gap="medium")
    with columns[0]:
        probabilities = (scene.trace.probabilities for scene in (before, after))
        which = f" constituent {particle + 1}" if selection.edit in ("drop", "split") else ""
        title = f"{EDITS[selection.edit].title}{which}"
        show_chart(before_and_after(before.classes, *probabilities, title, "edited"), "jet_edited", 320)
        _curve(look)
    for column, scene, words in zip(columns[1:], (before, after), ("as it is", "edited"), strict=True):
        with column:
            _attention(look, scene, words)


def _attention(look: Look, scene: Scene, words: str) -> None:
    if not scene.trace.has("pattern") or scene.over_slots:
        note(f"A {look.model.config.model} has no attention between particles.")
        return
    view = figures.View("matrix", "pattern", look.layer, look.head, order=look.choice.selection.order)
    theme = st.context.theme.type or "light"
    selection = look.choice.selection
    painted = (
        f"{look.choice.file.sha256[:16]}:{selection.jet}:{selection.edit}:{_size(look)}:{_particle(look)}:{words}"
        f"/{look.model.identity}/{view.order}/{look.layer}:{look.head}/{theme}"
    )
    data = figures.figure_data(scene, view)
    matrix(data, f"{view.title}, {words}", theme, f"matrix_{words}", painted, toggle)


def _curve(look: Look) -> None:
    """How far the prediction moves, of this jet, and of the sample once that is studied."""
    kind, floor = _emission(look), irc_charts.FLOOR
    alone = intervention.curve(look.choice.file, look.choice.selection.jet, look.model, kind)
    series = [Series("this jet", alone.points, np.maximum(alone.divergence.value, floor), colour=0)]
    job = look.task and look.task.job
    if job and job.result:
        found = job.result
        bounds = found.divergence.interval
        low, value, high = (np.maximum(v, floor) for v in (bounds[0], found.divergence.value, bounds[1]))
        mean = f"mean of {int(found.divergence.jets.max())} jets"
        series.append(Series(mean, found.points, value, low, high, 1))
    words = "Prediction moved, as an emission softens" if kind == "soft" else "Prediction moved, as a split closes"
    plot = Plot(words, irc_charts.AXES[kind], "Jensen-Shannon [nats]", tuple(series), log_x=True, log_y=True)
    show_chart(plot, "irc", 250)
    if job and not job.result:
        look.findings("")


def _emission(look: Look) -> str:
    return "collinear" if look.choice.selection.edit == "split" else "soft"


def _size(look: Look) -> float:
    """The size of the edit nearest to the one asked for, or the first to show."""
    edit, asked = EDITS[look.choice.selection.edit], look.choice.selection.size
    return edit.first if asked is None else min(edit.sizes, key=lambda size: abs(size - asked))


def _particle(look: Look) -> int:
    """The chosen constituent, or the hardest."""
    chosen, pt = look.choice.selection.particle, look.scene.constituents.pt
    return int(pt.argmax()) if chosen is None else min(chosen, len(pt) - 1)
