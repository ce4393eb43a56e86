"""The study `components`: the first principal component of each head's output against physical features.

The method is that of arXiv:2512.00210. A head's output for a particle is Σ_j w_ij v_j, gated where the model gates,
before the output projection mixes the heads. The first eigenvector of the covariance of these vectors over all
particles of the sample is the head's first component. The first pass sums the covariance; the second projects onto it.
Shapes: J jets, P particles of some jets in a row, L layers, H heads, d channels of a head, F features, B bins.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.statistics.running_mean import Mean, RunningMean, merge_means
from part.inference.activations import head_outputs
from part.inference.capabilities import require
from part.inference.tagger import Tagger
from part.jets import add_derived_fields, keep_leading, kinematics
from part.jets.features import multiplicities
from part.jets.preprocessing import has_momenta
from part.jets.schema import SPECIES
from part.lazy import ShownInNotebooks

# Edges of the bins of each profile: pT in GeV, ΔR to the jet axis.
BINS = {
    "ln pT": np.log([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]),
    "ΔR": np.linspace(0, 0.8, 9),
}
FEATURES = ("ln pT", "ΔR", "|tanh d0|", "|tanh dz|", "charge", *SPECIES)
_FLAGS = ("part_isChargedHadron", "part_isNeutralHadron", "part_isPhoton", "part_isElectron", "part_isMuon")


@dataclass(frozen=True)
class ComponentsStudy:
    """The first principal component of each head's output; there are no options."""

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 2
    needs_classes: ClassVar[bool] = False

    def check(self, tagger: Tagger) -> None:
        require(tagger, "heads between particles", "particles")

    def accumulator(self, tagger: Tagger) -> "ComponentsAccumulator":
        return ComponentsAccumulator(tagger)


@dataclass(frozen=True, eq=False)
class ComponentsResult(ShownInNotebooks):
    """The result of the study `components`.

    The sign of a component is arbitrary and chosen so that its correlation with ln pT is not negative.

    Attributes
    ----------
    explained : ndarray (L, H)
        Share of the variance along the first component.
    correlation, error : ndarray (L, H, F)
        Pearson correlation of the component with each feature over particles, and its standard error with jets as the
        unit; NaN where a feature is constant or missing.
    profiles : dict of Mean (L, H, B)
        Mean of the component in bins of "ln pT" and "ΔR", in units of its standard deviation.
    """

    model: str
    features: tuple[str, ...]
    explained_variance: np.ndarray
    correlation: np.ndarray
    error: np.ndarray
    particles: int
    jets: int
    profiles: dict[str, Mean]

    def rows(self) -> list[dict]:
        """Return a row per layer and head."""
        return [self._row(layer, head) for layer, head in np.ndindex(self.explained_variance.shape)]

    def _row(self, layer: int, head: int) -> dict:
        row = {"layer": layer + 1, "head": head + 1, "explained": float(self.explained_variance[layer, head])}
        for f, name in enumerate(self.features):
            value, error = float(self.correlation[layer, head, f]), float(self.error[layer, head, f])
            defined = value == value
            row |= {f"r {name}": value if defined else None, f"error {name}": error if defined else None}
        return row

    def arrays(self) -> dict[str, np.ndarray]:
        arrays = {"features": np.array(self.features), "explained": self.explained_variance}
        arrays |= {"correlation": self.correlation, "correlation_error": self.error}
        for name, mean in self.profiles.items():
            arrays |= {f"{name} edges": BINS[name], f"{name} mean": mean.value, f"{name} error": mean.error}
        return arrays


