"""How heads settle from epoch to epoch."""

import numpy as np
import pytest

from part.figures.settling import settling_chart


def patterns(*shares: float) -> dict[int, np.ndarray]:
    """Return patterns (2, 3, 40, 40) that are the last one with these weights, and else noise of their own."""
    rng = np.random.default_rng(0)
    noise = rng.random((len(shares), 2, 3, 40, 40)) ** 4
    last = rng.random((2, 3, 40, 40)) ** 4
    mixed = [share * last + (1 - share) * own for share, own in zip(shares, noise, strict=True)]
    return {epoch: rows / rows.sum(-1, keepdims=True) for epoch, rows in enumerate(mixed)}


def test_the_last_epoch_is_like_itself_and_others_are_as_like_as_what_they_share():
    chart = settling_chart(patterns(0.0, 0.5, 1.0))
    assert [series.name for series in chart.series] == ["layer 1", "layer 2"]
    for series in chart.series:
        np.testing.assert_array_equal(series.x, [0, 1, 2])
        assert series.y == pytest.approx([0, 2**-0.5, 1], abs=0.04)
    assert chart.sentence == ""


def test_the_sentence_says_when_all_layers_have_settled():
    chart = settling_chart(patterns(0.0, 0.5, 0.9, 0.95, 1.0))
    assert chart.sentence.startswith("On this jet all layers stay within 0.9 of their last attention from epoch 2 on")


def test_uniform_heads_are_like_nothing():
    flat = {epoch: np.full((1, 1, 4, 4), 0.25) for epoch in range(3)}
    np.testing.assert_array_equal(settling_chart(flat).series[0].y, 0)
