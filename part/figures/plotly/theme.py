"""Light and dark, fonts, and what all plotly figures share."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from part.errors import PartError
from part.figures import scale

FONT = '"Source Sans", "Source Sans Pro", "Helvetica Neue", Arial, sans-serif'
SUBSCRIPTS = {"pT": "p<sub>T</sub>", "d0": "d<sub>0</sub>"}


@dataclass(frozen=True)
class Theme:
    name: str
    text: str
    faint: str
    grid: str
    background: str
    accent: str
    edge: str


THEMES = {
    "light": Theme("light", "#31333f", "#6b6f7b", "rgba(110, 115, 130, 0.18)", "#ffffff", "#2a6fdb", "#3c4254"),
    "dark": Theme("dark", "#fafafa", "#a3a8b4", "rgba(160, 165, 180, 0.18)", "#0e1117", "#6ea8fe", "#d5d9e2"),
}


def theme(name: str) -> Theme:
    if name not in THEMES:
        raise PartError(f"There is no theme {name!r}; expected {' or '.join(THEMES)}.")
    return THEMES[name]


def html(text: str) -> str:
    """Plain text of ours with its physical symbols set as such."""
    for plain, markup in SUBSCRIPTS.items():
        text = text.replace(plain, markup)
    return text


def base(look: Theme, height: int, background: str | None) -> go.Figure:
    """An empty figure; its width is that of the place it is put in."""
    transparent = "rgba(0, 0, 0, 0)"
    figure = go.Figure()
    figure.update_layout(
        template=None,
        height=height,
        autosize=True,
        paper_bgcolor=background or transparent,
        plot_bgcolor=transparent,
        font={"family": FONT, "size": 14, "color": look.text},
        margin={"l": 52, "r": 8, "t": 10, "b": 46},
        hovermode="closest",
        hoverlabel={
            "align": "left",
            "bgcolor": look.background,
            "bordercolor": look.faint,
            "font": {"family": FONT, "size": 13, "color": look.text},
        },
        dragmode=False,
        clickmode="event+select",
        showlegend=False,
        modebar={"remove": ["select", "lasso", "zoom", "pan", "autoscale"]},
    )
    figure.update_xaxes(axis(look))
    figure.update_yaxes(axis(look))
    return figure


def axis(look: Theme) -> dict:
    """What all axes share; of figures that come to have several, to be given to them again."""
    return {
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "linecolor": look.faint,
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": look.faint,
        "tickfont": {"size": 12, "color": look.faint},
        "title": {"font": {"size": 14, "color": look.text}, "standoff": 6},
    }


def colorscale(quantity: str, look: Theme) -> list[list]:
    """Explicit colours: a page may replace those of plotly's named scales."""
    colours = scale.palette(quantity, look.name)
    steps = np.linspace(0, 255, 52).astype(int)
    return [[step / 255, "rgb({}, {}, {})".format(*colours[step])] for step in steps.tolist()]


def drawn(values: np.ndarray, limits: tuple[float, float], drawn_scale: str) -> np.ndarray:
    """What plotly colours: the logarithm, from the lower limit on, or the value."""
    if drawn_scale == "log":
        return np.log10(np.maximum(values, limits[0])).astype(np.float32)
    return np.asarray(values, np.float32)


def colorbar(quantity_title: str, limits: tuple[float, float], drawn_scale: str, look: Theme) -> dict:
    marks = scale.ticks(limits, drawn_scale)
    return {
        "thickness": 10,
        "len": 1.0,
        "x": 1.015,
        "xpad": 0,
        "ypad": 0,
        "outlinewidth": 0,
        "tickvals": [np.log10(value) if drawn_scale == "log" else value for value, _ in marks],
        "ticktext": [label for _, label in marks],
        "tickfont": {"size": 12, "color": look.faint},
        "title": {"text": html(quantity_title), "side": "right", "font": {"size": 13, "color": look.text}},
    }
