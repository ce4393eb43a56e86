"""Charts of studies in plotly."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.figures.charts import Chart, Flame, Grid, HeadMap, Plane, Plot, Series, Surface, cell_texts, colour_limits
from part.figures.plotly.flame import draw_flame
from part.figures.plotly.plane import draw_plane
from part.figures.plotly.theme import Theme, base, colorbar, colorscale, html, theme
from part.figures.style import rgba

COLOURS = {
    "light": ("#2a6fdb", "#c8601a", "#2f8f5b", "#8e44ad", "#b7791f", "#c0395b", "#4b8ea3", "#6b6f7b"),
    "dark": ("#6ea8fe", "#f2a15f", "#63c794", "#c58be0", "#e0b354", "#f07f9d", "#7fc2d6", "#a3a8b4"),
}
LONGEST = 7.2  # px a character of names beside bars
NARROW = 2.5  # decades that need more ticks than one each
WIDEST = 72  # characters of a legend beside each other


def draw_chart(chart: Chart, look_name: str, height: int, accents: Sequence[str] = ()) -> go.Figure:
    """The chart, as wide as its place; accents: colours of the first series in place of ours."""
    look = theme(look_name)
    match chart:
        case HeadMap():
            return _head_map(chart, look, height)
        case Grid():
            return _grid(chart, look, height)
        case Surface():
            return _surface(chart, look, height)
        case Plane():
            return draw_plane(chart, look, height)
        case Flame():
            return draw_flame(chart, look, height, COLOURS[look.name])
        case Plot():
            return _plot(chart, look, height, series_colours(look_name, accents))


def series_colours(look_name: str, accents: Sequence[str] = ()) -> tuple[str, ...]:
    """Of the series of a plot, in their order, round and round."""
    return *accents, *COLOURS[look_name][len(accents) :]


def _head_map(chart: HeadMap, look: Theme, height: int) -> go.Figure:
    texts, power = cell_texts(chart.values)
    figure = _cells(chart, texts, look, height, "Layer %{y}, " + ("%{x}" if chart.columns else "head %{x}"))
    figure.update_traces(y0=1, **({"x": list(chart.columns)} if chart.columns else {"x0": 1}))
    units = f"numbers × 10<sup>{power}</sup>" if power else ""
    title = " · ".join(filter(None, ("" if chart.columns else "head", units)))
    figure.update_xaxes(title_text=title, **({"type": "category"} if chart.columns else {"dtick": 1}))
    figure.update_yaxes(dtick=1, title_text="layer")
    if chart.marked is not None:
        frame = {"type": "rect", "line": {"color": look.text, "width": 1.5}, "fillcolor": "rgba(0, 0, 0, 0)"}
        for layer, head in np.argwhere(chart.marked).tolist():
            left = head - 0.5 if chart.columns else head + 0.5
            figure.add_shape(x0=left, x1=left + 1, y0=layer + 0.5, y1=layer + 1.5, **frame)
    return figure


def _grid(chart: Grid, look: Theme, height: int) -> go.Figure:
    texts, power = cell_texts(chart.values)
    figure = _cells(chart, texts, look, height, "%{y}, %{x}")
    figure.update_traces(x=list(chart.columns), y=list(chart.rows))
    units = f"numbers × 10<sup>{power}</sup>" if power else ""
    slanted = sum(map(len, chart.columns)) > 36
    figure.update_xaxes(
        title_text=" · ".join(filter(None, (html(chart.column_title), units))),
        tickangle=-45 if slanted else 0,
        type="category",  # also of names that are numbers
    )
    figure.update_yaxes(title_text=html(chart.row_title))
    widest, longest = (max(map(len, names), default=0) for names in (chart.rows, chart.columns))
    left = 24 + int(LONGEST * widest) + (22 if chart.row_title else 0)
    below = 28 + int(0.75 * LONGEST * longest) + (20 if chart.column_title else 0) if slanted else 46
    return figure.update_layout(margin={"l": left, "b": below})


def _cells(chart: HeadMap | Grid, texts: list[list[str]], look: Theme, height: int, place: str) -> go.Figure:
    figure = base(look, height, None)
    low, high = colour_limits(chart)
    error = "" if chart.error is None else " ± %{customdata:.2~g}"
    figure.add_trace(
        go.Heatmap(
            z=chart.values,
            customdata=chart.error,
            text=texts,
            texttemplate="%{text}",
            textfont={"size": 12 if chart.values.shape[1] <= 8 else 10},
            zmin=low,
            zmax=high,
            colorscale=colorscale("bias" if chart.signed else "pattern", look),
            showscale=False,
            xgap=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate=f"{place}: <b>%{{z:.4~g}}</b>{error} {html(chart.unit)}<extra></extra>",
        )
    )
    plain = {"ticks": "", "showline": False, "ticklabelstandoff": 4, "tickfont": {"size": 12, "color": look.text}}
    figure.update_xaxes(plain)
    figure.update_yaxes(plain, autorange="reversed")
    return figure.update_layout(margin={"t": 4})


def _surface(chart: Surface, look: Theme, height: int) -> go.Figure:
    figure = base(look, height, None)
    limits = colour_limits(chart)
    tip = f"{html(chart.x_title)} %{{x:.2f}}, {html(chart.y_title)} %{{y:.2f}}: <b>%{{z:.3~g}}</b><extra></extra>"
    figure.add_trace(
        go.Heatmap(
            x=chart.x,
            y=chart.y,
            z=chart.values,
            zmin=limits[0],
            zmax=limits[1],
            colorscale=colorscale("bias" if chart.signed else "pattern", look),
            colorbar=colorbar(chart.unit, limits, "linear", look),
            hoverongaps=False,
            hovertemplate=tip,
        )
    )
    if chart.points is not None:
        dots = {"size": 2, "color": look.text, "opacity": 0.25}
        x, y = chart.points.T
        figure.add_trace(go.Scattergl(x=x, y=y, mode="markers", marker=dots, hoverinfo="skip"))
    figure.update_xaxes(title_text=html(chart.x_title), range=_whole_cells(chart.x))
    figure.update_yaxes(title_text=html(chart.y_title), range=_whole_cells(chart.y))
    return figure.update_layout(margin={"r": 70})


def _whole_cells(middles: np.ndarray) -> list[float]:
    """From the lower edge of the first cell to the upper edge of the last."""
    return [1.5 * middles[0] - 0.5 * middles[1], 1.5 * middles[-1] - 0.5 * middles[-2]]


def _plot(chart: Plot, look: Theme, height: int, colours: Sequence[str]) -> go.Figure:
    figure = base(look, height, None)
    lying = any(series.style == "bars" for series in chart.series)
    for series in chart.series:
        colour = look.faint if series.colour is None else colours[series.colour % len(colours)]
        for trace in _bars(series, colour, look) if lying else _curve(series, colour, look):
            figure.add_trace(trace)
    if lying:
        names = max((len(str(name)) for series in chart.series for name in series.x), default=0)
        figure.update_layout(barmode="group", bargap=0.3, margin={"l": 20 + int(LONGEST * names)})
        figure.update_yaxes(autorange="reversed", ticks="", tickfont={"color": look.text})
    figure.update_xaxes(title_text=html(chart.x_title), showgrid=lying, gridcolor=look.grid, **_axis(chart, "x"))
    figure.update_yaxes(title_text=html(chart.y_title), showgrid=not lying, gridcolor=look.grid, **_axis(chart, "y"))
    named = [series for series in chart.series if series.name]
    if len(named) > 1:
        _legend(figure, named, look, colours)
    return figure


def _axis(chart: Plot, name: str) -> dict:
    logarithmic, span = (chart.log_x, chart.x_range) if name == "x" else (chart.log_y, chart.y_range)
    chosen = {"type": "log", "exponentformat": "power", "dtick": 1} if logarithmic else {}
    if logarithmic and _decades(chart, name) < NARROW:
        chosen["dtick"] = "D2"  # also at 2 and 5
    if name == "x" and chart.x_ticks:
        chosen |= {"tickmode": "array", "tickvals": chart.x_ticks, "ticktext": [f"{x:g}" for x in chart.x_ticks]}
    if span is not None:
        chosen["range"] = [float(np.log10(v)) for v in span] if logarithmic else list(span)
    return chosen


def _decades(chart: Plot, name: str) -> float:
    values = np.concatenate([np.ravel(getattr(series, name)) for series in chart.series] or [np.ones(1)])
    values = values[values > 0]
    return float(np.log10(values.max() / values.min())) if len(values) else 0.0


def _bars(series: Series, colour: str, look: Theme) -> list[go.Bar]:
    error = None
    if series.low is not None:
        error = {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3, "color": look.text}
        error |= {"array": series.high - series.y, "arrayminus": series.y - series.low}
    tip = f"%{{y}}, {html(series.name)}: <b>%{{x:.4~g}}</b><extra></extra>"
    bar = go.Bar(x=series.y, y=list(series.x), orientation="h", error_x=error, hovertemplate=tip)
    return [bar.update(marker={"color": colour})]


def _curve(series: Series, colour: str, look: Theme) -> list[go.Scatter]:
    name = f"{html(series.name)}: " if series.name else ""
    name += "%{customdata}: " if series.labels else ""
    tip = f"{name}<b>%{{y:.4~g}}</b> at %{{x:.4~g}}<extra></extra>"
    x, y = (series.x, series.y)
    shape = {"color": colour, "width": 2, "dash": "dot" if series.dashed else "solid"}
    if series.style == "steps":
        x, y, shape = series.x, np.append(series.y, series.y[-1:]), shape | {"shape": "hv"}
    traces = []
    if series.low is not None and series.style != "points":
        band = {"x": np.concatenate((x, x[::-1])), "y": np.concatenate((series.high, series.low[::-1]))}
        fill = {"fill": "toself", "fillcolor": rgba(colour, 0.18), "line": {"width": 0}, "hoverinfo": "skip"}
        traces.append(go.Scatter(mode="lines", **band, **fill))
    error = None
    if series.low is not None and series.style == "points":
        error = {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3, "color": look.text}
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
        right = np.log(x) > np.log(x).mean() if len(x) else []
        sides = ["bottom left" if r else "bottom right" for r in right]  # towards the middle, where there is room
        beside = {"mode": "markers+text", "text": series.beside, "textposition": sides}
        curve.update(customdata=series.labels, textfont={"size": 11, "color": colour}, **beside)
    return [*traces, curve]


def _legend(figure: go.Figure, named: Sequence[Series], look: Theme, colours: Sequence[str]) -> None:
    """Not plotly's, which complains to the browser's console while the page has no width for it yet."""
    rows, room = [[]], WIDEST
    for series in named:
        colour = look.faint if series.colour is None else colours[series.colour % len(colours)]
        room -= len(series.name) + 5
        if room < 0 and rows[-1]:
            rows, room = [*rows, []], WIDEST - len(series.name) - 5
        rows[-1].append(f"<span style='color:{colour}'>{'┄' if series.dashed else '●'} {html(series.name)}</span>")
    text = "<br>".join("   ".join(row) for row in rows)
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(text=text, showarrow=False, font={"size": 12}, align="right", **place)
    figure.update_layout(margin={"t": 8 + 16 * len(rows)})
