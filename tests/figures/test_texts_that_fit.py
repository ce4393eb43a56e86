"""Texts that fit their figures: sizes by width and height, numbers that are left out, legends, ticks of short bars."""

import numpy as np
import pytest

from part.figures import scale
from part.figures.cell_texts import bar_title
from part.figures.charts import Grid, HeadMap, Plot, Series
from part.figures.plotly.charts import draw_chart
from part.figures.plotly.fitting import fit_beside, fit_numbers, fit_title, text_width
from part.figures.plotly.theme import LEGEND

NUMBERS = np.linspace(-1, 1, 16).reshape(2, 8)


def test_numbers_shrink_with_the_width_of_the_figure():
    template = fit_numbers([["−0.25", "0.10"]], 12, 60, 100)
    assert template.startswith("<span style=")
    assert template.endswith(">%{text}</span>")
    assert "100cqw - 68px" in template
    assert "min(12.0px" in template


def test_numbers_that_are_higher_than_their_cells_are_left_out():
    assert fit_numbers([["1"]] * 8, 12, 60, 80) == ""
    assert "min(10.4px" in fit_numbers([["1"]] * 8, 12, 60, 8 * 15)
    assert fit_numbers([["same\nsubjet"]], 12, 60, 20) == ""
    assert fit_numbers([["", ""]], 12, 60, 100) == ""


def test_a_short_title_stays_as_it_is_and_a_long_one_has_two_lines():
    assert fit_title("jet pT [GeV]") == "jet p<sub>T</sub> [GeV]"
    long = fit_title("a title of very many words that no narrow column has room for")
    assert long.count("<br>") == 1
    assert "100cqw" in long
    assert fit_title("Word" * 30).count("<br>") == 0


def test_the_title_beside_a_low_figure_is_smaller_or_has_two_lines():
    assert fit_beside("probability", 200) == ("probability", 1)
    smaller, lines = fit_beside("share of pairs a quarter decade", 190)
    assert lines == 1
    assert "font-size" in smaller
    broken, lines = fit_beside("share of pairs a quarter decade", 90)
    assert lines == 2
    assert "share of pairs a<br>quarter decade" in broken


def test_the_width_of_a_text_is_that_of_its_longest_line():
    assert text_width("same\nsubjet") == text_width("subjet") > text_width("same")


@pytest.mark.parametrize(
    ("quantity", "unit", "title"),
    [("Entropy", "nats", "Entropy [nats]"), ("", "share of queries", "share of queries"), ("ratio", "", "ratio")],
)
def test_the_colour_bar_says_quantity_and_unit(quantity, unit, title):
    chart = HeadMap("Heads", unit, NUMBERS, quantity=quantity)
    assert bar_title(chart) == title
    assert draw_chart(chart, "light", 300).data[0].colorbar.title.text == title


@pytest.mark.parametrize(
    ("limits", "labels"),
    [
        ((-15.6, 15.6), ["−15", "0", "15"]),
        ((-47.0, 47.0), ["−40", "0", "40"]),
        ((0.0, 1.0), ["0", "0.5", "1"]),
        ((0.0, 3.8), ["0", "1.5", "3"]),
        ((0.0, 2e-4), ["0", "0.0001", "0.0002"]),
    ],
)
def test_a_short_bar_has_three_ticks(limits, labels):
    assert [label for _, label in scale.few_ticks(limits)] == labels


def test_a_bar_of_another_scale_has_all_ticks():
    assert scale.few_ticks((-0.2, 1.0)) == scale.ticks((-0.2, 1.0), "linear")


@pytest.mark.parametrize("n", [2, 30])
def test_the_name_of_each_row_has_its_height(n):
    names = tuple(f"row {i}" for i in range(n))
    bars = draw_chart(Plot("Bars", "x", "", (Series("", names, np.ones(n), style="bars"),)), "light", 70)
    grid = draw_chart(Grid("Grid", "1", np.ones((n, 2)), names, ("a", "b")), "light", 70)
    for figure in (bars, grid):
        margin = figure.layout.margin
        assert figure.layout.height - margin.t - margin.b >= 14 * n


def test_names_of_columns_are_slanted_where_neighbours_would_touch():
    short = draw_chart(Grid("", "1", np.ones((1, 3)), ("a",), ("pT", "ΔR", "kT")), "light", 200)
    long = draw_chart(
        Grid("", "1", np.ones((1, 8)), ("a",), ("1", "2", "3", "4", "5", "6", "class 1", "logits")), "light", 200
    )
    assert (short.layout.xaxis.tickangle, long.layout.xaxis.tickangle) == (0, -45)


def test_a_legend_of_many_entries_takes_rows_and_tells_the_page_its_entries():
    x = np.array([1.0, 2.0])
    series = tuple(Series(f"a method with a long name {i}", x, x, colour=i) for i in range(6))
    layout = draw_chart(Plot("", "x", "y", series), "light", 300).layout
    (rows,) = [note.text for note in layout.annotations if note.name == LEGEND]
    assert rows.count("<br>") == 5
    assert layout.margin.t >= 6 * 16
    assert [text for _, text in layout.meta[LEGEND]] == [f"● {one.name}" for one in series]


def test_bars_by_sign_have_the_colours_of_edges():
    bars = Series("", ("a", "b"), np.array([1.0, -1.0]), style="bars", by_sign=True)
    up, down = draw_chart(Plot("", "x", "", (bars,)), "light", 200).data[0].marker.color
    assert up != down
