"""Draw the jet in the η-φ plane with plotly. Edges are shapes, which may each have a width and an opacity."""

import numpy as np
import plotly.graph_objects as go

from part.figures import style
from part.figures.display import Display, legend_marks
from part.figures.edge_legend import BETWEEN, DIRECTION, SIGNS, WITHIN, width_titles
from part.figures.palette import NEGATIVE, POSITIVE, TRANSPARENT, Theme, edge_colours, rgba
from part.figures.partons import PRONG, Partons
from part.figures.plotly.theme import empty_figure, to_html

MAX_DIAMETER, MIN_DIAMETER = 26.0, 5.0  # px
MAX_RING, MIN_RING = 40.0, 12.0  # px, of partons


def draw_display(data: Display, theme: Theme, height: int, accent: str | None, background: str | None) -> go.Figure:
    figure = empty_figure(theme, height, background)
    colours = edge_colours(data.weight, data.signed, accent or theme.edge)
    figure.update_layout(shapes=_edges(data, colours))
    if len(data.weight):
        figure.add_trace(_arrows(data, colours))
    figure.add_trace(_particles(data, theme, accent or theme.accent))
    if data.jet_view.partons is not None:
        figure.add_trace(_partons(data, data.jet_view.partons, theme))
    for trace in [*_legend(data, theme), *(_edge_legend(data, theme) if len(data.weight) else [])]:
        figure.add_trace(trace)
    x, y, half = data.square
    grid = {"constrain": "domain", "showgrid": True, "gridcolor": theme.grid}
    figure.update_xaxes(grid, title_text="Δη", range=[x - half, x + half])
    figure.update_yaxes(grid, title_text="Δφ", range=[y - half, y + half])
    figure.update_yaxes(scaleanchor="x")
    figure.update_layout(
        showlegend=True,
        margin={"b": 114, "l": 56},
        legend=_legend_box(theme, 44 / height),
        legend2=_legend_box(theme, 22 / height),
        legend3=_legend_box(theme, 0.0),
    )
    return figure


def _edges(data: Display, colours: list[str]) -> list[dict]:
    widths = style.edge_width(data.strength)
    opacities = style.edge_opacity(data.strength)
    edges, (x, y) = [], data.drawn
    for e in range(len(data.weight))[::-1]:  # draws the strongest on top
        i, j = data.query[e], data.key[e]
        line = {"color": rgba(colours[e], opacities[e]), "width": float(widths[e])}
        if not data.within_subjet[e]:
            line["dash"] = "4px,3px"
        ends = {"x0": x[i], "y0": y[i], "x1": x[j], "y1": y[j]}
        edges.append({"type": "line", "layer": "below", "line": line} | {k: float(v) for k, v in ends.items()})
    return edges


def _arrows(data: Display, colours: list[str]) -> go.Scatter:
    """Draw an arrow head on each edge from query to key, with the edge's numbers on hover."""
    i, j = data.query, data.key
    start, way = data.drawn[:, i], data.drawn[:, j] - data.drawn[:, i]
    x, y = start + style.ARROW_POSITION * way
    angle = np.degrees(np.arctan2(*way))
    particles = data.jet_view.constituents
    columns = [i + 1, j + 1, particles.pt[i], particles.pt[j], particles.pair_delta_r[i, j], data.weight]
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        marker={
            "symbol": "triangle-up",
            "angle": angle,
            "size": 5 + 1.2 * style.edge_width(data.strength),
            "color": [rgba(c, o) for c, o in zip(colours, style.edge_opacity(data.strength), strict=True)],
            "line": {"width": 0},
        },
        customdata=np.stack(columns, -1).astype(np.float32),
        text=[f"{particles.symbol(a)} → {particles.symbol(b)}" for a, b in zip(i, j, strict=True)],
        hovertemplate="<b>%{customdata[0]:.0f} → %{customdata[1]:.0f}</b>  %{text}"
        "<br>p<sub>T</sub> %{customdata[2]:.3~g} → %{customdata[3]:.3~g} GeV, ΔR %{customdata[4]:.3f}"
        f"<br>{data.quantity_title.lower()} <b>%{{customdata[5]:.3~g}}</b><extra></extra>",
        showlegend=False,
    )


