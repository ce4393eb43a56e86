from dataclasses import replace

import numpy as np
import pytest

from part.errors import PartError
from part.figures import View, pair, table


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


def test_a_pair_in_numbers(scene):
    panel = pair(scene, View(layer=1, head=3, query=2), key=7)
    trace = scene.trace
    assert panel["Attention"] == trace.pattern[1, 3, 2, 7]
    assert panel["q·k/√d"] == trace.scores_qk[1, 3, 2, 7]
    assert panel["Interaction bias"] == trace.bias[1, 3, 2, 7]
    particles = scene.constituents
    distance = np.hypot(particles.deta[2] - particles.deta[7], particles.dphi[2] - particles.dphi[7])
    assert panel["ΔR"] == pytest.approx(distance)
    assert panel["query"].startswith("3: ")
    assert pair(scene, View(), key=7, query=5)["query"].startswith("6: ")


@pytest.mark.parametrize(("query", "key", "name"), [(None, 1, "query"), (1, 12, "key"), (1, -1, "key")])
def test_a_pair_needs_both(scene, query, key, name):
    with pytest.raises(PartError, match=f"Expected a {name} from 1 to 12"):
        pair(scene, View(), key=key, query=query)
