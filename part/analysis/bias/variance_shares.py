"""q·k against the interaction bias: which of the two decides where a head attends.

Logits are q·k/√d + bias. The softmax ignores a constant in a row of logits, so rows are centred over their real keys
before they are compared, unless said otherwise. Compare arXiv:2512.00210, which finds that the two differ by decades
and that the bias, though smaller, changes the strongest key of most particles.
Shapes: J jets, L layers, H heads, Q queries, K keys, R bins of the ratio.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.running_mean import Mean, RunningMean

DECADES = np.linspace(-4, 4, 33)  # edges of log10 of the ratio; values outside count in the outermost bins


@dataclass(frozen=True, eq=False)
class VarianceShares:
    """Means over jets with their standard errors.

    Attributes
    ----------
    scores, bias, covariance : Mean (L, H)
        Shares of the variance of a row of logits, Var(q·k) / Var(logits), Var(bias) / Var(logits) and
        2 Cov / Var(logits), which add up to 1. Variances are over keys and averaged over queries.
    flips : Mean (L, H)
        Share of queries whose strongest key changes without the bias.
    ratio, centred : Mean (L, H, R)
        Shares of pairs by log10 |q·k/√d| / |bias|, of the unchanged and of the centred rows.
    """

    scores: Mean
    bias: Mean
    covariance: Mean
    flips: Mean
    ratio: Mean
    centred: Mean


class VarianceShareAccumulator:
    """Sums over batches of jets. A jet of one particle has a single key and does not count."""

    def __init__(self, layers: int, heads: int):
        self._variances, self._flips = RunningMean((3, layers, heads)), RunningMean((layers, heads))
        self._ratios = RunningMean((2, layers, heads, len(DECADES) - 1))

    def add(self, scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> None:
        """Add scores and bias (J, L, H, Q, K), zero on padding, with their mask (J, Q)."""
        several = mask.sum(1) > 1
        scores, bias, mask = scores[several], bias[several], mask[several]
        if not len(mask):
            return
        centred = centre(scores, mask), centre(bias, mask)
        self._variances.add(variance_shares(*centred, mask))
        self._flips.add(flips(scores, bias, mask))
        self._ratios.add(np.stack([ratios(scores, bias, mask), ratios(*centred, mask)], 1))

    def merge(self, other: "VarianceShareAccumulator") -> None:
        """Add the sums of other jets."""
        self._variances.merge(other._variances)
        self._flips.merge(other._flips)
        self._ratios.merge(other._ratios)

    @property
    def result(self) -> VarianceShares:
        means = [
            _component(running.result, i)
            for running, count in ((self._variances, 3), (self._ratios, 2))
            for i in range(count)
        ]
        return VarianceShares(*means[:3], self._flips.result, *means[3:])


def centre(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return values (J, L, H, Q, K) minus the mean of their row over real keys; zero on padding."""
    real = (mask[:, :, None] & mask[:, None, :])[:, None, None]
    mean = (values * real).sum(-1, keepdims=True) / mask.sum(1)[:, None, None, None, None]
    return (values - mean) * real


def variance_shares(scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the variance shares of q·k, bias and twice their covariance (J, 3, L, H) for centred rows."""
    pairs = (mask.sum(1) ** 2)[:, None, None]
    terms = [scores * scores, bias * bias, 2 * scores * bias]
    variances = np.stack([term.sum((-2, -1), dtype=np.float64) / pairs for term in terms], 1)
    total = variances.sum(1, keepdims=True)
    return np.divide(variances, total, out=np.full(variances.shape, np.nan), where=total > 0)


def flips(scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the share of real queries (J, L, H) whose strongest key changes when the logits lose the bias."""
    mask_logits = np.where(mask, 0, -np.inf).astype(np.float32)[:, None, None, None]
    flipped = (scores + bias + mask_logits).argmax(-1) != (scores + mask_logits).argmax(-1)
    return (flipped & mask[:, None, None]).sum(-1) / mask.sum(1)[:, None, None]


def ratios(scores: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the shares of a jet's pairs (J, L, H, R) by log10 |q·k| / |bias|, in bins with edges DECADES.

    Only pairs of different particles count: the distance of a particle to itself is 0, which has no logarithm.
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


def _component(mean: Mean, index: int) -> Mean:
    return Mean(mean.value[index], mean.error[index], mean.jets[index])
