"""The study `sparsity`: how sparse, how local and how fond of leptons each head is, against two nulls.

Null one, shuffled keys: the weights of each query go to its keys in random order. What depends on the weights alone
(entropy, Gini, top mass, binary rows) is the same then; of the others the expectation is exact. Null two, untrained
weights: the same architecture before its first step, on the same jets.
Shapes: J jets, L layers, H heads, N particles, Q quantities, K kinds, G groups of jets, E edges of bins.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.sparsity.findings import DECADES, KINDS, LINEAR, NAMES, Choices, HeadNumbers, SparsityFindings
from part.analysis.sparsity.groups import between, inter_fraction, share_to
from part.analysis.sparsity.measures import sparsity
from part.analysis.statistics.running_mean import Moments
from part.inference.cache import check_pairs, patterns
from part.inference.tagger import Tagger
from part.jets import complete, select, subjets
from part.jets.kinematics import species
from part.jets.schema import SPECIES

LEPTONS = (SPECIES.index("electron"), SPECIES.index("muon"))


class Sparsity(Choices):
    """The study, with its choices."""

    block: ClassVar[int] = 16
    passes: ClassVar[int] = 1

    def check(self, tagger: Tagger) -> None:
        check_pairs(tagger, "sparsity of attention")

    def begin(self, tagger: Tagger) -> "SparsityMeasurement":
        return SparsityMeasurement(self, tagger)


class SparsityMeasurement:
    """The sums of a model and of its untrained twin."""

    def __init__(self, study: Sparsity, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._twins = (tagger, tagger.untrained(study.seed)) if study.untrained else (tagger,)
        self._sums = [_Sums(study, tagger) for _ in self._twins]

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        seen = _Seen.of(jets, self._study)
        groups = _groups(self._study, seen, truth, len(self._tagger.dataset.titles))
        for twin, sums in zip(self._twins, self._sums, strict=True):
            sums.add(*patterns(twin, jets), seen, groups)

    def next_pass(self) -> None: ...

    def result(self) -> SparsityFindings:
        numbers = [sums.result() for sums in self._sums]
        trained, untrained = numbers if len(numbers) == 2 else (numbers[0], None)
        return SparsityFindings(self._tagger.name, self._study, self._tagger.dataset.titles, trained, untrained)


@dataclass(frozen=True, eq=False)
class _Seen:
    """Jets as the model sees them. subjet, species (J, N): of the constituents, -1 on padding; n, pt (J,)."""

    subjet: np.ndarray
    species: np.ndarray
    n: np.ndarray
    pt: np.ndarray

    @classmethod
    def of(cls, jets: ak.Array, study: Sparsity) -> "_Seen":
        jets = select(complete(jets))[0]
        n = ak.to_numpy(ak.num(jets["part_px"]))
        return cls(
            _padded(subjets(jets, study.subjets), int(n.max())),
            _padded(species(jets), int(n.max())),
            n,
            ak.to_numpy(jets["jet_pt"]).astype(float),
        )


def _padded(values: ak.Array, length: int) -> np.ndarray:
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, length, clip=True), -1)).astype(np.int64)


def _groups(study: Sparsity, seen: _Seen, truth: np.ndarray | None, classes: int) -> np.ndarray:
    """Which jets are in which group (J, G) bool: all, each class, each bin of multiplicity, each of pT."""
    of_class = np.full(len(seen.n), -1) if truth is None else truth
    bins = [
        np.digitize(values, edges)[:, None] == np.arange(1, len(edges))
        for values, edges in ((seen.n, study.n_edges), (seen.pt, study.pt_edges))
    ]
    everything = np.ones((len(seen.n), 1), bool)
    return np.concatenate((everything, of_class[:, None] == np.arange(classes), *bins), axis=1)


class _Sums:
    """Of one model: what becomes its HeadNumbers."""

    def __init__(self, study: Sparsity, tagger: Tagger):
        self._study = study
        layers, heads, classes = tagger.config.layers, tagger.config.heads, len(tagger.dataset.titles)
        ends = np.cumsum((1, classes, len(study.n_edges) - 1, len(study.pt_edges) - 1)).tolist()
        self._groups = {"all": slice(0, 1)} | {
            name: slice(*ends[i : i + 2]) for i, name in enumerate(("class", "n", "pt"))
        }
        self._numbers = Moments((ends[-1], len(KINDS), len(NAMES), layers, heads))
        self._where = Moments((ends[-1], 2))
        self._linear, self._log = Moments((layers, len(LINEAR) - 1)), Moments((layers, len(DECADES) - 1))
        self._species = Moments((len(KINDS), layers, heads, len(SPECIES), len(SPECIES)))

    def add(self, pattern: np.ndarray, mask: np.ndarray, seen: _Seen, groups: np.ndarray) -> None:
        numbers = _numbers(self._study, pattern, mask, seen)
        inside = groups.reshape(*groups.shape, 1, 1, 1, 1)
        self._numbers.add(np.where(inside, numbers[:, None], np.nan))
        self._where.add(np.where(groups[..., None], np.stack((seen.n, seen.pt), 1)[:, None], np.nan))
        pairs = mask[:, :, None] & mask[:, None, :]
        self._linear.add(_histogram(pattern, pairs, LINEAR))
        logs = np.log10(pattern, out=np.full_like(pattern, -np.inf), where=pattern > 0)
        self._log.add(_histogram(logs, pairs, DECADES))
        found, chance = between(pattern, seen.species, mask, len(SPECIES))
        chance = np.broadcast_to(chance[:, None, None], found.shape)
        self._species.add(np.stack((found, chance, found - chance), 1))

    def result(self) -> HeadNumbers:
        return HeadNumbers(
            self._numbers.result,
            self._where.result,
            self._groups,
            self._linear.result,
            self._log.result,
            self._species.result,
        )


def _numbers(study: Sparsity, pattern: np.ndarray, mask: np.ndarray, seen: _Seen) -> np.ndarray:
    """All quantities of all KINDS (J, K, Q, L, H)."""
    found = sparsity(pattern, mask, study.k, study.threshold)
    shuffled = dict(found)
    shuffled["identity_distance"] = np.broadcast_to((1 - 1 / seen.n)[:, None, None], pattern.shape[:3])
    weights = {"inter_subjet": pattern, "inter_subjet_edges": (pattern > study.edge).astype(np.float32)}
    for name, values in weights.items():
        found[name], shuffled[name] = inter_fraction(values, seen.subjet, mask)
    leptons = np.isin(seen.species, LEPTONS)
    found["to_leptons"], shuffled["to_leptons"] = share_to(pattern, leptons, mask)
    numbers, null = (np.stack([kind[name] for name in NAMES], 1) for kind in (found, shuffled))
    return np.stack((numbers, null, numbers - null), 1)


def _histogram(values: np.ndarray, pairs: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of the weights of each jet and layer in each bin (J, L, E - 1); values (J, L, H, N, N), pairs (J, N, N)."""
    jets, layers = values.shape[:2]
    width, bins = edges[1] - edges[0], len(edges) - 1
    place = np.clip((values - edges[0]) / width, 0, bins - 1).astype(np.int64)
    place += bins * np.arange(jets * layers).reshape(jets, layers, 1, 1, 1)
    wanted = np.broadcast_to(pairs[:, None, None], values.shape)
    counts = np.bincount(place[wanted], minlength=jets * layers * bins).reshape(jets, layers, bins)
    return counts / counts.sum(-1, keepdims=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = Sparsity()
    parser.add_argument("--k", type=int, default=default.k, help="of the top-k mass")
    parser.add_argument("--threshold", type=float, default=default.threshold, help="above it a row is near binary")
    parser.add_argument("--edge", type=float, default=default.edge, help="weights above it are edges")
    parser.add_argument("--subjets", type=int, default=default.subjets, help="exclusive kT subjets a jet has")
    parser.add_argument("--no-untrained", action="store_true", help="leave out the null of untrained weights")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the untrained weights")


def study_of(args: argparse.Namespace) -> Sparsity:
    return Sparsity(args.k, args.threshold, args.edge, args.subjets, untrained=not args.no_untrained, seed=args.seed)
