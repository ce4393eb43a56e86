"""The name of a head: the hypothesis with the largest effect, if it holds on jets on which it was not chosen.

Shapes: R sources, K hypotheses, G groups of jets.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from part.analysis.atlas.effects import Effects

LEVEL = 0.05  # of a false claim among all
EXCESS = 0.1  # the least share of attention beyond chance that a head with a name has
FEW = 20  # jets of a class below which nothing is said about it


@dataclass(frozen=True)
class HeadName:
    """The hypothesis that holds for a head.

    Attributes
    ----------
    hypothesis : int
        Its place among the hypotheses.
    share, null : float
        The mean attention on its keys and on shuffled ones, on the half of the jets that tests.
    effect : float
        How far the share is from null (0) to all attention (1).
    classes_with, classes : int
        In how many of the classes with FEW jets and more it is significant, too.
    """

    hypothesis: int
    share: float
    null: float
    effect: float
    classes_with: int
    classes: int


def find_names(effects: Effects, untrained: np.ndarray | None, least: float) -> tuple[HeadName | None, ...]:
    """Return the name of each source, or None.

    A name is the hypothesis with the largest effect on the first half of the jets. On the second half its effect must
    be at least `least` and its excess at least EXCESS, above the largest one of untrained weights (K,), and
    significant at 5 % for all sources and hypotheses together (Bonferroni).
    """
    effect, n_sources = effects.effect, effects.excess.shape[1]
    bounds = np.full(effect.shape[2], least) if untrained is None else np.maximum(untrained, least)
    z = deviations(effects.excess, effects.error)
    needed = _threshold(effects.excess[0].size)
    n_classes = max(effect.shape[0] - 2, 1)
    names: list[HeadName | None] = []
    for r in range(n_sources):
        chosen = np.where(np.isfinite(effect[0, r]), effect[0, r], -np.inf)
        k = int(chosen.argmax())
        holds = effect[1, r, k] >= bounds[k] and effects.excess[1, r, k] >= EXCESS and z[1, r, k] > needed
        if not (np.isfinite(chosen[k]) and holds):
            names.append(None)
            continue
        counted = effects.jets[2:, k] >= FEW
        significant = counted & (z[2:, r, k] > _threshold(n_classes))
        share, null = effects.share[1, r, k], effects.null[1, r, k]
        names.append(
            HeadName(k, float(share), float(null), float(effect[1, r, k]), int(significant.sum()), int(counted.sum()))
        )
    return tuple(names)


def deviations(excess: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return how many standard errors an excess is above 0; -inf where it is not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(error > 0, excess / error, np.where(excess > 0, np.inf, -np.inf))
    return np.where(np.isfinite(excess) & np.isfinite(error), z, -np.inf)


def _threshold(comparisons: int) -> float:
    """Return the deviation that none of so many comparisons exceeds by chance with a probability of 1 - LEVEL."""
    return NormalDist().inv_cdf(1 - LEVEL / comparisons)
