"""How far attributions can be believed: the jet is changed, and the model asked again.

Shapes: N particles, T fractions of the particles, O orders of them, M attributions, S samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from torch import Tensor

from part.analysis.attribution.explained import Explained

FRACTIONS = np.linspace(0, 1, 11)  # of the particles but the last one, which always stays
REMOVALS = 64  # random sets of particles that are left out for the infidelity
RADIUS, PERTURBATIONS = 0.02, 4  # of the inputs, for the sensitivity
SEED = 20


@dataclass(frozen=True, eq=False)
class Curves:
    """deletion, insertion (O, T): the probability of the class, in a contrast p/(p + p'), along FRACTIONS.

    Deletion takes the particles out in the given order, insertion begins with the first alone and puts the others
    back. A good order lets the first fall early and the second rise early.
    """

    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> np.ndarray:
        """(O,) between 0 and 1; small for a good order."""
        return np.trapezoid(self.deletion, FRACTIONS, axis=1)

    @property
    def insertion_area(self) -> np.ndarray:
        """(O,) between 0 and 1; large for a good order."""
        return np.trapezoid(self.insertion, FRACTIONS, axis=1)


def curves(jet: Explained, orders: np.ndarray) -> Curves:
    """Deletion and insertion curves (arXiv:1806.07421) for orders (O, N) of the particles, first ones first.

    What leaving particles out means is in `Explained.of_kept`; one particle always stays.
    """
    rank = np.argsort(orders, axis=1)[:, None]  # (O, 1, N)
    moved = np.rint(FRACTIONS * (len(jet) - 1))[:, None]  # (T, 1)
    kept = np.concatenate((rank >= moved, rank < 1 + moved), 1)
    with torch.no_grad():
        answers = jet.of_kept(_tensor(kept.reshape(-1, len(jet)), jet)).sigmoid()
    deletion, insertion = np.split(answers.double().cpu().numpy().reshape(len(orders), -1), 2, axis=1)
    return Curves(deletion, insertion)


def random_orders(count: int, n: int) -> np.ndarray:
    """(count, n), the same ones each time."""
    return np.random.default_rng(SEED).permuted(np.tile(np.arange(n), (count, 1)), axis=1)


def order_of(values: np.ndarray) -> np.ndarray:
    """Particles by falling attribution: values (..., N) -> (..., N). Of equal ones the first comes first."""
    return np.argsort(-values, axis=-1, kind="stable")


def infidelity(jet: Explained, values: np.ndarray) -> np.ndarray:
    """Infidelity (arXiv:1901.09392) of attributions (M, N) to leaving out random sets of particles -> (M,).

    The mean square by which the sum of the attributions of what is left out misses the change of the target, with
    the attributions scaled as fits best, over the mean square of that change: 0 if they tell it all, 1 if nothing.
    """
    generator = np.random.default_rng(SEED)
    shares = generator.uniform(0.05, 0.95, (REMOVALS, 1))
    removed = _tensor(generator.random((REMOVALS, len(jet))) < shares, jet)

    def perturb(kept: Tensor) -> tuple[Tensor, Tensor]:
        these = removed.repeat(len(kept) // REMOVALS, 1)
        return these, kept - these

    kept = torch.ones(len(values), len(jet), device=jet.x.device)
    # Scaled to a common size: their own does not matter, and squares of tiny ones would be none.
    size = np.abs(values).max(1, keepdims=True)
    scaled = _tensor(np.divide(values, size, out=np.zeros(values.shape), where=size > 0), jet)
    missed = captum_infidelity(jet.of_kept, perturb, kept, scaled, n_perturb_samples=REMOVALS, normalize=True)
    with torch.no_grad():
        change = (jet.value - jet.of_kept(1 - removed)).double().square().mean()
    return (missed.double() / change).clamp(0, 1).cpu().numpy()


def sensitivity(jet: Explained, method: Callable[[Explained], np.ndarray]) -> float:
    """Largest change of an attribution (N,), over its length, when all inputs move by up to 0.02 (arXiv:1901.09392).

    method: from a jet to the attribution; the four-momenta stay.
    """

    def explain(inputs: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        several = inputs[0] if isinstance(inputs, tuple) else inputs
        return (torch.stack([_tensor(method(jet.with_inputs(x[None])), jet) for x in several]),)

    with torch.random.fork_rng([]):
        torch.manual_seed(SEED)
        found = sensitivity_max(explain, jet.x, perturb_radius=RADIUS, n_perturb_samples=PERTURBATIONS)
    return float(found)


def agreement(values: Sequence[np.ndarray]) -> np.ndarray:
    """Spearman's rank correlations of attributions of one jet, M times (N,) -> (M, M); nan for one without order."""
    ranks = np.stack([_ranks(v) for v in values])
    ranks -= ranks.mean(1, keepdims=True)
    products = ranks @ ranks.T
    length = np.sqrt(np.diag(products))
    with np.errstate(invalid="ignore"):
        return products / np.outer(length, length)


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 0 for the smallest; equal ones share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[group]


def _tensor(array: np.ndarray, jet: Explained) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32, device=jet.x.device)
