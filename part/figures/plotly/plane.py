"""Draw a number per constituent in the η-φ plane with plotly: colour is the number, size pT, the marker species."""

import numpy as np
import plotly.graph_objects as go

from part.figures import style
from part.figures.charts import Plane, colour_limits
from part.figures.display import legend_marks
from part.figures.palette import Theme
from part.figures.plotly.theme import bar_above, colorscale, empty_figure, flat_colorbar, to_html, write_legend

MAX_DIAMETER, MIN_DIAMETER = 30.0, 7.0  # px


def draw_plane(chart: Plane, theme: Theme, height: int) -> go.Figure:
    figure = empty_figure(theme, height, None)
    figure.add_trace(_particles(chart, theme))
    limits = [-chart.jet.extent, chart.jet.extent]
    shared = {"range": limits, "constrain": "domain", "showgrid": True, "gridcolor": theme.grid}
    figure.update_xaxes(title_text="Δη", **shared)
    figure.update_yaxes(title_text="Δφ", scaleanchor="x", constraintoward="top", **shared)
    _add_legend(figure, chart, theme)
    # In narrow columns the plane is lower than the figure, and a bar beside it would be too long.
    legend, bar = figure.layout.margin.t, bar_above(figure, chart.unit)
    return figure.update_annotations(yshift=bar).update_layout(margin={"t": legend + bar})


def _particles(chart: Plane, theme: Theme) -> go.Scatter:
    """Draw all constituents in one trace, the leading first, so that soft ones in front of them stay visible."""
    jet, particles = chart.jet, chart.jet.jet_view.constituents
    order = np.argsort(-jet.pt, kind="stable")
    size = np.maximum(MAX_DIAMETER * jet.relative_size, MIN_DIAMETER) * np.array(style.MARKER_SCALE)[jet.mark]
    low, high = colour_limits(chart)
    error = np.full(len(order), np.nan) if chart.error is None else chart.error
    width = "" if chart.error is None else " ± %{customdata[2]:.2~g}"
    return go.Scatter(
        x=jet.drawn[0, order],
        y=jet.drawn[1, order],
        mode="markers",
        marker={
            "symbol": [style.MARKERS[jet.mark[index]] for index in order],
            "size": size[order],
            "color": chart.values[order],
            "cmin": low,
            "cmax": high,
            "colorscale": colorscale(chart.signed, theme),
            "colorbar": flat_colorbar((low, high), theme, to_html(chart.unit)) | {"len": 0.6},
            "line": {"color": theme.faint, "width": 1.0},
            "opacity": 1.0,
        },
        customdata=np.stack([order + 1, chart.values[order], error[order]], -1),
        text=[to_html(particles.describe(index)) for index in order],
        hovertemplate="<b>%{customdata[0]:.0f}</b>  %{text}"
        f"<br><b>%{{customdata[1]:.3~g}}</b>{width}<extra></extra>",
    )


def _add_legend(figure: go.Figure, chart: Plane, theme: Theme) -> None:
    """Write above the plane what the markers mean, and how many constituents are beyond the plane."""
    marks = legend_marks(chart.jet.jet_view.constituents)
    words = [f"{style.MARKER_CHARACTERS[mark]} {title}" for mark, title in marks.items()]
    if chart.jet.n_outside:
        words.append(f"{chart.jet.n_outside} at the border")
    write_legend(figure, [(theme.faint, word) for word in words])
