"""Names of features: what holds is found on one half of the jets and tested on the other, chance is not."""

import numpy as np
import pytest

from part.analysis.dictionary.names import Preferences, find_names, relative_entropy
from part.analysis.dictionary.properties import OF_TOKENS, PROPERTIES, TITLES

K = len(PROPERTIES)


def preferences(share: np.ndarray, null: np.ndarray, error: float = 0.01) -> Preferences:
    """Return the preferences of features (2, M, K) with an error for all."""
    errors = np.full(share.shape, error)
    return Preferences(share, np.broadcast_to(null, share.shape), errors, errors).with_small_ends()


def at_chance(features: int) -> tuple[np.ndarray, np.ndarray]:
    null = np.full(K, 0.4)
    null[len(OF_TOKENS) :] = 0.5
    return np.tile(null, (2, features, 1)), null


def test_of_two_properties_that_hold_the_rarer_one_is_the_name():
    share, null = at_chance(4)
    photon, neutral = PROPERTIES.index("photon"), PROPERTIES.index("neutral")
    null[photon], null[neutral] = 0.3, 0.5
    share[:, 0, [photon, neutral]] = 0.98
    share[:, 1, PROPERTIES.index("ΔR")] = 0.1  # a low rank
    share[0, 2, photon] = 0.98  # on the first half alone
    share[:, 3, photon] = 0.5  # too little
    names = find_names(preferences(share, null), 0.5)
    assert [TITLES[n] if n >= 0 else "" for n in names] == ["photons", "small ΔR", "", ""]
    assert (find_names(preferences(share, null, error=0.5), 0.5) < 0).all()


def test_effects_are_relative_to_what_is_possible():
    share, null = at_chance(3)
    share[:, 0, 0], share[:, 1, 0], share[:, 2, 0] = 1.0, 0.0, 0.7
    effect = preferences(share, null).effect[1]
    np.testing.assert_allclose(effect[:, 0], [1, -1, 0.5])
    np.testing.assert_allclose(effect[0, 1:], 0, atol=1e-12)


def test_chance_gets_no_name():
    """A hundred features of noise, whose errors are right."""
    rng, (share, null) = np.random.default_rng(0), at_chance(100)
    noisy = share + rng.normal(0, 0.2, share.shape)
    assert (find_names(preferences(noisy, null, error=0.2), 0.2) >= 0).sum() == 0


def test_relative_entropy_is_that_of_two_coins():
    assert relative_entropy(np.array(0.5), np.array(0.5)) == pytest.approx(0)
    assert relative_entropy(np.array(1.0), np.array(0.25)) == pytest.approx(np.log(4))
    assert relative_entropy(np.array(0.0), np.array(0.25)) == pytest.approx(np.log(4 / 3))
    assert relative_entropy(np.array(0.9), np.array(0.5)) == pytest.approx(0.9 * np.log(1.8) + 0.1 * np.log(0.2))
