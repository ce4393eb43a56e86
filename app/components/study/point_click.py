"""Plots whose points can be clicked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from app.components.guard import callback


@dataclass(frozen=True)
class PointClick:
    """What a click on a point of a plot does.

    Attributes
    ----------
    choose : callable
        Receives the number of the series and that of the point in it.
    tip : str
        What the tip of a point says of it.
    """

    choose: Callable[[int, int], None]
    tip: str


def draw_points(figure: go.Figure, key: str, config: dict, click: PointClick) -> None:
    """Draw a plot whose series are all of points, with one trace each."""
    figure = go.Figure(figure)
    for trace in figure.data:
        trace.update(
            hovertemplate=trace.hovertemplate.replace("<extra>", f"<br>{click.tip}<extra>"),
            unselected={"marker": {"opacity": 1}},  # the page marks what is chosen
        )
    clicked = partial(_clicked, key, click)
    st.plotly_chart(figure, theme=None, key=key, config=config, on_select=clicked, selection_mode="points")


@callback
def _clicked(key: str, click: PointClick) -> None:
    for point in st.session_state[key].selection.points[:1]:
        click.choose(point["curve_number"], point["point_index"])
