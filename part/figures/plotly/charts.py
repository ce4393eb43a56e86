"""Draw charts of studies with plotly."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from part.errors import PartError
from part.figures.axis_ranges import outer_edges
from part.figures.charts import Chart, Grid, HeadMap, Plane, Plot, Series, Surface, colour_limits
from part.figures.flame import Flame
from part.figures.graph import Graph
from part.figures.palette import Theme, edge_colours, get_theme, rgba, series_colours
from part.figures.plotly.cells import CHARACTER_WIDTH, draw_grid, draw_head_map
from part.figures.plotly.contrast import with_contrast
from part.figures.plotly.fitting import fit_beside, fit_title
from part.figures.plotly.flame import draw_flame
from part.figures.plotly.graph import draw_graph
from part.figures.plotly.limits import draw_lower_limits
from part.figures.plotly.plane import draw_plane
from part.figures.plotly.theme import colorbar, colorscale, empty_figure, hatching, log_axis, to_html, write_legend

LONG_TITLE = 20  # characters, more than may fit below the bars beside their names
BAR_ROW = 14  # px, the least for the name of bars


def draw_chart(chart: Chart, theme_name: str, height: int, accents: Sequence[str] = ()) -> go.Figure:
    """Draw a chart for the screen.

    Parameters
    ----------
    chart : Chart
        One of the kinds in `part.figures.charts`.
    theme_name : str
        "light" or "dark".
    height : int
        Pixels; the figure is as wide as its container.
    accents : sequence of str
        Colours of the first series, in place of the theme's.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    PartError
        If it is no chart.
    """
    theme = get_theme(theme_name)
    match chart:
        case HeadMap():
            return with_contrast(draw_head_map(chart, theme, height))
        case Grid():
            return with_contrast(draw_grid(chart, theme, height))
        case Surface():
            return _surface(chart, theme, height)
        case Plane():
            return draw_plane(chart, theme, height)
        case Flame():
            return draw_flame(chart, theme, height)
        case Graph():
            return draw_graph(chart, theme, height)
        case Plot():
            return _plot(chart, theme, height, series_colours(theme_name, accents))
    raise PartError(f"There is no drawing of a {type(chart).__name__}.")


def _surface(chart: Surface, theme: Theme, height: int) -> go.Figure:
    figure = empty_figure(theme, height, None)
    limits = colour_limits(chart)
    tip = f"{to_html(chart.x_title)} %{{x:.2f}}, {to_html(chart.y_title)} %{{y:.2f}}: <b>%{{z:.3~g}}</b><extra></extra>"
    if not np.isfinite(chart.values).all():
        figure.add_shape(hatching(theme))
    figure.add_trace(
        go.Heatmap(
            x=chart.x,
            y=chart.y,
            z=chart.values,
            zmin=limits[0],
            zmax=limits[1],
            colorscale=colorscale(chart.signed, theme),
            colorbar=colorbar(chart.unit, limits, "linear", theme),
            hoverongaps=False,
            hovertemplate=tip,
        )
    )
    if chart.points is not None:
        dots = {"size": 2, "color": theme.text, "opacity": 0.25}
        x, y = chart.points.T
        figure.add_trace(go.Scattergl(x=x, y=y, mode="markers", marker=dots, hoverinfo="skip"))
    figure.update_xaxes(title_text=to_html(chart.x_title), range=outer_edges(chart.x))
    figure.update_yaxes(title_text=to_html(chart.y_title), range=outer_edges(chart.y))
    return figure.update_layout(margin={"r": 70})


def _plot(chart: Plot, theme: Theme, height: int, colours: Sequence[str]) -> go.Figure:
    has_bars = any(series.style == "bars" for series in chart.series)
    rows = max((len(series.x) for series in chart.series), default=0) if has_bars else 0
    height = max(height, BAR_ROW * rows + 76)
    figure = empty_figure(theme, height, None)
    for series in chart.series:
        colour = _colour(series, theme, colours)
        for trace in _bars(series, colour, theme) if has_bars else _curve(series, colour, theme, _titles(chart)):
            figure.add_trace(trace)
    left = 52
    if has_bars:
        names = max((len(str(name)) for series in chart.series for name in series.x), default=0)
        left = 20 + int(CHARACTER_WIDTH * names)
        figure.update_layout(barmode="group", bargap=0.3)
        every = {"type": "category", "dtick": 1}  # plotly would leave out some of many names
        figure.update_yaxes(every, autorange="reversed", ticks="", tickfont={"color": theme.text})
    y_title, lines = fit_beside(chart.y_title, height - 76)
    figure.update_layout(margin={"l": left + 17 * (lines - 1)})
    is_below_names = has_bars and len(chart.x_title) > LONG_TITLE
    if is_below_names:
        _title_to_the_left(figure, fit_title(chart.x_title, margin=16))
    x_title = "" if is_below_names else fit_title(chart.x_title, margin=left)
    figure.update_xaxes(title_text=x_title, showgrid=has_bars, gridcolor=theme.grid, **_axis(chart, "x"))
    figure.update_yaxes(title_text=y_title, showgrid=not has_bars, gridcolor=theme.grid, **_axis(chart, "y"))
    figure.update_layout(margin={"b": 46 + 17 * x_title.count("<br>")})
    named_series = [series for series in chart.series if series.name and series.in_legend]
    if len(named_series) > 1:
        write_legend(figure, [_entry(series, theme, colours) for series in named_series])
    return figure


def _entry(series: Series, theme: Theme, colours: Sequence[str]) -> tuple[str, str]:
    """Return the colour and the text of a series in the legend."""
    return _colour(series, theme, colours), f"{'┄' if series.dashed else '●'} {series.name}"


def _colour(series: Series, theme: Theme, colours: Sequence[str]) -> str:
    return theme.faint if series.colour is None else colours[series.colour % len(colours)]


def _title_to_the_left(figure: go.Figure, title: str) -> None:
    """Write the title of the x axis so that it ends where the axis does, and may begin below the names of bars."""
    place = {"x": 1, "xref": "paper", "xanchor": "right", "y": 0, "yref": "paper", "yanchor": "top", "yshift": -22}
    figure.add_annotation(text=title, showarrow=False, font={"size": 14}, **place)


def _axis(chart: Plot, name: str) -> dict:
    logarithmic, span = (chart.log_x, chart.x_range) if name == "x" else (chart.log_y, chart.y_range)
    options: dict[str, Any] = log_axis(*(span or _ends(chart, name))) if logarithmic else {}
    if name == "x" and chart.x_ticks:
        texts = [f"{x:g}" for x in chart.x_ticks]
        options |= {"tickmode": "array", "tickvals": chart.x_ticks, "ticktext": texts, "minor": None}
    if span is not None:
        options["range"] = [float(np.log10(v)) for v in span] if logarithmic else list(span)
    return options


def _ends(chart: Plot, name: str) -> tuple[float, float]:
    """Return the least and the largest positive number along an axis; 1 and 10 if there is none."""
    drawn = ("x",) if name == "x" else ("y", "low", "high")
    arrays = [getattr(series, key) for series in chart.series for key in drawn]
    values = np.concatenate([np.ravel(array) for array in arrays if array is not None] or [np.ones(1)])
    values = values[np.isfinite(values) & (values > 0)]
    return (float(values.min()), float(values.max())) if len(values) else (1.0, 10.0)


def _bars(series: Series, colour: str, theme: Theme) -> list[go.Bar]:
    error = None
    if series.low is not None:
        error = {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3, "color": theme.text}
        error |= {"array": series.high - series.y, "arrayminus": series.y - series.low}
    tip = f"%{{y}}, {to_html(series.name)}: <b>%{{x:.4~g}}</b><extra></extra>"
    bar = go.Bar(x=series.y, y=list(series.x), orientation="h", error_x=error, hovertemplate=tip)
    return [bar.update(marker={"color": edge_colours(series.y, series.by_sign, colour)})]


def _titles(chart: Plot) -> tuple[str, str]:
    """Return what the tip of a labelled point calls its coordinates; without a title they are x and y."""
    return to_html(chart.x_title) or "x", to_html(chart.y_title) or "y"


def _curve(series: Series, colour: str, theme: Theme, titles: tuple[str, str]) -> list[go.Scatter]:
    name = f"{to_html(series.name)}: " if series.name else ""
    name += "%{customdata}: " if series.labels else ""
    tip = f"{name}<b>%{{y:.4~g}}</b> at %{{x:.4~g}}<extra></extra>"
    if series.labels and series.style == "points":
        coordinates = f"{titles[0]}: <b>%{{x:.4~g}}</b><br>{titles[1]}: <b>%{{y:.4~g}}</b>"
        tip = f"{name.removesuffix(': ')}<br>{coordinates}<extra></extra>"
    x, y = np.asarray(series.x), series.y
    if series.style == "limits":
        tip = f"{name}<b>> %{{y:.3~g}}</b> at %{{x:.4~g}}<extra></extra>"
        return [draw_lower_limits(x, y, "up", colour, series.labels, tip)]
    shape = {"color": colour, "width": 2, "dash": "dot" if series.dashed else "solid"}
    if series.style == "steps":
        y, shape = np.append(series.y, series.y[-1:]), shape | {"shape": "hv"}
    traces = []
    if series.low is not None and series.high is not None and series.style != "points":
        known = np.isfinite(series.low) & np.isfinite(series.high)
        ends = x[known], series.low[known], series.high[known]
        band = {"x": np.concatenate((ends[0], ends[0][::-1])), "y": np.concatenate((ends[2], ends[1][::-1]))}
        fill = {"fill": "toself", "fillcolor": rgba(colour, 0.18), "line": {"width": 0}, "hoverinfo": "skip"}
        traces.append(go.Scatter(mode="lines", **band, **fill))
    error = None
    if series.low is not None and series.style == "points":
        error = {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3, "color": theme.text}
        error |= {"array": series.high - series.y, "arrayminus": series.y - series.low}
    mode = (
        "markers"
        if series.style == "points"
        else "lines+markers"
        if len(x) < 30 and series.style == "line"
        else "lines"
    )
    curve = go.Scatter(x=x, y=y, mode=mode, line=shape, error_y=error, hovertemplate=tip)
    curve.update(marker={"size": 6, "color": colour})
    if series.labels:
        places = np.log(x) if len(x) and (x > 0).all() else x
        right = places > places.mean() if len(x) else []
        sides = ["bottom left" if is_right else "bottom right" for is_right in right]  # towards the middle
        text = {"mode": "markers+text", "text": series.printed_labels, "textposition": sides}
        curve.update(customdata=series.labels, textfont={"size": 11, "color": colour}, **text)
    return [*traces, curve]
