"""Attributions by leaving out particles, by Captum (arXiv:2009.07896).

Shapes: N particles, S orders of them.
"""

import numpy as np
import torch
from captum.attr import FeatureAblation, ShapleyValueSampling
from torch import Tensor

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
    ablation = FeatureAblation(task.value_of_subset)
    values = ablation.attribute(_all_particles(task), 0.0, perturbations_per_eval=task.batch_size)
    return Attribution("occlusion", to_numpy(values[0]))


def shapley(task: AttributionTask, permutations: int = PERMUTATIONS) -> Attribution:
    """Compute the Shapley values of the particles: their marginal contributions, averaged over random orders.

    References
    ----------
    J. Castro, D. Gómez and J. Tejada, doi:10.1016/j.cor.2008.04.004
    """
    return shapley_from_contributions(
        task, np.stack([marginal_contributions(task, number) for number in range(permutations)])
    )


def marginal_contributions(task: AttributionTask, number: int) -> np.ndarray:
    """Return by how much the target rises (N,) as each particle joins those before it in random order `number`.

    The contributions sum to the target of the jet minus that of no particles, and so does their mean over orders.
    """
    generator = torch.Generator().manual_seed(SEED + number)
    sampling = ShapleyValueSampling(task.value_of_subset)
    sampling.permutation_generator = lambda num_features, num_samples: (
        torch.randperm(num_features, generator=generator).tolist(),
    )
    values = sampling.attribute(_all_particles(task), 0.0, n_samples=1, perturbations_per_eval=task.batch_size)
    return to_numpy(values[0])


def shapley_from_contributions(task: AttributionTask, contributions: np.ndarray) -> Attribution:
    """Return the Shapley values from the marginal contributions (S, N) in S orders."""
    n = len(contributions)
    error = contributions.std(0, ddof=1) / n**0.5 if n > 1 else None
    return Attribution("shapley", contributions.mean(0), error, total=task.value - task.empty_value)


def _all_particles(task: AttributionTask) -> Tensor:
    """Return ones (1, N): one feature for each particle, 0 where it is left out."""
    return torch.ones(1, len(task), device=task.x.device)
