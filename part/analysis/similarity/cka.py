"""Linear CKA (arXiv:1905.00414) from sums over a stream, with the debiased estimator of arXiv:2010.15327.

For centred rows x_i and y_i, CKA is |XᵀY|² / (|XᵀX| |YᵀY|) in Frobenius norms. The debiased estimator leaves the
products of a row with itself out of the kernels XXᵀ and YYᵀ (Song et al., 2012), which would make independent
representations similar where there are few rows. Both are functions of sums over rows.
Shapes: n rows, R read-outs, D channels of all read-outs together, J jets.
"""

from collections.abc import Sequence

import numpy as np

LEAST_ROWS = 4  # of the debiased estimator


class ProductSums:
    """Sums of products of several read-outs of the same rows.

    Parameters
    ----------
    widths : sequence of int
        The channels of each read-out.
    """

    def __init__(self, widths: Sequence[int]):
        self.ends = np.cumsum([0, *widths])
        d, r = int(self.ends[-1]), len(widths)
        self.n, self.total, self.products = 0, np.zeros(d), np.zeros((d, d))
        self.norms, self.weighted = np.zeros((r, r)), np.zeros((d, r))

    def add(self, rows: np.ndarray) -> None:
        """Add rows (n, D)."""
        rows = rows.astype(np.float64)
        squares = np.add.reduceat(rows**2, self.ends[:-1], axis=1)
        self.n += len(rows)
        self.total += rows.sum(0)
        self.products += rows.T @ rows
        self.norms += squares.T @ squares
        self.weighted += rows.T @ squares

    def merge(self, other: "ProductSums") -> None:
        """Add the sums of other rows."""
        for name in ("n", "total", "products", "norms", "weighted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def covariance(self) -> np.ndarray:
        """The products of centred rows (D, D)."""
        return self.products - np.outer(self.total, self.total) / max(self.n, 1)

    def similarity(self) -> np.ndarray:
        """Return the debiased CKA of all pairs of read-outs (R, R); NaN for a read-out that is constant."""
        r = len(self.ends) - 1
        hsic = np.array([[self._hsic(a, b) for b in range(r)] for a in range(r)])
        return _normalised(hsic)

    def plain_similarity(self) -> np.ndarray:
        """Return CKA without the correction (R, R)."""
        return _normalised(_squares_of_blocks(self.covariance, self.ends))

    def _hsic(self, a: int, b: int) -> float:
        """Return the unbiased estimate of HSIC of two read-outs, from kernels without their diagonals."""
        n = self.n
        if n < LEAST_ROWS:
            return np.nan
        of_a, of_b = (slice(*self.ends[i : i + 2]) for i in (a, b))
        sum_a, sum_b = self.total[of_a], self.total[of_b]
        own_a, own_b = (float(np.trace(self.products[s, s])) for s in (of_a, of_b))
        norms = float(self.norms[a, b])
        trace = float((self.products[of_a, of_b] ** 2).sum()) - norms
        all_a, all_b = float(sum_a @ sum_a) - own_a, float(sum_b @ sum_b) - own_b
        between = float(sum_a @ self.products[of_a, of_b] @ sum_b) + norms
        between -= float(sum_a @ self.weighted[of_a, b]) + float(sum_b @ self.weighted[of_b, a])
        return (trace + all_a * all_b / ((n - 1) * (n - 2)) - 2 * between / (n - 2)) / (n * (n - 3))


class Influences:
    """The influence of each jet on CKA, summed to its standard error (the infinitesimal jackknife).

    Parameters
    ----------
    sums : ProductSums
        Those of the whole sample.
    """

    def __init__(self, sums: ProductSums):
        self._ends, self._covariance = sums.ends, sums.covariance
        self._mean, self._plain = sums.total / max(sums.n, 1), sums.plain_similarity()
        self._hsic = _squares_of_blocks(self._covariance, sums.ends)
        self.jets, self.squares = 0, np.zeros(self._hsic.shape)

    def add(self, rows: np.ndarray, jets: np.ndarray) -> None:
        """Add rows (n, D), of jets with these indices from 0 (n,); all rows of a jet come together."""
        centred = rows.astype(np.float64) - self._mean
        r, n_jets = len(self._hsic), int(jets.max()) + 1
        slopes = np.zeros((n_jets, r, r))
        blocks = [slice(*self._ends[i : i + 2]) for i in range(r)]
        for a in range(r):
            projected = centred[:, blocks[a]] @ self._covariance[blocks[a]]
            of_rows = 2 * np.add.reduceat(projected * centred, self._ends[:-1], axis=1)
            for b in range(r):
                slopes[:, a, b] = np.bincount(jets, of_rows[:, b], n_jets)
        own = np.diagonal(self._hsic)
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.diagonal(slopes, axis1=1, axis2=2) / own
            moved = slopes / np.sqrt(np.outer(own, own))
            influence = moved - self._plain * (relative[:, :, None] + relative[:, None, :]) / 2
        self.jets += n_jets
        self.squares += (influence**2).sum(0)

    def merge(self, other: "Influences") -> None:
        """Add those of other jets."""
        self.jets += other.jets
        self.squares = self.squares + other.squares

    @property
    def error(self) -> np.ndarray:
        """The standard error of CKA (R, R), with jets as units; NaN for a single jet."""
        if self.jets < 2:
            return np.full(self.squares.shape, np.nan)
        return np.sqrt(self.squares * self.jets / (self.jets - 1))


def _squares_of_blocks(products: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the sum of squares of each block (R, R) of a matrix (D, D)."""
    return np.add.reduceat(np.add.reduceat(products**2, ends[:-1], axis=0), ends[:-1], axis=1)


def _normalised(hsic: np.ndarray) -> np.ndarray:
    own = np.diagonal(hsic)
    scale = np.sqrt(np.outer(np.maximum(own, 0), np.maximum(own, 0)))
    return np.divide(hsic, scale, out=np.full(hsic.shape, np.nan), where=scale > 0)
