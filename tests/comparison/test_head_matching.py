"""Heads matched by what they attend to: permuted heads are found again, shuffled keys are like nothing."""

import numpy as np
import pytest

from part.comparison.head_matching import HeadMatcher

JETS, N = 60, 14


@pytest.fixture(scope="module")
def sample():
    """Patterns (J, 2, 3, N, N) of six heads, the mask (J, N), and the halves (J,)."""
    rng = np.random.default_rng(0)
    mask = np.arange(N) < rng.integers(6, N + 1, JETS)[:, None]
    weights = rng.random((JETS, 2, 3, N, N)) ** 6 * mask[:, None, None, None]
    pattern = weights / weights.sum(-1, keepdims=True) * mask[:, None, None, :, None]
    return pattern, mask, np.arange(JETS) % 2


def matching(first, other, mask, half):
    matcher = HeadMatcher(first.shape[1:3], other.shape[1:3])
    for rows in np.array_split(np.arange(len(mask)), 4):
        matcher.add(first[rows], other[rows], mask[rows], half[rows])
    return matcher.result()


def with_shuffled_keys(pattern, mask, seed):
    rng, shuffled = np.random.default_rng(seed), pattern.copy()
    for jet, n in enumerate(mask.sum(1)):
        shuffled[jet, ..., :n, :n] = rng.permuted(pattern[jet, ..., :n, :n], axis=-1)
    return shuffled


def test_permuted_heads_are_found_again(sample):
    pattern, mask, half = sample
    order = np.array([4, 0, 5, 2, 1, 3])
    permuted = pattern.reshape(JETS, 6, N, N)[:, order].reshape(pattern.shape)
    result = matching(pattern, permuted, mask, half)
    np.testing.assert_array_equal(order[result.match], np.arange(6))
    value, half_width = result.best
    np.testing.assert_allclose(value, 1)
    np.testing.assert_allclose(half_width, 0, atol=1e-7)
    assert (result.similarity[np.arange(6), result.runner_up] < 0.2).all()
    assert result.is_distinct.all()
    assert result.is_in_place.tolist() == [order[r] == r for r in range(6)]
    row = result.rows()[0]
    assert (row["layer"], row["head"], row["match_layer"], row["match_head"]) == (1, 1, 1, 2)
    assert result.jets == JETS


def test_a_mixture_is_as_similar_as_its_share_says(sample):
    """Of heads whose attention is independent, a + b correlates with a by 1 / sqrt(2), if both are equally sharp."""
    pattern, mask, half = sample
    flat = pattern.reshape(JETS, 6, N, N)
    mixed = ((flat[:, :1] + flat[:, 1:2]) / 2)[:, None]
    result = matching(mixed, pattern, mask, half)
    assert result.match[0] in (0, 1)
    assert result.similarity[0, :2] == pytest.approx(2**-0.5, abs=0.05)
    assert np.abs(result.similarity[0, 2:]).max() < 0.1
    assert not result.is_distinct[0]  # both are as near


def test_shuffled_keys_scatter_around_zero_as_their_variance_says(sample):
    pattern, mask, half = sample
    result = matching(pattern, with_shuffled_keys(pattern, mask, 1), mask, half)
    z = result.similarity / result.shuffled_error[:, None]  # heads are about equally sharp
    assert np.abs(z).max() < 4
    assert z.std() == pytest.approx(1, abs=0.3)


def test_of_twenty_samples_with_shuffled_keys_few_have_a_head_that_is_like_its_match(sample):
    pattern, mask, half = sample
    tries = [matching(pattern, with_shuffled_keys(pattern, mask, seed), mask, half) for seed in range(20)]
    assert sum(result.is_like.any() for result in tries) <= 4  # 1 is expected; 5 and more have a probability of 0.3 %


def test_uniform_heads_have_no_match_and_shapes_may_differ(sample):
    pattern, mask, half = sample
    uniform = np.broadcast_to(mask[:, None, None, None] / mask.sum(1)[:, None, None, None, None], (JETS, 1, 2, N, N))
    result = matching(uniform, pattern, mask, half)
    assert result.match.tolist() == [-1, -1]
    assert np.isnan(result.best[0]).all()
    assert not result.is_like.any()
    assert result.runner_up.tolist() == [-1, -1]
    assert [row["match_head"] for row in result.rows()] == [None, None]
    assert matching(pattern, uniform[:, :, :1], mask, half).similarity.shape == (6, 1)


def test_a_jet_of_one_particle_counts_for_nothing(sample):
    pattern, mask, half = sample
    single = np.zeros((2, *pattern.shape[1:])), np.arange(N) < np.ones((2, 1))
    single[0][..., 0, 0] = 1
    both = matching(
        *(np.concatenate((p, single[0])) for p in (pattern, pattern)),
        np.concatenate((mask, single[1])),
        np.concatenate((half, [0, 1])),
    )
    np.testing.assert_allclose(both.similarity, matching(pattern, pattern, mask, half).similarity, rtol=1e-9)
