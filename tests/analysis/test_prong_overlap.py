"""Shares of prongs, AUC and top-k overlap: closed forms, and direct calculations over all choices."""

from itertools import combinations

import numpy as np
import pytest

from part.analysis.attribution.importance import normalised, received_attention
from part.analysis.statistics.metrics import auc as jet_auc
from part.analysis.truth.overlap import (
    GROUPS,
    auc,
    group_members,
    random_overlap,
    shares,
    shuffled_shares,
    top_overlap,
)
from part.analysis.truth.prongs import Prongs
from part.analysis.truth.study import measure

N = 12
PRONG = np.array([[0, 0, 0, 1, 1, 2, -1, -1, -1, -1, -1, -1]])  # the last two are padding
MASK = np.arange(N)[None] < 10
PRONGS = Prongs(np.where(MASK, PRONG, -1), np.array([[5, -2, 13]]))  # b, u and μ
MEMBERS, HAS = group_members(PRONGS, MASK)
ANY, FIRST, SECOND, THIRD, FURTHER, NONE, B, C, LIGHT, GLUON, LEPTON = range(len(GROUPS))
SIZES = np.array([6, 3, 2, 1, 0, 4, 3, 0, 2, 0, 1])


def importance(*rows: np.ndarray) -> np.ndarray:
    return normalised(np.stack([row * MASK[0] for row in rows])[None].astype(float))


def test_each_particle_is_in_one_group_beside_any():
    assert MEMBERS.sum(1)[0].tolist() == SIZES.tolist()
    assert np.flatnonzero(~HAS[0]).tolist() == [FURTHER, C, GLUON]
    assert (MEMBERS[0, :10, FIRST:B].sum(-1) == 1).all()
    np.testing.assert_array_equal(MEMBERS[0, :, [B, LIGHT, LEPTON]], MEMBERS[0, :, [FIRST, SECOND, THIRD]])
    assert not MEMBERS[0, 10:].any()


def test_attention_all_on_one_prong():
    """The share, the AUC and the overlap are 1, and 0 for what is elsewhere."""
    values = importance(PRONG[0] == 0, PRONG[0] == 1)
    assert shares(values, MEMBERS)[0, :, [FIRST, SECOND, ANY]].T.tolist() == [[1, 0, 1], [0, 1, 1]]
    assert auc(values, MEMBERS, MASK)[0, [0, 1], [FIRST, SECOND]].tolist() == [1, 1]
    assert top_overlap(values, MEMBERS, MASK)[0, [0, 1], [FIRST, SECOND]].tolist() == [1, 1]
    assert auc(values, MEMBERS, MASK)[0, 0, SECOND] == pytest.approx(
        (0 + 5 / 2) / 8
    )  # three above, five equal of eight
    assert top_overlap(values, MEMBERS, MASK)[0, 0, SECOND] == 0


def test_uniform_attention_has_the_share_of_the_particles():
    values = importance(np.ones(N))
    np.testing.assert_allclose(shares(values, MEMBERS)[0, 0], SIZES / 10)
    np.testing.assert_allclose(auc(values, MEMBERS, MASK)[0, 0, [ANY, FIRST, SECOND, THIRD, NONE]], 0.5)
    mean, variance = shuffled_shares(values, MEMBERS, MASK)
    np.testing.assert_allclose(mean[0], SIZES / 10)
    np.testing.assert_allclose(variance, 0, atol=1e-30)  # no shuffle changes it
    measures = measure(values, PRONGS, MASK)
    np.testing.assert_allclose(np.nan_to_num(measures["excess"]), 0, atol=1e-12)
    assert np.isnan(measures["share"][0, 0, FURTHER])  # there are but three prongs


def test_the_null_is_that_of_all_choices_of_particles():
    weights = importance(np.random.default_rng(1).exponential(size=N))
    mean, variance = shuffled_shares(weights, MEMBERS, MASK)
    for g, size in enumerate(SIZES):
        sums = [weights[0, 0, list(chosen)].sum() for chosen in combinations(range(10), size)]
        assert mean[0, g] == pytest.approx(np.mean(sums))
        assert variance[0, 0, g] == pytest.approx(np.var(sums), abs=1e-12)


def test_the_overlap_expected_by_chance_is_that_of_all_choices():
    for k in (0, 4):
        expected = random_overlap(MEMBERS, MASK, k)
        for g in (ANY, FIRST, NONE):
            own = set(np.flatnonzero(MEMBERS[0, :, g]))
            choices = [set(chosen) for chosen in combinations(range(10), k or SIZES[g])]
            assert expected[0, g] == pytest.approx(np.mean([len(own & c) / len(own | c) for c in choices]))
    assert np.isnan(random_overlap(MEMBERS, MASK)[0, FURTHER])


@pytest.mark.parametrize("k", [0, 2, 4, 50])
def test_the_overlap_is_that_of_sets(k):
    values = importance(np.random.default_rng(2).permutation(N) + 1.0)
    order = np.argsort(-values[0, 0, :10])
    for g in (ANY, FIRST, SECOND, THIRD, NONE):
        own, top = set(np.flatnonzero(MEMBERS[0, :, g])), set(order[: k or SIZES[g]])
        assert top_overlap(values, MEMBERS, MASK, k)[0, 0, g] == pytest.approx(len(own & top) / len(own | top))


def test_ties_at_the_edge_count_in_part():
    """Of two equal particles that are the second most important, one is in the prong."""
    weights = np.zeros(N)
    weights[[0, 1, 6]] = 3, 2, 2
    values = importance(weights)
    common = 1 + 1 / 2
    assert top_overlap(values, MEMBERS, MASK, 2)[0, 0, FIRST] == pytest.approx(common / (2 + 3 - common))


def test_the_auc_is_that_of_jets_metrics():
    values = importance(np.random.default_rng(3).integers(1, 5, N).astype(float))
    for g in (ANY, FIRST, SECOND, THIRD, NONE):
        assert auc(values, MEMBERS, MASK)[0, 0, g] == pytest.approx(jet_auc(values[0, 0, :10], MEMBERS[0, :10, g]))
    everywhere, _ = group_members(Prongs(np.where(MASK, 0, -1), np.array([[21]])), MASK)
    assert np.isnan(
        auc(values, everywhere, MASK)[0, 0, [ANY, FIRST, GLUON, NONE]]
    ).all()  # there is nothing to tell apart


def test_an_importance_of_zero_has_no_shares():
    values = importance(np.zeros(N), np.ones(N))
    measures = measure(values, PRONGS, MASK)
    for name in ("share", "auc", "overlap"):
        assert np.isnan(measures[name][0, 0]).all(), name
        assert np.isfinite(measures[name][0, 1, FIRST]), name


def test_received_attention_sums_to_one_over_real_particles():
    rng = np.random.default_rng(4)
    pattern = rng.random((1, 2, N, N))
    received = received_attention(pattern, MASK)
    np.testing.assert_allclose(received.sum(-1), 1)
    assert not received[..., 10:].any()
    rows = pattern[0, 1, :10, :10] / pattern[0, 1, :10, :10].sum(-1, keepdims=True)
    np.testing.assert_allclose(received[0, 1, :10], rows.mean(0))
