"""The study `components`: the first principal component of what each head gives a particle, against the particle's
features, as in arXiv:2512.00210.

A head gives a particle the vector Σ_j w_ij v_j (gated where the model gates), before the output projection mixes heads.
Over all particles of the sample these vectors have a covariance; its first eigenvector is the head's first component.
The first time the jets go by, the covariance is summed; the second time particles are projected on the component.
Shapes: J jets, P particles of some jets in a row, L layers, H heads, d channels of a head, F features, B bins.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.statistics.running_mean import Mean, Moments
from part.inference.cache import check_pairs, outputs
from part.inference.tagger import Tagger
from part.jets import complete, kinematics, select
from part.jets.schema import SPECIES

# Names -> edges of the profiles' bins: pT in GeV, ΔR to the jet axis.
BINS = {
    "ln pT": np.log([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]),
    "ΔR": np.linspace(0, 0.8, 9),
}
FEATURES = ("ln pT", "ΔR", "|tanh d0|", "|tanh dz|", "charge", *SPECIES)
_FLAGS = ("part_isChargedHadron", "part_isNeutralHadron", "part_isPhoton", "part_isElectron", "part_isMuon")


@dataclass(frozen=True)
class Components:
    """It has no choices: the model and the jets decide."""

    block: ClassVar[int] = 16
    passes: ClassVar[int] = 2

    def check(self, tagger: Tagger) -> None:
        check_pairs(tagger, "heads between particles for components")

    def begin(self, tagger: Tagger) -> "ComponentsMeasurement":
        return ComponentsMeasurement(tagger)


@dataclass(frozen=True, eq=False)
class ComponentsFindings:
    """explained (L, H): share of the variance that the first component has. correlation, error (L, H, F): Pearson's of
    the component with each feature over the particles, and its standard error with jets as the unit; nan where a
    feature is constant or missing. profiles: of "ln pT" and "ΔR", mean of the component (L, H, B), in units of its
    standard deviation. The sign of a component is free: it is such that the correlation with ln pT is not negative.
    """

    model: str
    features: tuple[str, ...]
    explained: np.ndarray
    correlation: np.ndarray
    error: np.ndarray
    particles: int
    jets: int
    profiles: dict[str, Mean]

    def rows(self) -> list[dict]:
        """A row a layer and head."""
        return [self._row(layer, head) for layer, head in np.ndindex(self.explained.shape)]

    def _row(self, layer: int, head: int) -> dict:
        row = {"layer": layer + 1, "head": head + 1, "explained": float(self.explained[layer, head])}
        for f, name in enumerate(self.features):
            value, error = float(self.correlation[layer, head, f]), float(self.error[layer, head, f])
            known = value == value
            row |= {f"r {name}": value if known else None, f"error {name}": error if known else None}
        return row

    def arrays(self) -> dict[str, np.ndarray]:
        found = {"features": np.array(self.features), "explained": self.explained}
        found |= {"correlation": self.correlation, "correlation_error": self.error}
        for name, mean in self.profiles.items():
            found |= {f"{name} edges": BINS[name], f"{name} mean": mean.value, f"{name} error": mean.error}
        return found


class ComponentsMeasurement:
    """First the covariance of the heads' vectors, then what the particles' projections have to do with features."""

    def __init__(self, tagger: Tagger):
        self._tagger = tagger
        self._outputs, self._features = Scatter(), Scatter()
        self._component: np.ndarray | None = None

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        given, mask = outputs(self._tagger, jets)
        vectors = np.moveaxis(given, 3, 1)[mask].astype(np.float64)  # (P, L, H, d)
        features = particle_features(jets)
        if self._component is None:
            self._outputs.add(vectors)
            self._features.add(features[:, :, None])
        else:
            self._project(vectors, features, mask.sum(1))

    def next_pass(self) -> None:
        values, axes = np.linalg.eigh(self._outputs.covariance)
        total = values.sum(-1)
        self._explained = np.divide(values[..., -1], total, out=np.full(total.shape, np.nan), where=total > 0)
        self._component = axes[..., -1]
        self._width = np.sqrt(np.maximum(values[..., -1], 0))
        shape = self._width.shape
        self._sums = np.zeros((5, *shape, len(FEATURES)))
        self._jets = 0
        self._profiles = {name: Moments((*shape, len(edges) - 1)) for name, edges in BINS.items()}

    def _project(self, vectors: np.ndarray, features: np.ndarray, counts: np.ndarray) -> None:
        scores = np.einsum("plhd,lhd->plh", vectors - self._outputs.mean, self._component)
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

    def result(self) -> ComponentsFindings:
        a, _b, aa, ab, bb = self._sums
        particles, jets = self._outputs.count, self._jets
        r = a / particles
        # The influence of a jet on r is its Σ (z f - r (z² + f²) / 2) over particles, divided by their number.
        variance = np.maximum(aa - 2 * r * ab + r * r * bb, 0) / particles**2
        error = np.sqrt(variance * jets / (jets - 1)) if jets > 1 else np.full(r.shape, np.nan)
        sign = np.where(r[..., 0] < 0, -1.0, 1.0)[..., None]
        means = {name: moments.result for name, moments in self._profiles.items()}
        profiles = {name: Mean(sign * mean.value, mean.error, mean.jets) for name, mean in means.items()}
        name = self._tagger.name
        return ComponentsFindings(name, FEATURES, self._explained, sign * r, error, particles, jets, profiles)


class Scatter:
    """Mean (..., d) and covariance (..., d, d) of vectors that go by, merged block by block (Chan et al., 1983)."""

    def __init__(self):
        self.count, self.mean, self._scatter = 0, 0.0, 0.0

    def add(self, vectors: np.ndarray) -> None:
        """(P, ..., d)"""
        mean = vectors.mean(0)
        centred = vectors - mean
        shift, total = mean - self.mean, self.count + len(vectors)
        between = self.count * len(vectors) / total * (shift[..., :, None] * shift[..., None, :])
        within = np.moveaxis(centred, 0, -1) @ np.moveaxis(centred, 0, -2)
        self._scatter = self._scatter + within + between
        self.mean, self.count = self.mean + shift * len(vectors) / total, total

    @property
    def covariance(self) -> np.ndarray:
        """Over the vectors, not the vectors less one."""
        return self._scatter / self.count


def particle_features(jets: ak.Array) -> np.ndarray:
    """FEATURES (P, F) of the constituents that a model sees, in file order; nan where the file has no such branch."""
    jets = select(complete(jets))[0]
    flat = {name: ak.to_numpy(ak.flatten(jets[name])).astype(float) for name in jets.fields if name.startswith("part_")}
    missing = np.full(len(flat["part_px"]), np.nan)
    columns = {
        "ln pT": np.log(kinematics.pt(flat["part_px"], flat["part_py"])),
        "ΔR": np.hypot(flat["part_deta"], flat["part_dphi"]),
        "|tanh d0|": np.abs(np.tanh(flat.get("part_d0val", missing))),
        "|tanh dz|": np.abs(np.tanh(flat.get("part_dzval", missing))),
        "charge": flat.get("part_charge", missing),
    }
    columns |= {name: flat.get(flag, missing) for name, flag in zip(SPECIES, _FLAGS, strict=True)}
    return np.stack([columns[name] for name in FEATURES], axis=1)


def _profile(scores: np.ndarray, feature: np.ndarray, edges: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Mean of scores (P, L, H) in each jet's particles in each bin of the feature (J, L, H, B); nan for none."""
    inside = np.digitize(feature, edges)[:, None] == np.arange(1, len(edges))  # (P, B)
    sums = np.add.reduceat(scores[..., None] * inside[:, None, None], first)
    counts = np.add.reduceat(inside.astype(float), first)[:, None, None]
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def add_arguments(parser: argparse.ArgumentParser) -> None: ...


def study_of(args: argparse.Namespace) -> Components:
    return Components()
