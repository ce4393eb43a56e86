"""What is known of the training of a shipped checkpoint: its stages, a picture of its curves, its final attention."""

import streamlit as st

from app.components.durations import duration
from app.components.messages import line, note, show_error
from app.pages.train.snapshot import draw_attention
from app.services import runs, shipped_runs
from app.services.library import PartError
from app.services.runs import Run

HEADINGS = ("", "epochs", "jets seen", "different", "time", "on")


def record(run: Run, theme: str) -> None:
    """Draw what the card of a shipped checkpoint tells, and say what was not kept."""
    stages = shipped_runs.stages(run)
    picture = shipped_runs.curves_picture(run)
    left, right = st.columns((1.1, 1)) if picture else (st.container(), None)
    with left:
        seen, seconds = sum(stage.jets_seen for stage in stages), sum(stage.seconds for stage in stages)
        line(
            '<div class="caption">Stages of the training <small>{} jets seen in {}</small></div>',
            _count(seen),
            duration(seconds),
        )
        rows = [
            (
                f"{number}",
                f"{stage.epochs}",
                *map(_count, (stage.jets_seen, stage.unique_jets)),
                duration(stage.seconds),
            )
            for number, stage in enumerate(stages, 1)
        ]
        rows = [(*row, _machine(stage.hardware)) for row, stage in zip(rows, stages, strict=True)]
        cells = "".join(f"<tr>{'<td>{}</td>' * len(HEADINGS)}</tr>" for _ in rows)
        head = f"<tr>{'<th>{}</th>' * len(HEADINGS)}</tr>"
        line(f'<table class="stages">{head}{cells}</table>', *HEADINGS, *(text for row in rows for text in row))
    if picture and right:
        with right.container(key="recorded_curves"):
            line('<div class="caption">Validation accuracy against jets seen, as drawn then</div>')
            st.image(str(picture))
    what = "Of its curves only this picture was kept" if picture else "Its curves were not kept"
    st.caption(
        f"{what}, and its attention after the last epoch alone, not after each. The run “example” in the list shows "
        "curves and attention by epoch, as every run does that is started here."
    )
    _final_attention(run, theme)


def _final_attention(run: Run, theme: str) -> None:
    if not runs.has_attention(run):
        note(f"The particles of a {run.config.get('model')} do not attend to each other.")
        return
    try:
        jet_view = shipped_runs.final_view(run)
    except PartError as error:
        show_error(error)
        return
    line(
        '<div class="caption">Attention after the last epoch <small>{} of {}: {}</small></div>',
        f"jet {shipped_runs.SHOWN_JET}",
        "the shipped jets",
        jet_view.heading,
    )
    draw_attention(jet_view, f"{run.name}/{run.card.get('sha256')}", theme)


def _count(jets: int) -> str:
    """Return a number of jets in thousands or millions."""
    return f"{jets / 1e6:.2f} M" if jets >= 1e6 else f"{jets / 1e3:.0f} k"


def _machine(hardware: str) -> str:
    """Return what a stage ran on without what all have in common."""
    return hardware.removesuffix(", 1 thread(s) each").replace(" x ", " × ").replace("NVIDIA ", "").split(" 80GB")[0]
