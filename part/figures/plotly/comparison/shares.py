"""Which jets the models get right together, and how far their logits are apart."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.comparison.result import Comparison
from part.figures.plotly.theme import base, theme

BINS = 40
NAMES = 140  # px for the names of models beside a figure


def short_names(comparison: Comparison) -> list[str]:
    """That fit into NAMES."""
    return [name if len(name) <= 20 else f"{name[:9]}…{name[-9:]}" for name in comparison.names]


def draw_outcomes(comparison: Comparison, look_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """A bar a model: jets that it and the first get right both, alone in their colours, or both wrong."""
    look = theme(look_name)
    figure = base(look, height, None)
    others = comparison.names[1:]
    found = [comparison.outcomes(m) for m in range(1, len(others) + 1)]
    colours = (look.faint, [accents[0]] * len(others), list(accents[1 : len(others) + 1]), look.grid)
    for kind, colour in zip(found[0], colours, strict=True):
        shares = [100 * one[kind] / len(comparison) for one in found]
        told = [kind.replace("first", comparison.names[0]).replace("second", name) for name in others]
        figure.add_trace(
            go.Bar(
                x=shares,
                y=list(range(len(others))),
                orientation="h",
                marker={"color": colour},
                text=[f"{share:.1f}" if share >= 6 else "" for share in shares],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="none",
                textfont={"size": 12, "color": look.text if kind == "both wrong" else look.background},
                customdata=[[text, one[kind]] for text, one in zip(told, found, strict=True)],
                hovertemplate="%{customdata[0]}: <b>%{x:.1f} %</b>, %{customdata[1]} jets<extra></extra>",
            )
        )
    figure.update_layout(barmode="stack", bargap=0.35, margin={"l": NAMES, "r": 22, "t": 4})
    figure.update_xaxes(range=[0, 100], title_text="% of jets")
    names = {"tickvals": list(range(len(others))), "ticktext": short_names(comparison)[1:]}
    plain = {"ticks": "", "ticklabelstandoff": 4, "tickfont": {"size": 12, "color": look.text}}
    return figure.update_yaxes(autorange="reversed", **names, **plain)


def draw_drift(comparison: Comparison, model: int, look_name: str, height: int, accent: str) -> go.Figure:
    """How many jets' logits are how far from the first model's; the line is their median."""
    look = theme(look_name)
    figure = base(look, height, None)
    drift = comparison.drift(model)
    shown = np.log10(np.maximum(drift, 1e-7))
    low, high = np.floor(shown.min()), np.ceil(shown.max() + 1e-9)
    counts, edges = np.histogram(shown, BINS, (low, max(high, low + 1)))
    figure.add_trace(
        go.Bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            marker={"color": accent},
            customdata=10 ** ((edges[1:] + edges[:-1]) / 2),
            hovertemplate="about %{customdata:.2~g}: <b>%{y}</b> jets<extra></extra>",
        )
    )
    median = float(np.median(drift))
    figure.add_vline(np.log10(max(median, 1e-7)), line={"color": look.text, "width": 1, "dash": "dot"})
    marks = np.arange(low, max(high, low + 1) + 1)
    figure.update_xaxes(tickvals=marks, ticktext=[f"10<sup>{int(mark)}</sup>" for mark in marks])
    figure.update_xaxes(title_text="logit drift of a jet, root mean square over classes")
    figure.update_yaxes(title_text="jets")
    figure.update_layout(bargap=0.05, margin={"t": 4, "r": 22})
    return figure
