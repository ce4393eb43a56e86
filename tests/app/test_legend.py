"""The legend of a chart as a line of the page."""

import numpy as np
import plotly.graph_objects as go
import pytest

from app.components import legend
from part.figures.charts import Plot, Series
from part.figures.plotly.charts import draw_chart
from part.figures.plotly.theme import LEGEND_ROW

X = np.array([1.0, 2.0])


def test_the_legend_is_a_line_of_the_page_and_the_figure_lower(monkeypatch):
    lines = []
    monkeypatch.setattr(legend, "line", lambda markup, *values: lines.append(markup.format(*values)))
    figure = draw_chart(Plot("", "x", "y", (Series("one", X, X), Series("two", X, X, colour=1))), "light", 300)
    lifted = legend.lift_legend(figure)
    assert "● one" in lines[0]
    assert lines[0].count("<span") == 2
    assert lifted.layout.annotations == ()
    assert lifted.layout.height == figure.layout.height - LEGEND_ROW
    assert lifted.layout.margin.t == figure.layout.margin.t - LEGEND_ROW


def test_a_figure_without_a_legend_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(legend, "line", lambda *texts: pytest.fail("there is nothing to write"))
    figure = go.Figure()
    assert legend.lift_legend(figure) is figure
