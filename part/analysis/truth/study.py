"""Study `truth`: how much of the attention of each head, and of each attribution, falls on the prongs of a jet.

The prongs are the partons that a simulation says a jet comes from, each with the constituents near it. Beside each
share is the one that is expected if the same numbers of constituents were drawn at random, see `overlap`.
Shapes: J jets, R sources of importance, N particles, G groups of particles, B groups of jets.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.attribution.importance import METHODS_HELP, WITHOUT_SHAPLEY, ParticleImportance, chosen_methods
from part.analysis.attribution.methods import METHODS
from part.analysis.attribution.target import CONTRAST_HELP, TARGET_HELP, requested_target
from part.analysis.statistics.bins import PT_EDGES, PT_HELP, check_edges, jet_pt, of_groups, pt_groups
from part.analysis.statistics.running_mean import RunningMean, merge_means
from part.analysis.truth.overlap import (
    GROUPS,
    auc,
    group_members,
    random_overlap,
    shares,
    shuffled_shares,
    top_overlap,
)
from part.analysis.truth.prongs import MATCH_HELP, MATCHES, Prongs, find_prongs
from part.analysis.truth.results import TruthResult
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.notices import plural, say
from part.options import option

WITHOUT = "do not say which prongs they have; expected jagged parton_* or aux_genpart_* with the partons of the decay"


@dataclass(frozen=True)
class TruthStudy:
    """The share of each head's attention and of each attribution on the prongs of jets, and how well both overlap.

    Parameters
    ----------
    methods : tuple of str
        Names in `METHODS`; by default all that the model supports but Shapley values.
    target_class, contrast_class : str
        What is attributed, see `AttributionStudy`.
    match : str
        How constituents are matched to prongs, see `part.jets.truth.match`.
    k : int
        How many of the most important constituents are compared with a prong's; 0 for as many as it has.
    pt_edges : tuple of float
        Bins of the jets in pT [GeV], each [low, high).
    """

    methods: tuple[str, ...] = option(METHODS_HELP, (), nargs="+", choices=tuple(METHODS))
    target_class: str = option(TARGET_HELP, "", flag="--class", metavar="CLASS")
    contrast_class: str = option(CONTRAST_HELP, "", flag="--against", metavar="CLASS")
    match: str = option(MATCH_HELP, "deltaR", choices=MATCHES)
    k: int = option("most important constituents that are compared with a prong's; 0 for as many as it has", 0)
    pt_edges: tuple[float, ...] = option(PT_HELP, PT_EDGES, nargs="+", parse=float)

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.match not in MATCHES or self.k < 0:
            raise PartError(f"matching by {self.match} and k of {self.k}; expected {' or '.join(MATCHES)} and k >= 0.")
        check_edges(self.pt_edges)

    @property
    def remark(self) -> str | None:
        """What was left out without being asked for, or None."""
        return None if self.methods else WITHOUT_SHAPLEY

    def check(self, tagger: Tagger) -> None:
        chosen_methods(tagger, self.methods)
        requested_target(tagger, self.target_class, self.contrast_class)

    def accumulator(self, tagger: Tagger) -> "TruthAccumulator":
        return TruthAccumulator(self, tagger)


class TruthAccumulator:
    """The sums of a `TruthStudy` over the jets whose prongs are known."""

    def __init__(self, study: TruthStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        methods = chosen_methods(tagger, study.methods)
        self._importance = ParticleImportance(tagger, methods, study.target_class, study.contrast_class)
        b, r, g = len(study.pt_edges), len(self._importance.sources), len(GROUPS)
        by_source = ("share", "excess", "variance", "auc", "overlap")
        shapes = dict.fromkeys(by_source, (b, r, g)) | {"shuffled": (b, g), "random_overlap": (b, g), "pt": (b,)}
        self._sums = {name: RunningMean(shape) for name, shape in shapes.items()}
        self._jets = self._left_out = 0

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        prongs = find_prongs(jets, self._study.match)
        known = prongs.count > 0
        self._jets += len(jets)
        self._left_out += int((~known).sum())
        if not known.any():
            return
        importance, mask = self._importance(jets[known])
        prongs = prongs.select(known, mask.shape[1])
        pt = jet_pt(jets[known])
        groups = pt_groups(pt, self._study.pt_edges)
        measures = measure(importance, prongs, mask, self._study.k) | {"pt": pt}
        for name, values in measures.items():
            self._sums[name].add(of_groups(values, groups))

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> tuple[dict[str, RunningMean], int, int]:
        return self._sums, self._jets, self._left_out

    def merge(self, sums: tuple[dict[str, RunningMean], int, int]) -> None:
        means, jets, left_out = sums
        merge_means(self._sums, means)
        self._jets += jets
        self._left_out += left_out

    def result(self) -> TruthResult:
        if self._left_out == self._jets:
            raise PartError(f"None of {plural(self._jets, 'jet')} can be compared with the truth: they {WITHOUT}.")
        if self._left_out:
            say(f"Left out of the comparison with the truth: {plural(self._left_out, 'jet')} without known prongs.")
        means = {name: sums.result for name, sums in self._sums.items()}
        study = self._study
        return TruthResult(
            model=self._tagger.name,
            match=study.match,
            k=study.k,
            pt_edges=study.pt_edges,
            sources=self._importance.sources,
            means=means,
            jets=self._jets,
            left_out=self._left_out,
        )


def measure(importance: np.ndarray, prongs: Prongs, mask: np.ndarray, k: int = 0) -> dict[str, np.ndarray]:
    """Return the measures of `TruthResult.means` for each jet, NaN for groups of particles that a jet does not have.

    Parameters
    ----------
    importance : ndarray (J, R, N)
        Each sums to 1 over the particles of a jet.
    prongs : Prongs
        Those of the J jets.
    mask : ndarray (J, N), bool
        True = real.
    k : int
        See `TruthStudy`.
    """
    members, has_group = group_members(prongs, mask)
    observed = shares(importance, members)
    mean, variance = shuffled_shares(importance, members, mask)
    defined = np.where(has_group, 1.0, np.nan)
    return {
        "share": observed * defined[:, None],
        "excess": (observed - mean[:, None]) * defined[:, None],
        "variance": variance * defined[:, None],
        "shuffled": mean * defined,
        "auc": auc(importance, members, mask),
        "overlap": top_overlap(importance, members, mask, k),
        "random_overlap": random_overlap(members, mask, k),
    }
