"""q·k against the interaction bias: which of the two decides where a head looks.

Logits are q·k/√d + bias. The softmax does not see what a row of them has in common, so rows are centred over their
real keys before anything is compared, unless said otherwise. Compare arXiv:2512.00210, which finds the ratio of the
two in decades and that the bias, though smaller, changes the strongest key of most particles.
Shapes: J jets, L layers, H heads, Q queries, K keys, R bins of the ratio.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.running_mean import Mean, Moments

DECADES = np.linspace(-4, 4, 33)  # edges of log10 of the ratio; what lies outside counts in the outermost bins


@dataclass(frozen=True, eq=False)
class Shares:
    """Means over jets with their standard errors.

    scores, bias, covariance (L, H): shares of the variance of a row of logits, Var(q·k) / Var(logits),
    Var(bias) / Var(logits) and 2 Cov / Var(logits), which add up to 1; variances over keys, averaged over queries.
    flips (L, H): share of queries whose strongest key is another one without the bias.
    ratio, centred (L, H, R): shares of pairs by log10 |q·k/√d| / |bias|, of both as they are, and of centred rows.
    """

    scores: Mean
    bias: Mean
    covariance: Mean
    flips: Mean
    ratio: Mean
    centred: Mean


class SharesOf:
    """Adds up what blocks of jets give. A jet of one particle has nothing to choose from and does not count."""

    def __init__(self, layers: int, heads: int):
        self._variances, self._flips = Moments((3, layers, heads)), Moments((layers, heads))
        self._ratios = Moments((2, layers, heads, len(DECADES) - 1))

    def add(self, scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> None:
        """scores, bias (J, L, H, Q, K), zero on padding; mask (J, Q)."""
        several = mask.sum(1) > 1
        scores, bias, mask = scores[several], bias[several], mask[several]
        if not len(mask):
            return
        centred = centre(scores, mask), centre(bias, mask)
        self._variances.add(variance_shares(*centred, mask))
        self._flips.add(flips(scores, bias, mask))
        self._ratios.add(np.stack([ratios(scores, bias, mask), ratios(*centred, mask)], 1))

    @property
    def result(self) -> Shares:
        parts = [
            _part(moments.result, i)
            for moments, count in ((self._variances, 3), (self._ratios, 2))
            for i in range(count)
        ]
        return Shares(*parts[:3], self._flips.result, *parts[3:])


def centre(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Values (J, L, H, Q, K) less the mean of their row over real keys; zero on padding."""
    real = (mask[:, :, None] & mask[:, None, :])[:, None, None]
    mean = (values * real).sum(-1, keepdims=True) / mask.sum(1)[:, None, None, None, None]
    return (values - mean) * real


def variance_shares(scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Of centred rows: the shares of q·k, of the bias and of twice their covariance (J, 3, L, H), nan without any."""
    pairs = (mask.sum(1) ** 2)[:, None, None]
    terms = [scores * scores, bias * bias, 2 * scores * bias]
    variances = np.stack([term.sum((-2, -1), dtype=np.float64) / pairs for term in terms], 1)
    total = variances.sum(1, keepdims=True)
    return np.divide(variances, total, out=np.full(variances.shape, np.nan), where=total > 0)


def flips(scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Share of real queries (J, L, H) whose strongest key is another one when the bias is left out of the logits."""
    fence = np.where(mask, 0, -np.inf).astype(np.float32)[:, None, None, None]
    moved = (scores + bias + fence).argmax(-1) != (scores + fence).argmax(-1)
    return (moved & mask[:, None, None]).sum(-1) / mask.sum(1)[:, None, None]


def ratios(scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Shares of a jet's pairs (J, L, H, R) by log10 |q·k| / |bias|, in bins with edges DECADES.

    Pairs of different particles: a particle's distance to itself is 0, of which the features have no logarithm.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log10(np.abs(scores)) - np.log10(np.abs(bias))
    logarithm = np.nan_to_num(logarithm, posinf=DECADES[-1], neginf=DECADES[0])
    bins, width = len(DECADES) - 1, DECADES[1] - DECADES[0]
    level = np.clip(np.floor((logarithm - DECADES[0]) / width), 0, bins - 1).astype(np.int64)
    jets, layers, heads = scores.shape[:3]
    level += bins * np.arange(jets * layers * heads).reshape(jets, layers, heads, 1, 1)
    pairs = mask[:, :, None] & mask[:, None, :] & ~np.eye(mask.shape[1], dtype=bool)
    chosen = level[np.broadcast_to(pairs[:, None, None], level.shape)]
    counts = np.bincount(chosen, minlength=jets * layers * heads * bins).reshape(jets, layers, heads, bins)
    return counts / pairs.sum((1, 2))[:, None, None, None]


def _part(mean: Mean, index: int) -> Mean:
    return Mean(mean.value[index], mean.error[index], mean.jets[index])