class ComponentsAccumulator:
    """The first pass sums the covariance of the heads' outputs, the second correlates projections with features."""

    def __init__(self, tagger: Tagger):
        self._tagger = tagger
        self._outputs, self._features = Scatter(), Scatter()
        self._component: np.ndarray | None = None

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        outputs, mask = head_outputs(self._tagger, jets)
        vectors = np.moveaxis(outputs, 3, 1)[mask].astype(np.float64)  # (P, L, H, d)
        features = particle_features(jets)
        if self._component is None:
            self._outputs.add(vectors)
            self._features.add(features[:, :, None])
        else:
            self._project(vectors, self._component, features, mask.sum(1))

    def next_pass(self) -> None:
        values, axes = np.linalg.eigh(self._outputs.covariance)
        total = values.sum(-1)
        self._explained = np.divide(values[..., -1], total, out=np.full(total.shape, np.nan), where=total > 0)
        # Its sign is arbitrary, and must be the same on all machines that project on it.
        largest = np.take_along_axis(axes[..., -1], np.abs(axes[..., -1]).argmax(-1)[..., None], -1)
        self._component = np.where(largest < 0, -1, 1) * axes[..., -1]
        self._width = np.sqrt(np.maximum(values[..., -1], 0))
        shape = self._width.shape
        self._sums = np.zeros((5, *shape, len(FEATURES)))
        self._jets = 0
        self._profiles = {name: RunningMean((*shape, len(edges) - 1)) for name, edges in BINS.items()}

    @property
    def sums(self) -> tuple:
        """What the present pass collects."""
        if self._component is None:
            return self._outputs, self._features
        return self._sums, self._jets, self._profiles

    def merge(self, sums: tuple) -> None:
        if self._component is None:
            for own, other in zip(self.sums, sums, strict=True):
                own.merge(other)
        else:
            products, jets, profiles = sums
            self._sums += products
            self._jets += jets
            merge_means(self._profiles, profiles)

    def _project(self, vectors: np.ndarray, component: np.ndarray, features: np.ndarray, counts: np.ndarray) -> None:
        scores = np.einsum("plhd,lhd->plh", vectors - self._outputs.mean, component)
        scores = np.divide(scores, self._width, out=np.zeros_like(scores), where=self._width > 0)
        width = np.sqrt(self._features.covariance[:, 0, 0])
        standard = np.divide(
            features - self._features.mean[:, 0], width, out=np.full_like(features, np.nan), where=width > 0
        )
        first = np.cumsum(counts) - counts
        a = np.add.reduceat(scores[..., None] * standard[:, None, None], first)  # (J, L, H, F)
        squares = scores[..., None] ** 2 + standard[:, None, None] ** 2
        b = np.add.reduceat(squares / 2, first)
        self._sums += np.stack([s.sum(0) for s in (a, b, a * a, a * b, b * b)])
        self._jets += len(counts)
        for name, edges in BINS.items():
            self._profiles[name].add(_profile(scores, features[:, FEATURES.index(name)], edges, first))

    def result(self) -> ComponentsResult:
        a, _b, aa, ab, bb = self._sums
        particles, jets = self._outputs.count, self._jets
        r = a / particles
        # The influence of a jet on r is its Σ (z f - r (z² + f²) / 2) over particles, divided by their total number.
        variance = np.maximum(aa - 2 * r * ab + r * r * bb, 0) / particles**2
        error = np.sqrt(variance * jets / (jets - 1)) if jets > 1 else np.full(r.shape, np.nan)
        sign = np.where(r[..., 0] < 0, -1.0, 1.0)[..., None]
        means = {name: running.result for name, running in self._profiles.items()}
        profiles = {name: Mean(sign * mean.value, mean.error, mean.jets) for name, mean in means.items()}
        name = self._tagger.name
        return ComponentsResult(name, FEATURES, self._explained, sign * r, error, particles, jets, profiles)


class Scatter:
    """Running mean (..., d) and covariance (..., d, d) of vectors, merged batch by batch (Chan et al., 1983)."""

    def __init__(self):
        self.count, self.mean, self._scatter = 0, np.zeros(()), np.zeros(())

    def add(self, vectors: np.ndarray) -> None:
        """Add vectors (P, ..., d)."""
        mean = vectors.mean(0)
        centred = vectors - mean
        self._combine(len(vectors), mean, np.moveaxis(centred, 0, -1) @ np.moveaxis(centred, 0, -2))

    def merge(self, other: "Scatter") -> None:
        """Add the vectors of other jets."""
        if other.count:
            self._combine(other.count, other.mean, other._scatter)

    def _combine(self, count: int, mean: np.ndarray, within: np.ndarray) -> None:
        shift, total = mean - self.mean, self.count + count
        between = self.count * count / total * (shift[..., :, None] * shift[..., None, :])
        self._scatter = self._scatter + within + between
        self.mean, self.count = self.mean + shift * count / total, total

    @property
    def covariance(self) -> np.ndarray:
        """The covariance, normalised by the number of vectors."""
        return self._scatter / self.count


def particle_features(jets: ak.Array) -> np.ndarray:
    """Return FEATURES (P, F) of the constituents that a model sees, in file order; NaN where a branch is missing."""
    jets = keep_leading(add_derived_fields(jets) if has_momenta(jets) else jets)[0]
    flat = {name: ak.to_numpy(ak.flatten(jets[name])).astype(float) for name in jets.fields if name.startswith("part_")}
    missing = np.full(int(multiplicities(jets).sum()), np.nan)
    px, py = (flat.get(name, missing) for name in ("part_px", "part_py"))
    columns = {
        "ln pT": np.log(kinematics.pt(px, py)),
        "ΔR": np.hypot(flat.get("part_deta", missing), flat.get("part_dphi", missing)),
        "|tanh d0|": np.abs(np.tanh(flat.get("part_d0val", missing))),
        "|tanh dz|": np.abs(np.tanh(flat.get("part_dzval", missing))),
        "charge": flat.get("part_charge", missing),
    }
    columns |= {name: flat.get(flag, missing) for name, flag in zip(SPECIES, _FLAGS, strict=True)}
    return np.stack([columns[name] for name in FEATURES], axis=1)


def _profile(scores: np.ndarray, feature: np.ndarray, edges: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the mean scores (P, L, H) of each jet in each bin of the feature (J, L, H, B), NaN for empty bins."""
    inside = np.digitize(feature, edges)[:, None] == np.arange(1, len(edges))  # (P, B)
    sums = np.add.reduceat(scores[..., None] * inside[:, None, None], first)
    counts = np.add.reduceat(inside.astype(float), first)[:, None, None]
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
