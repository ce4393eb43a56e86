"""Attributions by leaving out particles.

Shapes: N particles, S orders of them.
"""

from collections.abc import Sequence

import numpy as np
import torch

from part.analysis.attribution.gradients import to_numpy
from part.analysis.attribution.task import Attribution, AttributionTask

PERMUTATIONS = 16  # orders of the particles that Shapley values are averaged over
SEED = 20


def occlusion(task: AttributionTask) -> Attribution:
    """Compute occlusion: by how much the target falls without a particle, see `AttributionTask.value_of_subset`.

    References
    ----------
    arXiv:1311.2901
    """
    n = len(task)
    membership = torch.cat((torch.ones(1, n), 1 - torch.eye(n))).to(task.x.device)
    values = to_numpy(task.value_of_subset(membership))
    return Attribution("occlusion", values[0] - values[1:])


def shapley(task: AttributionTask, permutations: int = PERMUTATIONS) -> Attribution:
    """Compute the Shapley values of the particles: their marginal contributions, averaged over random orders.

    References
    ----------
    J. Castro, D. Gómez and J. Tejada, doi:10.1016/j.cor.2008.04.004
    """
    return shapley_from_contributions(task, _contributions(task, range(permutations)))


def marginal_contributions(task: AttributionTask, number: int) -> np.ndarray:
    """Return by how much the target rises (N,) as each particle joins those before it in random order `number`.

    The contributions sum to the target of the jet minus that of no particles, and so does their mean over orders.
    """
    return _contributions(task, [number])[0]


def _contributions(task: AttributionTask, numbers: Sequence[int]) -> np.ndarray:
    """Return the marginal contributions (S, N) in random orders of these numbers, all evaluated together."""
    n = len(task)
    orders = [torch.randperm(n, generator=torch.Generator().manual_seed(SEED + number)) for number in numbers]
    ranks = torch.stack([order.argsort() for order in orders])
    joined = (ranks[:, None] < torch.arange(n + 1)[:, None]).float()  # (S, N + 1, N): of the first 0 to N particles
    values = to_numpy(task.value_of_subset(joined.flatten(0, 1).to(task.x.device))).reshape(len(orders), n + 1)
    return np.take_along_axis(np.diff(values, axis=1), ranks.numpy(), 1)


def shapley_from_contributions(task: AttributionTask, contributions: np.ndarray) -> Attribution:
    """Return the Shapley values from the marginal contributions (S, N) in S orders."""
    n = len(contributions)
    error = contributions.std(0, ddof=1) / n**0.5 if n > 1 else None
    return Attribution("shapley", contributions.mean(0), error, total=task.value - task.empty_value)
