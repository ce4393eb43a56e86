"""Measures of sparsity and of groups in closed form."""

import numpy as np
import pytest
from helpers.jet_view import softmax

from part.analysis.sparsity.groups import between, inter_fraction, share_to
from part.analysis.sparsity.measures import (
    effective_number,
    entropy,
    gini,
    identity_distance,
    mean_over_queries,
    near_binary,
    sparsity,
    top_mass,
)

RNG = np.random.default_rng(1)
MASK = np.arange(6) < np.array([6, 4, 1])[:, None]  # jets of 6, 4 and 1 particles


def patterns(kind: str) -> np.ndarray:
    """Return rows (J, L, H, N, N) of real pairs: "uniform", "one-hot" on the first particle, "identity", "random"."""
    pairs = (MASK[:, :, None] & MASK[:, None, :])[:, None, None]
    shape = (3, 2, 2, 6, 6)
    match kind:
        case "uniform":
            rows = np.broadcast_to(1.0 / MASK.sum(1)[:, None, None, None, None], shape)
        case "one-hot":
            rows = np.broadcast_to(np.eye(6)[0], shape)
        case "identity":
            rows = np.broadcast_to(np.eye(6), shape)
        case _:
            rows = softmax(np.where(pairs, RNG.normal(0, 2, shape), -np.inf).clip(-1e30))
    return (rows * pairs).astype(np.float32)


def expected(*values: float) -> np.ndarray:
    """Return the expectation for the jets, in all layers and heads; it is undefined for the jet of one particle."""
    return np.broadcast_to(np.array([*values, np.nan])[:, None, None], (3, 2, 2))


CLOSED = {
    "uniform": {
        "entropy": (np.log(6), np.log(4)),
        "effective_number": (6, 4),
        "gini": (0, 0),
        "top1": (1 / 6, 1 / 4),
        "topk": (3 / 6, 3 / 4),
        "near_binary": (0, 0),
        "identity_distance": (5 / 6, 3 / 4),
    },
    "one-hot": {
        "entropy": (0, 0),
        "effective_number": (1, 1),
        "gini": (5 / 6, 3 / 4),
        "top1": (1, 1),
        "topk": (1, 1),
        "near_binary": (1, 1),
        "identity_distance": (5 / 6, 3 / 4),
    },
    "identity": {"entropy": (0, 0), "near_binary": (1, 1), "identity_distance": (0, 0)},
}


@pytest.mark.parametrize("kind", CLOSED)
def test_uniform_one_hot_and_identity_in_closed_form(kind):
    actual = sparsity(patterns(kind), MASK, k=3)
    for name, values in CLOSED[kind].items():
        np.testing.assert_allclose(actual[name], expected(*values), atol=1e-6, err_msg=name)


def test_padding_and_the_order_of_keys_change_nothing():
    rows = patterns("random")[0, 0, 0]
    padded = np.pad(rows, ((0, 0), (0, 5)))
    shuffled = RNG.permuted(padded, axis=-1)
    for function in (entropy, effective_number):
        np.testing.assert_allclose(function(shuffled), function(rows), rtol=1e-5)
    for function in (lambda r: gini(r, 6), lambda r: top_mass(r, 2), near_binary):
        np.testing.assert_allclose(function(np.sort(shuffled)), function(np.sort(rows)), rtol=1e-5)


def test_gini_is_the_mean_difference():
    """The other definition of the coefficient is Σ_ij |w_i - w_j| / (2 n² mean)."""
    rows = patterns("random")[0, 1, 1].astype(float)
    differences = np.abs(rows[:, :, None] - rows[:, None, :]).sum((1, 2)) / (2 * 6 * rows.sum(-1))
    np.testing.assert_allclose(gini(np.sort(rows), 6), differences, rtol=1e-6)


def test_identity_distance_is_half_the_sum_of_differences():
    pattern = patterns("random")[0]
    np.testing.assert_allclose(identity_distance(pattern), np.abs(pattern - np.eye(6)).sum(-1) / 2, rtol=1e-5)


