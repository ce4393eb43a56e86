"""The study `sparsity`: how sparse and how local each head is and how much it attends to leptons.

There are two null hypotheses. Shuffled keys: the weights of each query go to its keys in random order. Measures of the
weights alone (entropy, Gini, top mass, binary rows) do not change; for the others the expectation is exact. Untrained
weights: the same architecture before its first training step, on the same jets.
Shapes: J jets, L layers, H heads, N particles, Q quantities, K kinds, G groups of jets, E edges of bins.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.sparsity.groups import between, inter_fraction, share_to
from part.analysis.sparsity.measures import sparsity
from part.analysis.sparsity.results import (
    DECADES,
    KINDS,
    LINEAR,
    NAMES,
    HeadStatistics,
    SparsityResult,
)
from part.analysis.statistics.running_mean import RunningMean, merge_means
from part.errors import PartError
from part.inference.activations import normalised_patterns
from part.inference.capabilities import require
from part.inference.tagger import Tagger
from part.jets import add_derived_fields, keep_leading, subjet_index
from part.jets.features import multiplicities
from part.jets.kinematics import species
from part.jets.preprocessing import has_momenta
from part.jets.schema import KIND, SPECIES
from part.options import option

LEPTONS = (SPECIES.index("electron"), SPECIES.index("muon"))


@dataclass(frozen=True)
class SparsityStudy:
    """The sparsity and locality of attention between particles, against two null hypotheses.

    Parameters
    ----------
    k : int
        Keys of the top-k mass.
    threshold : float
        A row with a weight above it is near binary.
    edge : float
        Weights above it are edges of the attention graph.
    subjets : int
        Exclusive kT subjets per jet.
    n_edges, pt_edges : tuple of float
        Bins of the jets in multiplicity and in pT [GeV], each [low, high).
    untrained : bool
        Whether untrained weights are measured too, which doubles the time.
    seed : int
        Seed of the untrained weights.
    """

    k: int = option("keys of the top-k mass", 5)
    threshold: float = option("a row with a weight above it is near binary", 0.9)
    edge: float = option("weights above it are edges of the attention graph", 0.1)
    subjets: int = option("exclusive kT subjets per jet", 3)
    n_edges: tuple[float, ...] = (2, 20, 30, 40, 50, 60, 80, float("inf"))
    pt_edges: tuple[float, ...] = (0, 500, 600, 700, 800, 900, 1000, float("inf"))
    untrained: bool = option("leave out the null hypothesis of untrained weights", True, flag="--no-untrained")
    seed: int = option("seed of the untrained weights", 0)

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 1
    needs_classes: ClassVar[bool] = False

    def __post_init__(self):
        if self.k < 1 or self.subjets < 2:
            raise PartError(
                f"k is {self.k} and subjets {self.subjets}; expected k of at least 1 and subjets of at least 2."
            )
        if not 0.5 <= self.threshold < 1 or not 0 < self.edge < 1:
            raise PartError(
                f"threshold is {self.threshold:g} and edge {self.edge:g}; expected 0.5 <= threshold < 1, 0 < edge < 1."
            )

    def check(self, tagger: Tagger) -> None:
        require(tagger, "sparsity of attention", "particles")

    def accumulator(self, tagger: Tagger) -> "SparsityAccumulator":
        return SparsityAccumulator(self, tagger)


class SparsityAccumulator:
    """The sums of a model and of the same architecture before training."""

    def __init__(self, study: SparsityStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._models = (tagger, tagger.reinitialised(study.seed)) if study.untrained else (tagger,)
        self._sums = [_Sums(study, tagger) for _ in self._models]

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        visible = _VisibleJets.from_jets(jets, self._study)
        groups = _groups(self._study, visible, labels, len(self._tagger.dataset.titles))
        for model, sums in zip(self._models, self._sums, strict=True):
            sums.add(*normalised_patterns(model, jets), visible, groups)

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> "list[_Sums]":
        return self._sums

    def merge(self, sums: "list[_Sums]") -> None:
        for own, other in zip(self._sums, sums, strict=True):
            merge_means(vars(own), vars(other))

    def result(self) -> SparsityResult:
        numbers = [sums.result() for sums in self._sums]
        trained, untrained = numbers if len(numbers) == 2 else (numbers[0], None)
        study, collections = self._study, self._tagger.features.collections
        return SparsityResult(
            model=self._tagger.name,
            k=study.k,
            threshold=study.threshold,
            edge=study.edge,
            subjets=study.subjets,
            n_edges=study.n_edges,
            pt_edges=study.pt_edges,
            classes=self._tagger.dataset.titles,
            trained=trained,
            untrained=untrained,
            collections=tuple(c.name for c in collections) if len(collections) > 1 else (),
        )


@dataclass(frozen=True, eq=False)
class _VisibleJets:
    """Jets as the model sees them: subjet, species and collection of tokens (J, N), -1 on padding; n and pt (J,).

    Without momenta there are no subjets, and pt may be NaN; of a single collection there is no index.
    """

    subjet: np.ndarray | None
    species: np.ndarray
    collection: np.ndarray | None
    n: np.ndarray
    pt: np.ndarray

    @classmethod
    def from_jets(cls, jets: ak.Array, study: SparsityStudy) -> "_VisibleJets":
        known = has_momenta(jets)
        jets = keep_leading(add_derived_fields(jets) if known else jets)[0]
        n = multiplicities(jets)
        pt = ak.to_numpy(jets["jet_pt"]).astype(float) if "jet_pt" in jets.fields else np.full(len(n), np.nan)
        subjet = _padded(subjet_index(jets, study.subjets), int(n.max())) if known else None
        collection = _padded(jets[KIND], int(n.max())) if KIND in jets.fields else None
        return cls(subjet, _padded(species(jets), int(n.max())), collection, n, pt)


def _padded(values: ak.Array, length: int) -> np.ndarray:
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, length, clip=True), -1)).astype(np.int64)


def _groups(study: SparsityStudy, visible: _VisibleJets, labels: np.ndarray | None, classes: int) -> np.ndarray:
    """Return which jets are in which group (J, G): all jets, each class, each bin of multiplicity, each of pT."""
    of_class = np.full(len(visible.n), -1) if labels is None else labels
    bins = [
        np.digitize(values, edges)[:, None] == np.arange(1, len(edges))
        for values, edges in ((visible.n, study.n_edges), (visible.pt, study.pt_edges))
    ]
    everything = np.ones((len(visible.n), 1), bool)
    return np.concatenate((everything, of_class[:, None] == np.arange(classes), *bins), axis=1)


class _Sums:
    """The sums over jets that become the HeadStatistics of one model."""

    def __init__(self, study: SparsityStudy, tagger: Tagger):
        self._study = study
        layers, heads, classes = tagger.config.layers, tagger.config.heads, len(tagger.dataset.titles)
        ends = np.cumsum((1, classes, len(study.n_edges) - 1, len(study.pt_edges) - 1)).tolist()
        self._groups = {"all": slice(0, 1)} | {
            name: slice(*ends[i : i + 2]) for i, name in enumerate(("class", "n", "pt"))
        }
        self._numbers = RunningMean((ends[-1], len(KINDS), len(NAMES), layers, heads))
        self._centres = RunningMean((ends[-1], 2))
        self._linear, self._log = RunningMean((layers, len(LINEAR) - 1)), RunningMean((layers, len(DECADES) - 1))
        self._species = RunningMean((len(KINDS), layers, heads, len(SPECIES), len(SPECIES)))
        n = len(tagger.features.collections)
        self._collections = RunningMean((len(KINDS), layers, heads, n, n)) if n > 1 else None

    def add(self, pattern: np.ndarray, mask: np.ndarray, visible: _VisibleJets, groups: np.ndarray) -> None:
        numbers = _numbers(self._study, pattern, mask, visible)
        inside = groups.reshape(*groups.shape, 1, 1, 1, 1)
        self._numbers.add(np.where(inside, numbers[:, None], np.nan))
        self._centres.add(np.where(groups[..., None], np.stack((visible.n, visible.pt), 1)[:, None], np.nan))
        pairs = mask[:, :, None] & mask[:, None, :]
        self._linear.add(_histogram(pattern, pairs, LINEAR))
        logs = np.log10(pattern, out=np.full_like(pattern, -np.inf), where=pattern > 0)
        self._log.add(_histogram(logs, pairs, DECADES))
        self._species.add(_shares(pattern, visible.species, mask, len(SPECIES)))
        if self._collections is not None and visible.collection is not None:
            self._collections.add(_shares(pattern, visible.collection, mask, self._collections.count.shape[-1]))

    def result(self) -> HeadStatistics:
        return HeadStatistics(
            self._numbers.result,
            self._centres.result,
            self._groups,
            self._linear.result,
            self._log.result,
            self._species.result,
            None if self._collections is None else self._collections.result,
        )


def _numbers(study: SparsityStudy, pattern: np.ndarray, mask: np.ndarray, visible: _VisibleJets) -> np.ndarray:
    """Return all quantities of all KINDS (J, K, Q, L, H)."""
    observed = sparsity(pattern, mask, study.k, study.threshold)
    shuffled = dict(observed)
    shuffled["identity_distance"] = np.broadcast_to((1 - 1 / visible.n)[:, None, None], pattern.shape[:3])
    weights = {"inter_subjet": pattern, "inter_subjet_edges": (pattern > study.edge).astype(np.float32)}
    for name, values in weights.items():
        if visible.subjet is None:
            observed[name] = shuffled[name] = np.full(pattern.shape[:3], np.nan)
        else:
            observed[name], shuffled[name] = inter_fraction(values, visible.subjet, mask)
    leptons = np.isin(visible.species, LEPTONS)
    observed["to_leptons"], shuffled["to_leptons"] = share_to(pattern, leptons, mask)
    numbers, null = (np.stack([kind[name] for name in NAMES], 1) for kind in (observed, shuffled))
    return np.stack((numbers, null, numbers - null), 1)


def _shares(pattern: np.ndarray, groups: np.ndarray, mask: np.ndarray, count: int) -> np.ndarray:
    """Return the attention between groups of particles, of all KINDS (J, K, L, H, G, G)."""
    observed, expected = between(pattern, groups, mask, count)
    expected = np.broadcast_to(expected[:, None, None], observed.shape)
    return np.stack((observed, expected, observed - expected), 1)


def _histogram(values: np.ndarray, pairs: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the share of weights per bin (J, L, E - 1) of values (J, L, H, N, N) at real pairs (J, N, N)."""
    jets, layers = values.shape[:2]
    width, bins = edges[1] - edges[0], len(edges) - 1
    index = np.clip((values - edges[0]) / width, 0, bins - 1).astype(np.int64)
    index += bins * np.arange(jets * layers).reshape(jets, layers, 1, 1, 1)
    real = np.broadcast_to(pairs[:, None, None], values.shape)
    counts = np.bincount(index[real], minlength=jets * layers * bins).reshape(jets, layers, bins)
    return counts / counts.sum(-1, keepdims=True)
