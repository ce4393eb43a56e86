"""The faithfulness of attributions, measured by changing the jet and evaluating the model again.

Shapes: N particles, T fractions of the particles, O orders of them, M attributions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from torch import Tensor

from part.analysis.attribution.task import AttributionTask

FRACTIONS = np.linspace(0, 1, 11)  # of the particles without the last one, which always remains
REMOVALS = 64  # random sets of particles that are left out for the infidelity
RADIUS, PERTURBATIONS = 0.02, 4  # of the inputs, for the sensitivity
SEED = 20


@dataclass(frozen=True, eq=False)
class FaithfulnessCurves:
    """Deletion and insertion curves: the probability of the class, in a contrast p/(p + p'), along `FRACTIONS`.

    Deletion removes the particles in the given order; insertion starts with the first alone and adds the others. In a
    good order the deletion curve falls early and the insertion curve rises early.

    Parameters
    ----------
    deletion, insertion : ndarray (O, T)
    """

    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> np.ndarray:
        """The area (O,) below the deletion curve, between 0 and 1; small for a good order."""
        return np.trapezoid(self.deletion, FRACTIONS, axis=1)

    @property
    def insertion_area(self) -> np.ndarray:
        """The area (O,) below the insertion curve, between 0 and 1; large for a good order."""
        return np.trapezoid(self.insertion, FRACTIONS, axis=1)


def faithfulness_curves(task: AttributionTask, orders: np.ndarray) -> FaithfulnessCurves:
    """Compute deletion and insertion curves (arXiv:1806.07421).

    `AttributionTask.value_of_subset` says what leaving particles out means; one particle always remains.

    Parameters
    ----------
    task : AttributionTask
    orders : ndarray (O, N)
        Indices of the particles, the most important first.
    """
    rank = np.argsort(orders, axis=1)[:, None]  # (O, 1, N)
    moved = np.rint(FRACTIONS * (len(task) - 1))[:, None]  # (T, 1)
    subsets = np.concatenate((rank >= moved, rank < 1 + moved), 1)
    with torch.no_grad():
        values = task.value_of_subset(_tensor(subsets.reshape(-1, len(task)), task)).sigmoid()
    deletion, insertion = np.split(values.double().cpu().numpy().reshape(len(orders), -1), 2, axis=1)
    return FaithfulnessCurves(deletion, insertion)


def random_orders(count: int, n: int) -> np.ndarray:
    """Return random orders (count, n), the same at each call."""
    return np.random.default_rng(SEED).permuted(np.tile(np.arange(n), (count, 1)), axis=1)


def descending_order(values: np.ndarray) -> np.ndarray:
    """Return the indices (..., N) that sort values (..., N) from the largest on; ties keep their order."""
    return np.argsort(-values, axis=-1, kind="stable")


def infidelity(task: AttributionTask, values: np.ndarray) -> np.ndarray:
    """Return the infidelity (M,) of attributions to leaving out random sets of particles (arXiv:1901.09392).

    It is the mean square difference between the summed attributions of what is left out, scaled for the best fit, and
    the change of the target, relative to the mean square of that change: 0 is complete, 1 tells nothing.

    Parameters
    ----------
    task : AttributionTask
    values : ndarray (M, N)
    """
    generator = np.random.default_rng(SEED)
    shares = generator.uniform(0.05, 0.95, (REMOVALS, 1))
    removed = _tensor(generator.random((REMOVALS, len(task))) < shares, task)

    def perturb(subsets: Tensor) -> tuple[Tensor, Tensor]:
        repeated = removed.repeat(len(subsets) // REMOVALS, 1)
        return repeated, subsets - repeated

    subsets = torch.ones(len(values), len(task), device=task.x.device)
    # The attributions are scaled to a common size, which does not matter here, so that squares do not underflow.
    size = np.abs(values).max(1, keepdims=True)
    scaled = _tensor(np.divide(values, size, out=np.zeros(values.shape), where=size > 0), task)
    missed = captum_infidelity(
        task.value_of_subset, perturb, subsets, scaled, n_perturb_samples=REMOVALS, normalize=True
    )
    with torch.no_grad():
        change = (task.value - task.value_of_subset(1 - removed)).double().square().mean()
    return (missed.double() / change).clamp(0, 1).cpu().numpy()


def sensitivity(task: AttributionTask, method: Callable[[AttributionTask], np.ndarray]) -> float:
    """Return the largest change of an attribution, relative to its length, over inputs that move by up to 0.02.

    Parameters
    ----------
    task : AttributionTask
        Its four-momenta do not change.
    method : callable
        From a task to its attribution (N,).

    References
    ----------
    arXiv:1901.09392
    """

    def explain(inputs: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        variations = inputs[0] if isinstance(inputs, tuple) else inputs
        return (torch.stack([_tensor(method(task.with_inputs(x[None])), task) for x in variations]),)

    with torch.random.fork_rng([]):
        torch.manual_seed(SEED)
        return float(sensitivity_max(explain, task.x, perturb_radius=RADIUS, n_perturb_samples=PERTURBATIONS))


def agreement(values: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlations (M, M) of attributions of one jet, M times (N,); NaN for a constant one."""
    ranks = np.stack([_ranks(v) for v in values])
    ranks -= ranks.mean(1, keepdims=True)
    products = ranks @ ranks.T
    length = np.sqrt(np.diag(products))
    with np.errstate(invalid="ignore"):
        return products / np.outer(length, length)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 0 for the smallest value; equal values share their mean rank."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[group]


def _tensor(array: np.ndarray, task: AttributionTask) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32, device=task.x.device)
