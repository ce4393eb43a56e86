"""The attention of one jet during a training: a slider over the epochs, all heads, and the chosen head."""

import streamlit as st

from app.components import prediction
from app.components.canvas.head import canvas_kind, draw_head
from app.components.canvas.mosaic import draw_mosaic
from app.components.explained import explained
from app.components.messages import caption, line, note, show_error
from app.components.theme import ACCENTS
from app.components.toolbar import highlight
from app.services import runs
from app.services.figures import heads_sentence, mosaic_pixels
from app.services.library import JetView, PartError, View, jet_sentences
from app.services.runs import Run
from app.state import session
from app.state.selection import JetSelection


def attention(run: Run, theme: str) -> None:
    """Draw the attention after the chosen epoch, or say why there is none."""
    epochs = runs.snapshot_epochs(run)
    if not epochs:
        note(_reason(run))
        return
    left, right = st.columns((0.62, 0.38), vertical_alignment="bottom")
    with right:
        epoch = _choose_epoch(run, epochs)
    try:
        jet_view = runs.view_snapshot(run, epoch)
    except PartError as error:
        show_error(error)
        return
    with left:
        line('<div class="caption">{} <small>validation jet: {}</small></div>', _title(epoch), jet_view.heading)
    view = _chosen_head(jet_view)
    highlight(view.layer, view.head)
    columns = st.columns((1, 1.08, 0.92))
    key = f"{runs.snapshot_key(run, epoch)}/{theme}"
    with columns[0]:
        with explained("mosaic", "mosaic"):
            draw_mosaic(mosaic_pixels(key, None, theme, jet_view, View("mosaic")), "run_mosaic", _choose_head)
        caption(heads_sentence(key, jet_view))
    with columns[1]:
        kind = canvas_kind(jet_view)
        with explained("slots" if kind == "slots" else "head", f"run_{kind}"):
            draw_head(
                jet_view,
                view,
                key=f"run_{kind}",
                painted=f"{key}/{view.layer + 1}:{view.head + 1}",
                theme=theme,
                on_particle=_ignore_particle,
                caption=f"{view.title}: attention",
            )
        caption(jet_sentences.head(jet_view, view))
    with columns[2].container(key="run_bars"), explained("prediction", "run_bars"):
        prediction.bars(jet_view, ACCENTS[theme][0])


def _reason(run: Run) -> str:
    if not runs.has_attention(run):
        return f"The particles of a {run.config.get('model')} do not attend to each other."
    if run.is_active:
        return "The attention of one jet appears before the first step, and after each epoch."
    return "This run has written no attention."


def _choose_epoch(run: Run, epochs: list[int]) -> int:
    """Draw the slider, and return the epoch to show: the latest one unless another was chosen for this run."""
    name, chosen = st.session_state.get("snapshot_epoch", ("", None))
    epoch = chosen if name == run.name and chosen in epochs else epochs[-1]
    if len(epochs) > 1:
        st.session_state["choose_epoch"] = epoch
        st.select_slider(
            "Attention after epoch",
            epochs,
            key="choose_epoch",
            on_change=_on_epoch_change,
            args=(run.name, epochs[-1]),
            format_func=lambda e: f"epoch {e}" if e else "start",
            label_visibility="collapsed",
        )
    return epoch


def _on_epoch_change(name: str, last: int) -> None:
    epoch = st.session_state["choose_epoch"]
    st.session_state["snapshot_epoch"] = (name, None if epoch == last else epoch)


def _title(epoch: int) -> str:
    return f"Attention after epoch {epoch}" if epoch else "Attention before the first step"


def _chosen_head(jet_view: JetView) -> View:
    """Return the view of the head that is chosen for all pages, if this model has it."""
    selection, (layers, heads) = session.read(JetSelection), jet_view.trace.pattern.shape[:2]
    layer = selection.layer if selection.layer < layers else 0
    head = selection.head if selection.head < heads else 0
    return View("matrix", layer=layer, head=head)


def _choose_head(layer: int, head: int) -> None:
    session.update(JetSelection, layer=layer, head=head)


def _ignore_particle(particle: int) -> None:
    """Ignore a click on a constituent, because this jet is not the one of Explore."""
