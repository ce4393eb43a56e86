"""The legend of a chart as a line of the page, which breaks where it has to."""

import plotly.graph_objects as go

from app.components.messages import line
from app.services.library import LEGEND, LEGEND_ROW


def lift_legend(figure: go.Figure) -> go.Figure:
    """Draw the legend of a figure, if it has one, and return the figure without it, lower by its rows."""
    entries = (figure.layout.meta or {}).get(LEGEND)
    if not entries:
        return figure
    spans = len(entries) * '<span style="color:{}">{}</span>'
    line(f'<div class="legend">{spans}</div>', *(text for entry in entries for text in entry))
    figure = go.Figure(figure)
    written = next(note for note in figure.layout.annotations if note.name == LEGEND)
    rows = LEGEND_ROW * (written.text.count("<br>") + 1)
    figure.layout.annotations = [note for note in figure.layout.annotations if note.name != LEGEND]
    return figure.update_layout(height=figure.layout.height - rows, margin={"t": figure.layout.margin.t - rows})
