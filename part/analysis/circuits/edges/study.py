"""The study `edges`: how strongly each component acts on each other one between jets of two classes.

Donors are collected in a first pass where the corruption needs them, then all edges are scored by gradients, and the
strongest ones and all components are patched exactly.
Shapes: B pairs, E edges, N nodes, C classes.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import awkward as ak
import numpy as np

from part.analysis.attribution.target import class_target
from part.analysis.circuits.corruptions import CORRUPTIONS, check_corruption, find_corruption
from part.analysis.circuits.direct_logits import check_linear
from part.analysis.circuits.edges.changes import Changes, find_changes
from part.analysis.circuits.edges.exact import edge_patch, node_patch, patched
from part.analysis.circuits.edges.outputs import NAMES
from part.analysis.circuits.edges.result import KEPT, EdgesResult
from part.analysis.circuits.edges.scores import METHODS, score_edges
from part.analysis.circuits.edges.wiring import Wiring, flows
from part.analysis.circuits.pairs import Donors, make_pairs, match_tokens, of_classes, pair_classes
from part.analysis.circuits.study import logit_weights
from part.analysis.statistics.running_mean import Mean, RunningMean, merge_means
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.class_groups import class_group
from part.jets.hashing import jet_hashes
from part.models.config import ParTConfig
from part.models.numerics.int8 import int8_scheme
from part.options import option

EXACT_PAIRS = 64  # the pairs of the lowest hashes, on which edges are patched exactly
PAIRS_AT_ONCE = 8
RESOLUTION = 1e-4  # of the strongest edge, below which strengths count as equal
MAX_STEPS, MAX_EXACT = 100, 1000


@dataclass(frozen=True)
class EdgesStudy:
    """The edges between the components of a model.

    Pairs are made as `part.analysis.circuits.pairs` says: clean jets are those of the target class.

    Parameters
    ----------
    target_class, contrast_class : str
        The class or group of the clean jets, "" for Tbqq or the first one, and the one whose logits are subtracted and
        whose jets corrupt them, "" for QCD or the last one. Logits of a group are their mean.
    corruption : str
        A name of `part.analysis.circuits.corruptions.CORRUPTIONS`.
    method, steps
        "integrated" or "gradient", see `part.analysis.circuits.edges.scores`.
    exact : int
        How many of the strongest edges are patched exactly, and as many of the others, evenly spaced in the logarithm
        of their rank; with 0 components are not patched, either.
    """

    target_class: str = option("class or group of the clean jets (Tbqq, or the first one)", "", flag="--class")
    contrast_class: str = option("class or group that it is compared with (QCD, or the last one)", "", flag="--against")
    corruption: str = option("what the corrupted jet of a pair is", "class", choices=tuple(CORRUPTIONS))
    method: str = option("gradients on the way to the corrupted jet, or at the clean one", METHODS[0], choices=METHODS)
    steps: int = option("number of gradients on the way", 5)
    exact: int = option("number of edges of which the exact value is measured", 24)

    batch_size: ClassVar[int] = 32

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise PartError(f"There is no method {self.method!r}; choose one of {', '.join(METHODS)}.")
        for name, value, low, high in (("steps", self.steps, 1, MAX_STEPS), ("exact", self.exact, 0, MAX_EXACT)):
            if not low <= value <= high:
                raise PartError(f"{name} is {value}; expected {low} to {high}.")

    @property
    def stages(self) -> tuple[str, ...]:
        """What each pass over the sample collects."""
        donors = ("donors",) if find_corruption(self.corruption).needs_donors else ()
        return (*donors, "scores", *(["exact"] if self.exact else []))

    @property
    def n_passes(self) -> int:
        return len(self.stages)

    def check(self, tagger: Tagger) -> None:
        if int8_scheme(tagger.model):
            raise PartError(f"{tagger.name} has no edges: it computes in int8, which has no gradients.")
        check_linear(tagger, "edges")
        check_corruption(tagger, self.corruption)
        pair_classes(tagger.dataset, self.target_class, self.contrast_class)

    def accumulator(self, tagger: Tagger) -> "EdgesAccumulator":
        return EdgesAccumulator(self, tagger)


class EdgesAccumulator:
    """The sums of an `EdgesStudy`."""

    def __init__(self, study: EdgesStudy, tagger: Tagger):
        self._study, self._tagger, self._stage = study, tagger, 0
        self._classes = pair_classes(tagger.dataset, study.target_class, study.contrast_class)
        self._members = class_group(tagger.dataset, self._classes[0]).members
        self._weights = logit_weights(tagger, *self._classes)
        self._corruption = find_corruption(study.corruption)
        self._wiring = Wiring(cast(ParTConfig, tagger.config))
        self._donors = Donors(tagger.dataset, self._classes[1])
        n_edges, n_nodes = len(self._wiring.edges), len(self._wiring.nodes)
        self._scores = {"edges": RunningMean((n_edges,)), "nodes": RunningMean((n_nodes,))}
        self._scores |= {name: RunningMean() for name in ("clean", "corrupted", "matched")}
        self._keys: list[int] = []  # of the pairs that are patched exactly
        self._chosen = np.empty(0, np.int64)  # edges that are patched exactly, the strongest first
        self._exact: dict[str, RunningMean] = {}

    @property
    def stage(self) -> str:
        return self._study.stages[self._stage]

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if self.stage == "donors":
            self._donors.add(jets, labels)
            return
        clean = jets[of_classes(labels, self._members)]
        keys = jet_hashes(clean)
        if self.stage == "exact":
            clean = clean[np.isin(keys, self._keys)]
        else:
            self._keys = sorted([*self._keys, *keys.tolist()])[:EXACT_PAIRS]
        for start in range(0, len(clean), PAIRS_AT_ONCE):
            self._measure(clean[start : start + PAIRS_AT_ONCE])

    def _measure(self, jets: ak.Array) -> None:
        pairs = make_pairs(jets, self._corruption, self._donors)
        clean, corrupted = (CachedForward(self._tagger, j, NAMES) for j in (pairs.clean, pairs.corrupted))
        match = match_tokens(pairs, clean, corrupted)
        changes = find_changes(self._wiring, clean, corrupted, match)
        study = self._study
        scores = score_edges(self._wiring, clean, changes, self._weights, study.method, study.steps)
        values = scores.cpu().numpy().astype(np.float64)
        if self.stage == "exact":
            self._add_exact(clean, changes, values)
            return
        sender = self._wiring.edges[:, 0]
        nodes = np.stack([np.bincount(sender, row, len(self._wiring.nodes)) for row in values])
        real = clean.mask.sum(1)
        found = {"edges": values, "nodes": nodes, "matched": ((match >= 0).sum(1) / real).cpu().numpy()}
        found |= {"clean": self._difference(clean), "corrupted": self._difference(corrupted)}
        for name, mean in self._scores.items():
            mean.add(found[name])

    def _difference(self, forward: CachedForward) -> np.ndarray:
        return (forward.probabilities.double().clamp(min=1e-38).log() * self._weights).sum(-1).cpu().numpy()

    def _add_exact(self, clean: CachedForward, changes: Changes, values: np.ndarray) -> None:
        wiring, nodes = self._wiring, range(len(self._wiring.nodes) - 1)
        patches = [edge_patch(wiring, clean, changes, edge) for edge in self._chosen.tolist()]
        effects = patched(clean, [*patches, *(node_patch(wiring, changes, node) for node in nodes)], self._weights)
        found = effects.cpu().numpy()
        self._exact["exact"].add(found[:, : len(patches)])
        self._exact["compared"].add(values[:, self._chosen])
        self._exact["nodes"].add(found[:, len(patches) :])

    def next_pass(self) -> None:
        self._stage += 1
        if self.stage != "exact":
            return
        self._chosen = self._choose(self._study.exact)
        n = len(self._chosen)
        shapes = {"exact": n, "compared": n, "nodes": len(self._wiring.nodes) - 1}
        self._exact = {name: RunningMean((size,)) for name, size in shapes.items()}

    def _choose(self, n: int) -> np.ndarray:
        """Return the n strongest edges, and as many of the others, evenly spaced in the logarithm of their rank."""
        order = self._by_strength()
        if n >= len(order):
            return order
        ranks = np.unique(np.geomspace(n + 1, len(order), n).round().astype(int)) - 1
        return np.concatenate([order[:n], order[ranks]])

    def _by_strength(self) -> np.ndarray:
        """Return the edges by falling strength; what differs by rounding alone keeps the order of the forward pass."""
        size = np.abs(np.nan_to_num(self._scores["edges"].result.value))
        steps = np.round(size / max(size.max(), 1e-30) / RESOLUTION)
        return np.argsort(-steps, kind="stable")

    @property
    def sums(self) -> Any:
        """What the present pass collects."""
        if self.stage == "donors":
            return self._donors.sums
        return self._exact if self.stage == "exact" else (self._scores, self._keys)

    def merge(self, sums: Any) -> None:
        if self.stage == "donors":
            self._donors.merge(sums)
        elif self.stage == "exact":
            merge_means(self._exact, sums)
        else:
            scores, keys = sums
            merge_means(self._scores, scores)
            self._keys = sorted([*self._keys, *keys])[:EXACT_PAIRS]

    def result(self) -> EdgesResult:
        means = {name: mean.result for name, mean in self._scores.items()}
        if not means["clean"].jets:
            raise PartError(f"There are no {self._classes[0]} jets among these; expected some to make pairs of.")
        wiring, study = self._wiring, self._study
        order = self._by_strength()
        kept = order[(np.arange(len(order)) < KEPT) | np.isin(order, self._chosen)]
        groups, flow = flows(wiring, means["edges"].value)
        return EdgesResult(
            model=self._tagger.name,
            target=class_target(self._tagger.dataset, *self._classes).title(self._tagger.dataset),
            corruption=self._corruption.about,
            method=f"integrated gradients, {study.steps} steps" if study.method == "integrated" else "gradients",
            nodes=wiring.nodes,
            edges=wiring.edges[kept, :3],
            score=Mean(means["edges"].value[kept], means["edges"].error[kept], means["edges"].jets[kept]),
            exact=self._of_edges("exact", kept),
            compared=self._of_edges("compared", kept),
            n_strongest=min(study.exact, len(order)),
            node_scores=means["nodes"],
            node_effects=self._spread("nodes", np.arange(len(wiring.nodes) - 1), len(wiring.nodes)),
            flow=flow,
            groups=groups,
            clean=means["clean"],
            corrupted=means["corrupted"],
            matched=float(means["matched"].value),
            n_edges=len(wiring.edges),
        )

    def _of_edges(self, name: str, kept: np.ndarray) -> Mean:
        spread = self._spread(name, self._chosen, len(self._wiring.edges))
        return Mean(spread.value[kept], spread.error[kept], spread.jets[kept])

    def _spread(self, name: str, places: np.ndarray, size: int) -> Mean:
        """Return a mean of the last pass at its places among `size`, with NaN elsewhere."""
        value, error, jets = np.full(size, np.nan), np.full(size, np.nan), np.zeros(size, int)
        if name in self._exact:
            mean = self._exact[name].result
            value[places], error[places], jets[places] = mean.value, mean.error, mean.jets
        return Mean(value, error, jets)
