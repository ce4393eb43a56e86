"""Draw class probabilities as bars with plotly."""

import numpy as np
import plotly.graph_objects as go

from part.figures import scale
from part.figures.palette import Theme
from part.figures.plotly.theme import empty_figure
from part.figures.prediction import Prediction, format_probability


def draw_prediction(data: Prediction, theme: Theme, height: int, accent: str, background: str | None) -> go.Figure:
    """Draw the bars; the jet's own class is bold."""
    (low, high), bars = data.limits, data.bars
    names = [f"<b>{bar.name}</b>" if bar.is_truth else bar.name for bar in bars]
    probabilities = np.array([bar.probability for bar in bars])
    figure = empty_figure(theme, height, background)
    figure.add_trace(
        go.Bar(
            x=np.maximum(probabilities, low),
            y=names,
            orientation="h",
            marker={"color": accent, "line": {"width": 0}},
            text=[format_probability(bar.probability) for bar in bars],
            textposition="outside",
            textangle=0,
            textfont={"size": 12, "color": theme.faint},
            cliponaxis=False,
            customdata=probabilities,
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
    figure.update_yaxes(autorange="reversed", ticks="", tickfont={"size": 13, "color": theme.text})
    widest = max(len(bar.name) for bar in bars)
    figure.update_layout(bargap=0.3, margin={"l": max(72, min(12 + 8 * widest, 220)), "r": 46})
    return figure
