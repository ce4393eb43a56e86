"""The layout that all plotly figures share: fonts, axes, colour bars. The colours are in `part.figures.palette`."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from part.figures import scale
from part.figures.palette import TRANSPARENT, Theme, colormap

FONT = '"Source Sans", "Source Sans Pro", "Helvetica Neue", Arial, sans-serif'
FLAT_BAR, BAR_TITLE = 34, 16  # px of a flat colour bar with its numbers, and of its title
BESIDE_BAR = 12  # px, half of a number at its end
LEGEND, LEGEND_WIDTH, LEGEND_ROW = "legend", 60, 16  # name; characters in a row; px of a row
HATCHES = 40  # lines across half of a hatched plot
MINOR_TICKS = {"ticks": "outside", "ticklen": 2, "dtick": "D1"}  # of a logarithmic axis, at 2 to 9 of each decade
SUBSCRIPTS = {"pT": "p<sub>T</sub>", "d0": "d<sub>0</sub>", "log10": "log<sub>10</sub>"}


def to_html(text: str) -> str:
    """Return a plain text with its physical symbols in HTML."""
    for plain, markup in SUBSCRIPTS.items():
        text = text.replace(plain, markup)
    return text


def empty_figure(theme: Theme, height: int, background: str | None) -> go.Figure:
    """Return an empty figure, as wide as its container; without a background the page's is visible."""
    figure = go.Figure()
    figure.update_layout(
        template=None,
        height=height,
        autosize=True,
        minreducedheight=24,  # of low figures plotly would cut the margins, and titles would lie on ticks
        paper_bgcolor=background or TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
        font={"family": FONT, "size": 14, "color": theme.text},
        margin={"l": 52, "r": 8, "t": 10, "b": 46},
        hovermode="closest",
        hoverlabel={
            "align": "left",
            "bgcolor": theme.background,
            "bordercolor": theme.faint,
            "font": {"family": FONT, "size": 13, "color": theme.text},
        },
        dragmode=False,
        clickmode="event+select",
        showlegend=False,
        modebar={"remove": ["select", "lasso", "zoom", "pan", "autoscale"]},
    )
    figure.update_xaxes(axis(theme))
    figure.update_yaxes(axis(theme))
    return figure


def axis(theme: Theme) -> dict:
    """Return what all axes share; subplots need it again, as plotly creates their axes anew."""
    return {
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "linecolor": theme.faint,
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": theme.faint,
        "tickfont": {"size": 12, "color": theme.faint},
        "title": {"font": {"size": 14, "color": theme.text}, "standoff": 6},
    }


def log_axis(low: float, high: float) -> dict:
    """Return the ticks of a logarithmic axis that shows values from `low` to `high`, with whole numbers as labels.

    Between them are minor ticks at all whole multiples of powers of ten.
    """
    decades = np.log10(high / low)
    digits = (1, 1.5, 2, 3, 5, 7) if decades < 0.9 else (1, 2, 5) if decades < 2.5 else (1,)
    exponents = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 2)
    step = 1 if len(exponents) <= 9 else 2
    marks = [(digit, k) for k in exponents for digit in digits if digit > 1 or k % step == 0]
    powers = {k: f"10<sup>{k}</sup>" for k in exponents}
    texts = [f"{digit * 10.0**k:g}" if -4 < k < 5 else f"{digit}·{powers[k]}".removeprefix("1·") for digit, k in marks]
    return {
        "type": "log",
        "tickmode": "array",
        "tickvals": [digit * 10.0**k for digit, k in marks],
        "ticktext": [text.replace("-", "−") for text in texts],
        "minor": MINOR_TICKS,
    }


def colorscale(signed: bool, theme: Theme) -> list[list]:
    """Return explicit colours, because a page may replace those of plotly's named scales."""
    colours = colormap(signed, theme.name)
    steps = np.linspace(0, 255, 52).astype(int)
    return [[step / 255, "rgb({}, {}, {})".format(*colours[step])] for step in steps.tolist()]


