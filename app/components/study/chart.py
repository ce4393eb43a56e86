"""A chart of a study with its caption, and the button that saves it for a paper."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from app.components.explained import question_mark
from app.components.legend import lift_legend
from app.components.messages import caption as below
from app.components.messages import line
from app.components.study.head_click import CONFIG, OnEdge, Opens, draw_figure
from app.components.study.point_click import PointClick, draw_points
from app.components.theme import theme_name
from app.components.titles import own_names
from app.services.figures import chart_file, plotly_chart
from app.services.library import Chart, Graph

SENTENCE = 40  # pixels of two lines, also where there is none, so that charts side by side are equally high


def show_chart(
    chart: Chart,
    key: str,
    height: int,
    accents: Sequence[str] = (),
    caption: str | None = None,
    opens: Opens | None = None,
    on_edge: OnEdge | None = None,
    click: PointClick | None = None,
) -> None:
    """Draw a chart as wide as its column.

    Parameters
    ----------
    chart : Chart
        The numbers.
    key : str
        What tells it apart on the page.
    height : int
        Pixels, of which the sentence below takes some.
    accents : sequence of str
        Colours of the series.
    caption : str, optional
        In place of the chart's title.
    opens : Opens, optional
        What a click on a map of heads opens in Explore, see `draw_figure`.
    on_edge : callable, optional
        What receives the key of an edge of a graph that is clicked.
    click : PointClick, optional
        What a click on a point of a plot does.
    """
    title = caption or chart.title
    with st.container(horizontal=True, vertical_alignment="center", key=f"caption_{key}"):
        line('<div class="caption">{}</div>', title)
        question_mark(chart.about, key)
        for kind in ("svg", "pdf") if isinstance(chart, Graph) else ("pdf",):
            st.download_button(
                kind.upper(),
                data=partial(chart_file, chart, title, kind),
                file_name=f"{key}.{kind}",
                key=f"{kind}_{key}",
                type="tertiary",
                on_click="ignore",
            )
    figure = plotly_chart(chart, theme_name(), height - SENTENCE, accents)
    figure = lift_legend(own_names(figure))
    if click:
        draw_points(figure, key, CONFIG, click)
    else:
        draw_figure(figure, chart, key, opens, on_edge)
    below(chart.sentence)


def show_charts(
    charts: Mapping[str, Chart], names: Sequence[str], height: int, widths: Sequence[float] | None = None
) -> None:
    """Draw some of the charts of a study side by side; four of them in two rows on a narrow screen."""
    with st.container(key=f"row_of_{len(names)}_{names[0]}"):
        columns = st.columns(widths or len(names))
    for column, name in zip(columns, names, strict=False):
        with column:
            show_chart(charts[name], name, height)
