"""A number for each constituent in the η-φ plane, in plotly: colour the number, size pT, marker species."""

import numpy as np
import plotly.graph_objects as go

from part.figures import style
from part.figures.charts import Plane, colour_limits
from part.figures.plotly.theme import Theme, base, colorbar, colorscale, html

LARGEST, SMALLEST = 30.0, 7.0  # px, markers


def draw_plane(chart: Plane, look: Theme, height: int) -> go.Figure:
    figure = base(look, height, None)
    figure.add_trace(_particles(chart, look))
    limits = [-chart.jet.extent, chart.jet.extent]
    shared = {"range": limits, "constrain": "domain", "showgrid": True, "gridcolor": look.grid}
    figure.update_xaxes(title_text="Δη", **shared)
    figure.update_yaxes(title_text="Δφ", scaleanchor="x", **shared)
    _species(figure, chart, look)
    return figure.update_layout(margin={"t": 24, "r": 70})


def _particles(chart: Plane, look: Theme) -> go.Scatter:
    """All in one trace, hard ones first, so that soft ones in front of them stay visible."""
    jet, particles = chart.jet, chart.jet.scene.constituents
    order = np.argsort(-jet.pt, kind="stable")
    size = np.maximum(LARGEST * jet.size, SMALLEST) * np.array(style.MARKER_SCALE)[jet.species]
    low, high = colour_limits(chart)
    error = np.full(len(order), np.nan) if chart.error is None else chart.error
    width = "" if chart.error is None else " ± %{customdata[2]:.2~g}"
    return go.Scatter(
        x=jet.deta[order],
        y=jet.dphi[order],
        mode="markers",
        marker={
            "symbol": [style.MARKERS[jet.species[index]] for index in order],
            "size": size[order],
            "color": chart.values[order],
            "cmin": low,
            "cmax": high,
            "colorscale": colorscale("bias" if chart.signed else "pattern", look),
            "colorbar": colorbar(chart.unit, (low, high), "linear", look),
            "line": {"color": look.faint, "width": 1.0},
            "opacity": 1.0,
        },
        customdata=np.stack([order + 1, chart.values[order], error[order]], -1),
        text=[html(particles.describe(index)) for index in order],
        hovertemplate="<b>%{customdata[0]:.0f}</b>  %{text}"
        f"<br><b>%{{customdata[1]:.3~g}}</b>{width}<extra></extra>",
    )


def _species(figure: go.Figure, chart: Plane, look: Theme) -> None:
    """What the markers mean, in a line above; and how many constituents lie beyond."""
    known = sorted(set(chart.jet.species.tolist()) - {-1})
    marks = "●■◆▲★"
    words = [f"{marks[index]} {style.SYMBOLS[index]}" for index in known]
    if chart.jet.outside:
        words.append(f"{chart.jet.outside} outside")
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(text="   ".join(words), showarrow=False, font={"size": 12, "color": look.faint}, **place)