def scaled_values(values: np.ndarray, limits: tuple[float, float], value_scale: str) -> np.ndarray:
    """Return what plotly colours: the value, or its logarithm from the lower limit on."""
    if value_scale == "log":
        return np.log10(np.maximum(values, limits[0])).astype(np.float32)
    return np.asarray(values, np.float32)


def colorbar(quantity_title: str, limits: tuple[float, float], value_scale: str, theme: Theme) -> dict:
    """Return a colour bar to the right of the figure."""
    marks = scale.ticks(limits, value_scale)
    return {
        "thickness": 10,
        "len": 1.0,
        "x": 1.015,
        "xpad": 0,
        "ypad": 0,
        "outlinewidth": 0,
        "tickvals": [np.log10(value) if value_scale == "log" else value for value, _ in marks],
        "ticktext": [label for _, label in marks],
        "tickfont": {"size": 12, "color": theme.faint},
        "title": {"text": to_html(quantity_title), "side": "right", "font": {"size": 13, "color": theme.text}},
    }


def flat_colorbar(limits: tuple[float, float], theme: Theme, title: str = "") -> dict:
    """Return a thin colour bar above the figure, which leaves the width to the cells; its title is HTML."""
    marks = scale.few_ticks(limits)
    place = {"orientation": "h", "x": 0.5, "xanchor": "center", "y": 1.0, "yanchor": "bottom", "ypad": 4}
    return (
        colorbar("", limits, "linear", theme)
        | place
        | {"thickness": 7, "tickfont": {"size": 11, "color": theme.faint}, "tickangle": 0, "ticklabeloverflow": "allow"}
        | {"tickvals": [value for value, _ in marks], "ticktext": [label for _, label in marks]}
        | {"title": {"text": title, "side": "top", "font": {"size": 12, "color": theme.text}} if title else None}
    )


def bar_above(figure: go.Figure, title: str = "") -> int:
    """Make room for a flat colour bar and its title above the plot, and return its height [px].

    Plotly would make more room than they need, and not say how much.
    """
    height = FLAT_BAR + (BAR_TITLE * (1 + title.count("<br>")) if title else 0)
    figure.update_layout(margin={"t": height, "r": BESIDE_BAR, "autoexpand": False})
    return height


def hatching(theme: Theme) -> dict:
    """Return a shape of diagonals below all traces, which is seen where a surface has no data."""
    starts = np.linspace(-1, 1, 2 * HATCHES + 1)[1:-1]
    lines = [f"M {max(0.0, -c):.4f} {max(0.0, c):.4f} L {min(1.0, 1 - c):.4f} {min(1.0, 1 + c):.4f}" for c in starts]
    line = {"color": theme.faint, "width": 0.6}
    return {"type": "path", "path": " ".join(lines), "xref": "paper", "yref": "paper", "layer": "below", "line": line}


def write_legend(figure: go.Figure, entries: Sequence[tuple[str, str]]) -> None:
    """Write colours and texts above the plot, in place of plotly's legend, which logs warnings without a width.

    They take as many rows as a plot of usual width needs. A page that can break lines itself finds the entries in the
    layout's `meta`, and the rows in the annotation of that name.
    """
    rows: list[list[str]] = [[]]
    remaining = LEGEND_WIDTH
    for colour, text in entries:
        remaining -= len(text) + 3
        if remaining < 0 and rows[-1]:
            rows, remaining = [*rows, []], LEGEND_WIDTH - len(text) - 3
        rows[-1].append(f"<span style='color:{colour}'>{to_html(text)}</span>")
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    text = "<br>".join("   ".join(row) for row in rows)
    figure.add_annotation(name=LEGEND, text=text, showarrow=False, font={"size": 12}, align="right", **place)
    figure.update_layout(meta={LEGEND: [list(entry) for entry in entries]}, margin={"t": 8 + LEGEND_ROW * len(rows)})