def test_top_mass_of_all_keys_is_all():
    rows = np.sort(patterns("random")[0])
    np.testing.assert_allclose(top_mass(rows, 6), 1, rtol=1e-5)
    np.testing.assert_allclose(top_mass(rows, 100), 1, rtol=1e-5)


def test_only_real_queries_count():
    values = np.where(MASK, 1.0, 99.0)[:, None, None] * np.ones((3, 2, 2, 6))
    np.testing.assert_allclose(mean_over_queries(values, MASK), expected(1, 1))


GROUPS = np.array([[0, 0, 1, 1, 1, 2], [0, 1, 1, 2, -1, -1], [0, -1, -1, -1, -1, -1]])


def test_uniform_attention_is_what_shuffled_keys_give():
    pattern = patterns("uniform")
    for actual, chance in (
        inter_fraction(pattern, GROUPS, MASK),
        share_to(pattern, GROUPS == 1, MASK),
    ):
        np.testing.assert_allclose(actual, chance, rtol=1e-5)
    actual, chance = between(pattern, GROUPS, MASK, 3)
    np.testing.assert_allclose(actual, np.broadcast_to(chance[:, None, None], actual.shape), rtol=1e-5)


def test_inter_fraction_counted_by_hand():
    pattern = patterns("random")
    actual, chance = inter_fraction(pattern, GROUPS, MASK)
    others = pattern[0, 1, 0] * (1 - np.eye(6))
    apart = GROUPS[0][:, None] != GROUPS[0][None, :]
    assert actual[0, 1, 0] == pytest.approx((others * apart).sum() / others.sum(), rel=1e-5)
    probability = apart.sum(1) / 5
    assert chance[0, 1, 0] == pytest.approx((others.sum(1) * probability).sum() / others.sum(), rel=1e-5)
    assert np.isnan(actual[2]).all()


def test_the_shuffled_null_is_the_mean_of_shuffles():
    """The weights of each query are permuted among the other particles many times."""
    pattern = patterns("random")[:1]
    edges = (pattern > 0.1).astype(np.float32)
    for weights in (pattern, edges):
        _, chance = inter_fraction(weights, GROUPS[:1], MASK[:1])
        rows = weights[0][..., ~np.eye(6, dtype=bool)].reshape(2, 2, 6, 5)
        drawn = RNG.permuted(np.broadcast_to(rows, (4000, 2, 2, 6, 5)), axis=-1)
        apart = (GROUPS[0][:, None] != GROUPS[0])[~np.eye(6, dtype=bool)].reshape(6, 5)
        shares = (drawn * apart).sum((-1, -2)) / rows.sum((-1, -2))
        np.testing.assert_allclose(chance[0], shares.mean(0), atol=5 * shares.std() / 4000**0.5)


def test_attention_to_itself_does_not_count():
    actual, _ = inter_fraction(patterns("identity"), GROUPS, MASK)
    assert np.isnan(actual).all()
    lone, _ = between(patterns("uniform"), GROUPS, MASK, 3)
    assert np.isnan(lone[0, :, :, 2, 2]).all()  # a group of one has no other member to attend to


def test_what_a_species_gives_adds_up():
    actual, chance = between(patterns("random"), GROUPS, MASK, 3)
    np.testing.assert_allclose(np.nansum(actual[0], -1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.nansum(chance[0], -1), 1, rtol=1e-5)


def test_all_attention_on_the_chosen_is_a_share_of_one():
    pattern = patterns("one-hot")
    chosen = np.zeros_like(MASK)
    chosen[:, 0] = True
    actual, chance = share_to(pattern, chosen, MASK)
    np.testing.assert_allclose(actual[:2], 1, rtol=1e-6)
    np.testing.assert_allclose(chance[0], 1 / 5, rtol=1e-6)
    assert np.isnan(share_to(pattern, np.zeros_like(MASK), MASK)[0]).all()
