from dataclasses import replace

import numpy as np
import pytest

from part.figures.constituent_table import tabulate_constituents
from part.figures.view import View


def test_columns_are_in_display_order(jet_view):
    view = View(layer=2, head=1, order="pt")
    columns = tabulate_constituents(jet_view, view)
    order = jet_view.constituents.order("pt")
    np.testing.assert_array_equal(columns["#"], order + 1)
    np.testing.assert_array_equal(columns["pT [GeV]"], jet_view.constituents.pt[order])
    received = jet_view.trace.pattern[2, 1].mean(axis=0)[order]
    np.testing.assert_allclose(columns["attention received"], received)
    assert columns["attention received"].sum() == pytest.approx(1)
    assert "dz/σ" not in columns  # not in this file


def test_a_model_without_attention_leaves_the_column_out(jet_view):
    without_attention = replace(jet_view, trace=replace(jet_view.trace, pattern=None))
    assert "attention received" not in tabulate_constituents(without_attention, View())
