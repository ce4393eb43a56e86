"""Sums over a stream of jets: how well a dictionary stands in for activations, and where its features are strongest.

Shapes: J jets, N particles, D channels, M features, O observables, Q measures, E examples.
"""

import numpy as np

EXAMPLES = 4  # jets
EDGES = np.geomspace(0.1, 30, 13)  # of weights, in units of the activations' standard deviation


class Recovery:
    """Measures of the model as it is, with activations as the dictionary writes them, and with their mean."""

    def __init__(self, measures: int):
        self._n, self._sums = np.zeros(measures), np.zeros((measures, 3))
        self._products = np.zeros((measures, 3, 3))

    def add(self, values: np.ndarray) -> None:
        """Add values (J, Q, 3) of some jets: unchanged, as written, and with the mean; NaN for a jet without them."""
        known: np.ndarray = np.isfinite(values).min(-1, keepdims=True)
        values = np.where(known, values, 0)
        self._n += known[..., 0].sum(0)
        self._sums += values.sum(0)
        self._products += np.einsum("jqa,jqb->qab", values, values)

    def merge(self, other: "Recovery") -> None:
        """Add the sums of other jets."""
        self._n += other._n
        self._sums += other._sums
        self._products += other._products

    @property
    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """The means (Q, 3) and their standard errors."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._sums / self._n[:, None]
            variance = np.diagonal(self._products, axis1=1, axis2=2) / self._n[:, None] - mean**2
            return mean, np.sqrt(np.maximum(variance, 0) / (self._n[:, None] - 1))

    @property
    def recovered(self) -> tuple[np.ndarray, np.ndarray]:
        """How far from the mean (0) to unchanged (1) the written activations get (Q,), and the standard error.

        The error is that of a ratio of two means over the same jets, to first order; NaN where the mean activations
        change nothing.
        """
        mean = self.means[0]
        possible = mean[:, 0] - mean[:, 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(possible != 0, (mean[:, 1] - mean[:, 2]) / possible, np.nan)
            slopes = np.stack((-share, np.ones_like(share), share - 1), -1)
            variance = np.einsum("qa,qab,qb->q", slopes, self._products, slopes) / self._n
            return share, np.sqrt(np.maximum(variance, 0) / (self._n - 1)) / np.abs(possible)


class Reconstruction:
    """The squares of activations and of what the dictionary leaves of them."""

    def __init__(self, width: int):
        self._n, self._total, self._squares, self._left = 0, np.zeros(width), 0.0, 0.0

    def add(self, values: np.ndarray, written: np.ndarray) -> None:
        """Add activations (P, D) and what the dictionary makes of them."""
        values, written = values.astype(np.float64), written.astype(np.float64)
        self._n += len(values)
        self._total += values.sum(0)
        self._squares += float((values**2).sum())
        self._left += float(((values - written) ** 2).sum())

    def merge(self, other: "Reconstruction") -> None:
        """Add the sums of other jets."""
        self._n += other._n
        self._total += other._total
        self._squares += other._squares
        self._left += other._left

    @property
    def explained(self) -> float:
        """The share of the variance of the activations that the dictionary explains."""
        spread = self._squares - float((self._total**2).sum()) / max(self._n, 1)
        return 1 - self._left / spread if spread > 0 else np.nan


class FeatureSums:
    """How often and how strongly features are active, and the jets and particles that excite them most."""

    def __init__(self, features: int):
        self.jets, self.tokens = 0, 0
        self.count, self.total, self.squares, self.importance = np.zeros((4, features))
        self.histogram = np.zeros((features, len(EDGES) - 1))
        self.strength = np.full((features, EXAMPLES), -np.inf)
        self.entry, self.particle = np.full((2, features, EXAMPLES), -1)

    def add(self, weights: np.ndarray, mask: np.ndarray, entries: np.ndarray, attributions: np.ndarray) -> None:
        """Add jets: weights (J, N, M), a mask (J, N), True = real, entries (J,), and attributions of a logit (J, M)."""
        real = weights[mask].astype(np.float64)
        self.jets += len(mask)
        self.tokens += len(real)
        self.count += (real > 0).sum(0)
        self.total += real.sum(0)
        self.squares += (real**2).sum(0)
        self.importance += np.abs(attributions).sum(0)
        token, feature = np.nonzero(real)
        cell = np.clip(np.searchsorted(EDGES, real[token, feature], "right") - 1, 0, self.histogram.shape[1] - 1)
        np.add.at(self.histogram, (feature, cell), 1)
        strongest = weights.max(1).T  # (M, J)
        self._keep(
            np.where(strongest > 0, strongest, -np.inf), np.broadcast_to(entries, strongest.shape), weights.argmax(1).T
        )

    def merge(self, other: "FeatureSums") -> None:
        """Add the sums of other jets."""
        for name in ("jets", "tokens", "count", "total", "squares", "importance", "histogram"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self._keep(other.strength, other.entry, other.particle)

    def _keep(self, strength: np.ndarray, entry: np.ndarray, particle: np.ndarray) -> None:
        """Keep the strongest of what there is and of other examples (M, ...)."""
        known = np.isfinite(strength)
        new = (strength, np.where(known, entry, -1), np.where(known, particle, -1))
        names = ("strength", "entry", "particle")
        columns = [np.concatenate((getattr(self, name), a), -1) for name, a in zip(names, new, strict=True)]
        # Of equal strengths the lower entry comes first, so that the order of the stream does not matter.
        order = np.lexsort((columns[1], -columns[0]), -1)[..., :EXAMPLES]
        for name, column in zip(names, columns, strict=True):
            setattr(self, name, np.take_along_axis(column, order, -1))


class Correlations:
    """Linear correlations of the features' mean weight in a jet with observables of the jet."""

    def __init__(self, features: int, observables: int):
        self.jets = 0
        self._a, self._aa = np.zeros((2, features))
        self._o, self._oo = np.zeros((2, observables))
        self._ao = np.zeros((features, observables))

    def add(self, weights: np.ndarray, observables: np.ndarray) -> None:
        """Add mean weights (J, M) and observables (J, O); jets without one of them are left out."""
        complete = np.isfinite(observables).all(1)
        a, o = weights[complete].astype(np.float64), observables[complete]
        self.jets += len(a)
        self._a += a.sum(0)
        self._aa += (a**2).sum(0)
        self._o += o.sum(0)
        self._oo += (o**2).sum(0)
        self._ao += a.T @ o

    def merge(self, other: "Correlations") -> None:
        """Add the sums of other jets."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def value(self) -> np.ndarray:
        """The correlations (M, O), NaN for a feature or an observable that is the same in all jets."""
        n = max(self.jets, 1)
        of_a, of_o = self._aa - self._a**2 / n, self._oo - self._o**2 / n
        product = self._ao - np.outer(self._a, self._o) / n
        norm = np.sqrt(np.outer(np.maximum(of_a, 0), np.maximum(of_o, 0)))
        tiny = 1e-9 * np.sqrt(np.outer(self._aa, self._oo))
        return np.divide(product, norm, out=np.full(product.shape, np.nan), where=norm > tiny)