def _particles(data: Display, theme: Theme, accent: str) -> go.Scatter:
    """Draw all constituents in one trace, the leading first, so that soft ones in front of them stay visible."""
    order = np.argsort(-data.pt, kind="stable")
    size = np.maximum(MAX_DIAMETER * data.relative_size, MIN_DIAMETER) * np.array(style.MARKER_SCALE)[data.mark]
    chosen, colours = [index == data.selected for index in order], data.colours
    particles = data.jet_view.constituents
    unchanged = {"marker": {"opacity": 0.92}}
    return go.Scatter(
        x=data.drawn[0, order],
        y=data.drawn[1, order],
        mode="markers",
        marker={
            "symbol": [style.MARKERS[data.mark[index]] for index in order],
            "size": size[order],
            "color": [colours[index] for index in order],
            "opacity": 0.92,
            "line": {
                "color": [accent if c else theme.background for c in chosen],
                "width": [3.0 if c else 1.0 for c in chosen],
            },
        },
        selected=unchanged,
        unselected=unchanged,
        customdata=np.stack([order + 1, data.deta[order], data.dphi[order], data.subjet[order] + 1], -1),
        text=[to_html(particles.describe(index)) for index in order],
        hovertemplate="<b>%{customdata[0]:.0f}</b>  %{text}"
        "<br>Δη %{customdata[1]:.3f}, Δφ %{customdata[2]:.3f}<br>subjet %{customdata[3]:.0f}<extra></extra>",
        showlegend=False,
    )


def _partons(data: Display, partons: Partons, theme: Theme) -> go.Scatter:
    """Draw a ring around each prong, and crosses where neutrinos and resonances fly, with their symbols."""
    colours = [colour or theme.text for colour in data.parton_colours]
    return go.Scatter(
        x=partons.deta,
        y=partons.dphi,
        mode="markers+text",
        marker={
            "symbol": [style.PARTON_MARKERS[kind] for kind in partons.kind],
            "size": np.maximum(MAX_RING * partons.relative_size, MIN_RING),
            "color": colours,
            "line": {"color": colours, "width": 2.0},
            "opacity": 1.0,
        },
        text=[f"<b>{partons.symbol(i)}</b>" for i in range(len(partons))],
        textposition=["top right" if kind == PRONG else "bottom right" for kind in partons.kind],
        textfont={"size": 13, "color": theme.text},
        customdata=[to_html(partons.describe(i)) for i in range(len(partons))],
        hovertemplate="%{customdata}<br>Δη %{x:.3f}, Δφ %{y:.3f}<extra></extra>",
        showlegend=False,
    )


def _outline(symbol: str, colour: str) -> dict:
    """Return the line of a legend's marker; marks of partons consist of nothing else."""
    return {"color": colour, "width": 1.5 if symbol in style.PARTON_MARKERS else 0}


def _legend(data: Display, theme: Theme) -> list[go.Scatter]:
    """Return traces without points as entries: markers of species, and below them colours of subjets."""
    marks = legend_marks(data.jet_view.constituents)
    entries = [(title, style.MARKERS[mark], theme.faint, "legend") for mark, title in marks.items()]
    if data.jet_view.partons is not None:
        kinds = data.jet_view.partons.kind_titles()
        entries += [(title, style.PARTON_MARKERS[kind], theme.text, "legend") for kind, title in kinds.items()]
    entries += [(title, "circle", colour, "legend2") for title, colour in data.colour_titles()]
    return [
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "color": colour, "size": 9, "line": _outline(symbol, colour)},
            legend=legend,
        )
        for name, symbol, colour, legend in entries
    ]


def _edge_legend(data: Display, theme: Theme) -> list[go.Scatter]:
    """Return entries for the kinds of lines, their arrow heads, their signs and their widths."""
    thin, wide = style.edge_width(np.array([0.0, 1.0])).tolist()
    low, high = width_titles(data)
    plain = theme.edge
    entries = [
        (WITHIN, "lines", {"color": plain, "width": 1.5}),
        (BETWEEN, "lines", {"color": plain, "dash": "4px,3px"}),
    ]
    entries.append((DIRECTION, "lines+markers", {"color": plain, "width": 1}))
    if data.signed:
        entries += [
            (name, "lines", {"color": colour, "width": 2})
            for name, colour in zip(SIGNS, (POSITIVE, NEGATIVE), strict=True)
        ]
    entries += [(low, "lines", {"color": plain, "width": thin}), (high, "lines", {"color": plain, "width": wide})]
    return [
        go.Scatter(
            x=[None],
            y=[None],
            mode=mode,
            name=name,
            line=line,
            marker={"symbol": "triangle-right", "size": 8, "color": theme.edge},
            legend="legend3",
        )
        for name, mode, line in entries
    ]


def _legend_box(theme: Theme, y: float) -> dict:
    return {
        "orientation": "h",
        "x": 0.5,
        "xanchor": "center",
        "yref": "container",
        "y": y,
        "yanchor": "bottom",
        "font": {"size": 12, "color": theme.faint},
        "itemclick": False,
        "itemdoubleclick": False,
        "bgcolor": TRANSPARENT,
    }
