from dataclasses import replace

import numpy as np
import pytest

from part.figures import View, table


def test_columns_are_in_display_order(scene):
    view = View(layer=2, head=1, order="pt")
    columns = table(scene, view)
    order = scene.constituents.order("pt")
    np.testing.assert_array_equal(columns["#"], order + 1)
    np.testing.assert_array_equal(columns["pT [GeV]"], scene.constituents.pt[order])
    received = scene.trace.pattern[2, 1].mean(axis=0)[order]
    np.testing.assert_allclose(columns["attention received"], received)
    assert columns["attention received"].sum() == pytest.approx(1)
    assert "dz/σ" not in columns  # not in this file


def test_a_model_without_attention_leaves_the_column_out(scene):
    mute = replace(scene, trace=replace(scene.trace, pattern=None))
    assert "attention received" not in table(mute, View())
