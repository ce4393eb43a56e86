"""Class probabilities as bars, in plotly."""

import numpy as np
import plotly.graph_objects as go

from part.figures import scale
from part.figures.plotly.theme import Theme, base
from part.figures.prediction import Prediction


def draw_prediction(data: Prediction, look: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    """The jet's own class is bold."""
    low, high = data.limits
    names = [f"<b>{t}</b>" if i == data.truth else t for i, t in enumerate(data.titles)]
    figure = base(look, height, background)
    figure.add_trace(
        go.Bar(
            x=np.maximum(data.probabilities, low),
            y=names,
            orientation="h",
            marker={"color": accent, "line": {"width": 0}},
            text=data.texts,
            textposition="outside",
            textangle=0,
            textfont={"size": 12, "color": look.faint},
            cliponaxis=False,
            customdata=data.probabilities,
            hovertemplate="%{y}: <b>%{customdata:.4~g}</b><extra></extra>",
        )
    )
    marks = scale.ticks(data.limits, data.scale)
    figure.update_xaxes(
        type="log" if data.scale == "log" else "linear",
        range=np.log10([low, high]).tolist() if data.scale == "log" else [low, high],
        tickvals=[value for value, _ in marks],
        ticktext=[label for _, label in marks],
        title_text="probability",
    )
    figure.update_yaxes(autorange="reversed", ticks="", tickfont={"size": 13, "color": look.text})
    figure.update_layout(bargap=0.3, margin={"l": 72, "r": 46})
    return figure
