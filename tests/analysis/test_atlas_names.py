"""What makes a name of a head, the jets that are kept, and attention by rank: closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from part.analysis.atlas.effects import Effects
from part.analysis.atlas.extremes import KEPT, Extremes
from part.analysis.atlas.names import find_names
from part.analysis.atlas.position import FOLDS, Position


def test_a_name_needs_all_of_effect_excess_nulls_and_significance():
    """Of one source and two hypotheses: the first is chosen on the first half, whatever the second half says."""
    excess, share = np.full((3, 1, 2), [0.5, 0.3]), np.full((3, 1, 2), [0.7, 0.5])
    good = Effects(excess, np.full((3, 1, 2), 0.01), share, np.full((1, 2), 0.02), np.full((3, 2), 50))
    assert (name := find_names(good, None, 0.2)[0]) is not None
    assert (name.hypothesis, name.classes_with, name.classes) == (0, 1, 1)
    assert name.share == pytest.approx(0.7)
    assert name.effect == pytest.approx(0.625)

    half = np.array([0, 1, 0])[:, None, None] * np.array([1, 0])  # the first hypothesis, on the second half of the jets
    weak = replace(good, excess=excess - 0.38 * half, share=share - 0.38 * half)
    assert find_names(weak, None, 0.2)[0] is None  # an effect of 0.15
    assert find_names(weak, None, 0.14)[0] is not None
    uncertain = replace(good, error=good.error + 0.3 * half)
    assert find_names(uncertain, None, 0.2)[0] is None  # 1.6 standard errors; 1.96 are needed for two comparisons
    assert find_names(good, np.array([0.63, 0.0]), 0.2)[0] is None
    assert find_names(good, np.array([0.62, 0.9]), 0.2)[0] is not None
    high = replace(good, excess=0.18 * excess, share=0.9 + 0.18 * excess)  # 0.09 of 0.1 that are possible
    assert find_names(high, None, 0.2)[0] is None
    few = replace(good, jets=np.array([[50, 50], [50, 50], [19, 50]]))
    assert find_names(few, None, 0.2)[0].classes == 0
    unknown = replace(good, excess=np.full((3, 1, 2), np.nan))
    assert find_names(unknown, None, 0.2) == (None,)


def test_extremes_are_the_sorted_ends_in_any_order():
    rng = np.random.default_rng(0)
    values = np.round(rng.normal(size=(50, 2)), 1)  # some are equal
    values[::7, 1] = np.nan
    entries = np.arange(50)
    order = rng.permutation(50)
    extremes, other = Extremes((2,)), Extremes((2,))
    extremes.add(values[order[:20]], entries[order[:20]])
    other.add(values[order[20:]], entries[order[20:]])
    extremes.merge(other)
    for column in range(2):
        known = np.flatnonzero(np.isfinite(values[:, column]))
        ranked = known[np.lexsort((known, -values[known, column]))]
        np.testing.assert_array_equal(extremes.best[column], ranked[:KEPT])
        ranked = known[np.lexsort((known, values[known, column]))]
        np.testing.assert_array_equal(extremes.worst[column], ranked[:KEPT])
    few = Extremes((1,))
    few.add(np.array([[1.0]]), np.array([4]))
    assert few.best.tolist() == few.worst.tolist() == [[4, -1, -1]]


def test_attention_by_rank_is_explained_and_other_attention_is_not():
    rng, n, jets = np.random.default_rng(0), 12, 200
    mask = np.ones((jets, n), bool)
    by_rank = np.broadcast_to(np.arange(n, 0, -1.0), (jets, n, n))
    free = rng.random((jets, n, n))
    uniform = np.ones((jets, n, n))
    pattern = np.stack([rows / rows.sum(-1, keepdims=True) for rows in (by_rank, free, uniform)], 1)
    position = Position(3)
    position.add(pattern, mask, np.arange(jets))
    share, error = position.explained()
    assert share[0] == pytest.approx(1)
    assert abs(share[1]) < 4 * error[1] + 0.01
    assert np.isnan(share[2])
    mixed = Position(1)
    noise = rng.normal(0, 1, (jets, n, n))
    mixed.add(((1 + 0.2 * (np.arange(n) - 5.5) + noise) / n)[:, None], mask, np.arange(jets) % FOLDS)
    expected = (signal := 0.04 * np.var(np.arange(n))) / (signal + 1)
    assert mixed.explained()[0][0] == pytest.approx(expected, abs=0.02)
