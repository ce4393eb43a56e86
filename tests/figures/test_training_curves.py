"""The curves of a training show its log."""

import numpy as np
import pytest

from part.figures.plotly.training_curves import draw_loss, draw_metric
from part.figures.training_curves import MAX_POINTS, running_mean, training_curves


def log(steps: int, epochs: int) -> dict[str, np.ndarray]:
    """A row a step with its loss, 1/(1 + step), and at each epoch's end a row with its metrics."""
    nan = np.full(epochs, np.nan)
    ends = (np.arange(epochs) + 1) * steps // max(epochs, 1) - 1
    step = np.arange(steps)
    none = np.full(steps, np.nan)
    return {
        "step": np.concatenate((step, ends)).astype(float),
        "epoch": np.concatenate((step * epochs // steps, np.arange(epochs))).astype(float),
        "train_loss_step": np.concatenate((1 / (1 + step), nan)),
        "val_loss": np.concatenate((none, 1 / (1 + ends))),
        "val_accuracy": np.concatenate((none, 0.5 + 0.1 * np.arange(epochs))),
        "val_auc": np.concatenate((none, 0.9 + 0.01 * np.arange(epochs))),
    }


def test_losses_and_metrics_stand_at_their_steps_and_epochs():
    curves = training_curves(log(60, 3))
    assert curves.window == 3
    np.testing.assert_array_equal(curves.steps, np.arange(60) + 1)
    np.testing.assert_allclose(curves.loss, 1 / curves.steps)
    np.testing.assert_array_equal(curves.epochs, [1, 2, 3])
    np.testing.assert_array_equal(curves.val_steps, [20, 40, 60])
    np.testing.assert_allclose(curves.val_loss, 1 / curves.val_steps)
    figure = draw_loss(curves, "light", 200)
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == [
        "training, mean of 3",
        "validation",
    ]
    np.testing.assert_allclose(figure.data[1].y, curves.mean)
    np.testing.assert_allclose(draw_metric(curves, "accuracy", "dark", 200).data[0].y, [0.5, 0.6, 0.7])


def test_the_running_mean_is_that_of_the_neighbours():
    values = np.random.default_rng(0).normal(size=20)
    for window in (1, 5, 41):
        mean = running_mean(values, window)
        for i in range(20):
            assert mean[i] == pytest.approx(values[max(0, i - window // 2) : i + window // 2 + 1].mean())


def test_long_runs_are_thinned():
    curves = training_curves(log(10 * MAX_POINTS + 1, 3))
    assert MAX_POINTS // 2 < len(curves.steps) <= MAX_POINTS
    assert len(curves.epochs) == 3


@pytest.mark.parametrize(("steps", "epochs"), [(0, 0), (1, 0), (1, 1)])
def test_few_points_or_none_can_be_drawn(steps, epochs):
    curves = training_curves(log(steps, epochs))
    figure = draw_loss(curves, "light", 200)
    assert len(figure.data[1].x) == steps
    assert "markers" in figure.data[1].mode or steps != 1
    assert len(draw_metric(curves, "auc", "light", 200).data[0].x) == epochs
