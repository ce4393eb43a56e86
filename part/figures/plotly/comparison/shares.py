"""Draw which jets models predict correctly together, and how far their logits are apart."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.comparison.result import Comparison
from part.errors import PartError
from part.figures.palette import get_theme
from part.figures.plotly.theme import empty_figure

BINS = 40
NAMES_WIDTH = 140  # px for the names of models beside a figure


def short_names(comparison: Comparison) -> list[str]:
    """Return names that fit into NAMES_WIDTH."""
    return [name if len(name) <= 20 else f"{name[:9]}…{name[-9:]}" for name in comparison.names]


def draw_outcomes(comparison: Comparison, theme_name: str, height: int, accents: Sequence[str]) -> go.Figure:
    """Draw a bar per model: the jets that it and the first predict correctly both, alone, or neither."""
    theme = get_theme(theme_name)
    figure = empty_figure(theme, height, None)
    others = comparison.names[1:]
    outcomes = [_outcomes(comparison, m) for m in range(1, len(others) + 1)]
    colours = (theme.faint, [accents[0]] * len(others), list(accents[1 : len(others) + 1]), theme.grid)
    for kind, colour in zip(outcomes[0], colours, strict=True):
        shares = [100 * one[kind] / len(comparison) for one in outcomes]
        texts = [kind.replace("first", comparison.names[0]).replace("second", name) for name in others]
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
                textfont={"size": 12, "color": theme.text if kind == "both wrong" else theme.background},
                customdata=[[text, one[kind]] for text, one in zip(texts, outcomes, strict=True)],
                hovertemplate="%{customdata[0]}: <b>%{x:.1f} %</b>, %{customdata[1]} jets<extra></extra>",
            )
        )
    figure.update_layout(barmode="stack", bargap=0.35, margin={"l": NAMES_WIDTH, "r": 22, "t": 4})
    figure.update_xaxes(range=[0, 100], title_text="% of jets")
    names = {"tickvals": list(range(len(others))), "ticktext": short_names(comparison)[1:]}
    plain = {"ticks": "", "ticklabelstandoff": 4, "tickfont": {"size": 12, "color": theme.text}}
    return figure.update_yaxes(autorange="reversed", **names, **plain)


def _outcomes(comparison: Comparison, model: int) -> dict[str, int]:
    outcomes = comparison.outcomes(model)
    if outcomes is None:
        raise PartError("Outcomes need jets with labels.")
    return outcomes


def draw_drift(comparison: Comparison, model: int, theme_name: str, height: int, accent: str) -> go.Figure:
    """Draw a histogram of the distance of each jet's logits from the first model's; a line marks the median."""
    theme = get_theme(theme_name)
    figure = empty_figure(theme, height, None)
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
    figure.add_vline(np.log10(max(median, 1e-7)), line={"color": theme.text, "width": 1, "dash": "dot"})
    marks = np.arange(low, max(high, low + 1) + 1)
    figure.update_xaxes(tickvals=marks, ticktext=[f"10<sup>{int(mark)}</sup>" for mark in marks])
    figure.update_xaxes(title_text="logit drift of a jet, root mean square over classes")
    figure.update_yaxes(title_text="jets")
    figure.update_layout(bargap=0.05, margin={"t": 4, "r": 22})
    return figure
