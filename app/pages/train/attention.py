"""One jet's attention as training goes on: a scrubber over the epochs, all heads, the chosen one."""

import streamlit as st

from app.components import prediction
from app.components.canvas.matrix import matrix
from app.components.canvas.mosaic import mosaic
from app.components.canvas.slots import slots
from app.components.card import ACCENTS
from app.components.messages import line, note, refuse
from app.services import models as backend
from app.services import runs as training
from app.services.models import figures
from app.services.runs import Run
from app.state.selection import change


def attention(run: Run, theme: str) -> None:
    epochs = training.looks(run)
    if not epochs:
        if not training.attends(run):
            note(f"A {run.plan.get('model')} has no attention between particles to be looked at.")
        elif run.active:
            note("Attention of one jet, epoch by epoch, comes before the first step.")
        else:
            note("This run wrote no attention.")
        return
    left, right = st.columns((0.62, 0.38), vertical_alignment="bottom")
    with right:
        epoch = _scrubber(run, epochs)
    try:
        scene = training.scene_of(run, epoch)
    except training.BadInput as error:
        refuse(error)
        return
    with left:
        line('<div class="caption">{} <small>validation jet: {}</small></div>', _when(epoch), scene.heading)
    columns = st.columns((1, 1.08, 0.92))
    view = _view(scene)
    key = f"{training.look_key(run, epoch)}/{theme}"
    with columns[0]:
        overview = figures.View("mosaic")
        mosaic(backend.mosaic_pixels(key, None, theme, scene, overview), "run_mosaic", _choose_head)
    with columns[1]:
        data = figures.figure_data(scene, view)
        draw, kind = (slots, "slots") if scene.over_slots else (matrix, "matrix")
        painted = f"{key}/{view.layer + 1}:{view.head + 1}"
        draw(data, f"{view.title}: attention", theme, f"run_{kind}", painted, _leave)
    with columns[2].container(key="run_bars"):
        prediction.bars(scene, ACCENTS[theme][0])


def _scrubber(run: Run, epochs: list[int]) -> int:
    """The epoch to show: the latest, as long as none else was chosen."""
    asked = st.session_state.get("look", ("", None))
    epoch = asked[1] if asked[0] == run.name and asked[1] in epochs else epochs[-1]
    if len(epochs) > 1:
        st.session_state["choose_epoch"] = epoch
        st.select_slider(
            "Attention after epoch",
            epochs,
            key="choose_epoch",
            on_change=_adopt_epoch,
            args=(run.name, epochs[-1]),
            format_func=lambda e: f"epoch {e}" if e else "start",
            label_visibility="collapsed",
        )
    return epoch


def _adopt_epoch(name: str, last: int) -> None:
    epoch = st.session_state["choose_epoch"]
    st.session_state["look"] = (name, None if epoch == last else epoch)


def _when(epoch: int) -> str:
    return f"Attention after epoch {epoch}" if epoch else "Attention before the first step"


def _view(scene: backend.Scene) -> figures.View:
    """The head that is chosen for all pages, if this model has it; the canvases frame it."""
    selection, (layers, heads) = st.session_state["selection"], scene.trace.pattern.shape[:2]
    layer = selection.layer if selection.layer < layers else 0
    head = selection.head if selection.head < heads else 0
    variables = f"--partscope-layer: {layer}; --partscope-head: {head}; --partscope-position: -9999;"
    st.html(f"<style>:root {{ {variables} }}</style>")
    return figures.View("matrix", layer=layer, head=head)


def _choose_head(layer: int, head: int) -> None:
    change(layer=layer, head=head)


def _leave(particle: int) -> None:
    """A constituent here is one of another jet than Explore's, so a click chooses nothing."""
