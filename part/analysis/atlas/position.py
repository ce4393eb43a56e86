"""How much of a head's attention depends on the rank of the key alone.

Attention is taken relative to 1 / N, so that jets of different length compare. The mean over jets and queries by the
rank of the key is a prediction without any physics of the jet; the share of the variance that it explains is measured
on jets which did not enter the mean, fold by fold.
Shapes: J jets, R heads, N tokens, F folds, P ranks.
"""

import numpy as np

FOLDS = 10
RANKS = 256  # longer jets share the last rank


class Position:
    """The sums of attention by rank in each fold, for R heads."""

    def __init__(self, heads: int):
        self._count = np.zeros((FOLDS, RANKS))
        self._sum = np.zeros((FOLDS, heads, RANKS))
        self._squares = np.zeros((FOLDS, heads))

    def add(self, pattern: np.ndarray, mask: np.ndarray, hashes: np.ndarray) -> None:
        """Add the patterns (J, R, N, N) of jets, whose folds are the last digits of their hashes (J,)."""
        n, fold = mask.sum(1), hashes % FOLDS
        rank = np.minimum(np.arange(mask.shape[1]), RANKS - 1)
        # Relative attention is n w; a jet counts as one, so that each of its n² pairs weighs 1 / n².
        by_key = pattern.sum(2) / n[:, None, None]  # (J, R, N), the sum over queries of n w / n²
        squares = np.square(pattern).sum((2, 3))
        for jet, f in enumerate(fold):
            np.add.at(self._count[f], rank, mask[jet] / n[jet])
            np.add.at(self._sum[f].T, rank, by_key[jet].T)
            self._squares[f] += squares[jet]

    def merge(self, other: "Position") -> None:
        """Add the sums of other jets."""
        self._count, self._sum = self._count + other._count, self._sum + other._sum
        self._squares = self._squares + other._squares

    def explained(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of the variance that the rank explains (R,) and its standard error over folds."""
        shares = []
        for fold in np.flatnonzero(self._count.sum(1)):
            count, total = self._count.sum(0) - self._count[fold], self._sum.sum(0) - self._sum[fold]
            mean = np.divide(total, count, out=np.ones_like(total), where=count > 0)
            own_count, own_sum, squares = self._count[fold], self._sum[fold], self._squares[fold]
            residual = squares + (mean * (mean * own_count - 2 * own_sum)).sum(1)
            variance = squares - 2 * own_sum.sum(1) + own_count.sum()
            defined = variance > 1e-9 * own_count.sum()  # a uniform head has none
            share = 1 - np.divide(residual, variance, out=np.full(len(residual), np.nan), where=defined)
            shares.append(share)
        folds = np.array(shares)
        undefined = np.full(folds.shape[1:], np.nan)
        error = folds.std(0, ddof=1) / len(folds) ** 0.5 if len(folds) > 1 else undefined
        return folds.mean(0), error
