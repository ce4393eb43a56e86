"""Study `mean_attention`: the mean attention of each head over a sample, by rank in pT and over ΔR and kT.

Of two classes it gives the difference as well. The jets in which a head is sharpest are listed, so that one can look at
them.
Shapes: J jets, G groups (all jets, and two classes if they are chosen), L layers, H heads, N particles, R ranks,
B bins, S jets that are listed.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import awkward as ak
import numpy as np

from part.analysis.statistics.running_mean import Mean, RunningMean
from part.errors import PartError
from part.inference.activations import normalised_patterns
from part.inference.capabilities import require
from part.inference.tagger import Tagger
from part.jets.class_groups import class_group
from part.jets.kinematics import delta_r, eta, kt, phi, pt
from part.jets.preprocessing import has_momenta, keep_leading
from part.jets.schema import ENTRY, MOMENTA
from part.lazy import ShownInNotebooks
from part.options import option

DELTA_R = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.6)
KT = tuple(float(edge) for edge in 10 ** np.arange(-3, 2.01, 0.5))  # GeV
LISTED = 8


@dataclass(frozen=True)
class MeanAttentionStudy:
    """The mean attention of each head, and its difference between two classes.

    Parameters
    ----------
    ranks : int
        The leading constituents in pT whose mean attention to each other is kept.
    signal, background : str or None
        Classes or groups whose difference is taken; None for no difference.
    """

    ranks: int = option("leading constituents in pT", 12)
    signal: str | None = option("class or group whose attention is compared", None)
    background: str | None = option("class or group that it is compared with", None)

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 1
    needs_classes: ClassVar[bool] = False

    def check(self, tagger: Tagger) -> None:
        require(tagger, "mean attention", "particles")
        if not 2 <= self.ranks <= 128:
            raise PartError(f"ranks is {self.ranks}; expected 2 to 128.")
        if (self.signal is None) != (self.background is None):
            raise PartError("A difference of attention needs two classes: a signal and a background.")
        if self.signal is None or self.background is None:
            return
        groups = [class_group(tagger.dataset, name) for name in (self.signal, self.background)]
        if shared := set(groups[0].members) & set(groups[1].members):
            raise PartError(f"{groups[0].name} and {groups[1].name} share {tagger.dataset.classes[min(shared)]}.")

    def accumulator(self, tagger: Tagger) -> "MeanAttentionAccumulator":
        return MeanAttentionAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class MeanAttentionResult(ShownInNotebooks):
    """Mean attention over jets.

    Parameters
    ----------
    model : str
        Its name.
    groups : tuple of str (G,)
        "all jets", and the names of the two classes if there are.
    jets : tuple of int (G,)
        The number of jets.
    by_rank : Mean (G, L, H, R, R)
        The weight of a key of some rank in pT for a query of another, over the jets that have both.
    by_delta_r, by_kt : Mean (G, L, H, B)
        The weight of other particles in bins of ΔR and of kT [GeV], relative to equal weights for all: a head that
        looks at no distance in particular has 1.
    sharpest, sharpness : ndarray (L, H, S)
        The entries of the jets whose queries' strongest key has the largest mean weight, and that weight; -1 and NaN
        where there are fewer jets.
    """

    model: str
    groups: tuple[str, ...]
    jets: tuple[int, ...]
    by_rank: Mean
    by_delta_r: Mean
    by_kt: Mean
    sharpest: np.ndarray
    sharpness: np.ndarray

    def difference(self, name: str) -> Mean:
        """Return the first class minus the second one of "by_rank", "by_delta_r" or "by_kt".

        The jets of both are independent, so the variances add up. Raises PartError without two classes.
        """
        if len(self.groups) != 3:
            raise PartError("There is no difference of attention: the study has no two classes.")
        mean: Mean = getattr(self, name)
        error = np.hypot(mean.error[1], mean.error[2])
        return Mean(mean.value[1] - mean.value[2], error, np.minimum(mean.jets[1], mean.jets[2]))

    def rows(self) -> list[dict]:
        """Return a row for each group, head and bin of ΔR and kT."""
        rows = []
        for name, mean, edges in (("delta_r", self.by_delta_r, DELTA_R), ("kt", self.by_kt, KT)):
            for index in np.ndindex(mean.value.shape):
                group, layer, head, b = index
                row = {"group": self.groups[group], "layer": layer + 1, "head": head + 1, "quantity": name}
                row |= {"low": edges[b], "high": edges[b + 1], "relative_attention": _finite(mean.value[index])}
                rows.append(row | {"error": _finite(mean.error[index]), "jets": int(mean.jets[index])})
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the means and errors by name, the edges of the bins, and the sharpest jets."""
        arrays = {"groups": np.array(self.groups), "delta_r_edges": np.array(DELTA_R), "kt_edges": np.array(KT)}
        for name in ("by_rank", "by_delta_r", "by_kt"):
            mean: Mean = getattr(self, name)
            arrays |= {name: mean.value, f"{name}_error": mean.error, f"{name}_jets": mean.jets}
        return arrays | {"sharpest": self.sharpest, "sharpness": self.sharpness}


class MeanAttentionAccumulator:
    """The sums of the study."""

    def __init__(self, study: MeanAttentionStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        names = [name for name in (study.signal, study.background) if name is not None]
        self._classes = [class_group(tagger.dataset, name) for name in names]
        shape = (1 + len(names), tagger.config.layers, tagger.config.heads)
        self._jets = np.zeros(shape[0], int)
        self._rank = RunningMean((*shape, study.ranks, study.ranks))
        self._delta_r, self._kt = RunningMean((*shape, len(DELTA_R) - 1)), RunningMean((*shape, len(KT) - 1))
        self._entries, self._sharpness = np.zeros((0, *shape[1:]), int), np.zeros((0, *shape[1:]))

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        inside = self._groups_of(len(jets), labels)
        pattern, mask = normalised_patterns(self._tagger, jets)
        self._jets += inside.sum(0)
        self._add_sharpest(pattern, mask, jets)
        if not has_momenta(jets):
            return
        seen, length = keep_leading(jets)[0], mask.shape[1]
        momenta = [ak.to_numpy(ak.fill_none(ak.pad_none(seen[m], length, clip=True), 0.0)) for m in MOMENTA[:3]]
        self._rank.add(_of_groups(_by_rank(pattern, mask, pt(*momenta[:2]), self._study.ranks), inside))
        with np.errstate(invalid="ignore", divide="ignore"):  # padding has no direction
            direction, size = (eta(*momenta), phi(*momenta[:2])), pt(*momenta[:2])
            distance = delta_r(*(a[:, :, None] for a in direction), *(a[:, None] for a in direction))
        pairs = mask[:, :, None] & mask[:, None, :] & ~np.eye(mask.shape[1], dtype=bool)
        for sums, values, edges in (
            (self._delta_r, distance, DELTA_R),
            (self._kt, kt(size[:, :, None], size[:, None], distance), KT),
        ):
            sums.add(_of_groups(_relative(pattern, mask, pairs, values, edges), inside))

    def _groups_of(self, n_jets: int, labels: np.ndarray | None) -> np.ndarray:
        """Return which jets are in which group (J, G)."""
        everything = np.ones(n_jets, bool)
        if not self._classes:
            return everything[:, None]
        if labels is None:
            raise PartError("The difference of two classes needs jets with labels of the model's classes.")
        return np.stack([everything, *(np.isin(labels, group.members) for group in self._classes)], 1)

    def _add_sharpest(self, pattern: np.ndarray, mask: np.ndarray, jets: ak.Array) -> None:
        sharpness = (pattern.max(-1) * mask[:, None, None]).sum(-1) / mask.sum(1)[:, None, None]
        entries = ak.to_numpy(jets[ENTRY]) if ENTRY in jets.fields else np.full(len(mask), -1)
        self._keep_sharpest(np.broadcast_to(entries[:, None, None], sharpness.shape), sharpness)

    def _keep_sharpest(self, entries: np.ndarray, sharpness: np.ndarray) -> None:
        entries, sharpness = (np.concatenate(pair) for pair in ((self._entries, entries), (self._sharpness, sharpness)))
        order = np.lexsort((entries, -sharpness), axis=0)[:LISTED]
        self._entries, self._sharpness = (np.take_along_axis(a, order, 0) for a in (entries, sharpness))

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> Any:
        return self._jets, self._rank, self._delta_r, self._kt, self._entries, self._sharpness

    def merge(self, sums: Any) -> None:
        jets, rank, distance, transverse, entries, sharpness = sums
        self._jets += jets
        for own, other in ((self._rank, rank), (self._delta_r, distance), (self._kt, transverse)):
            own.merge(other)
        self._keep_sharpest(entries, sharpness)

    def result(self) -> MeanAttentionResult:
        missing = LISTED - len(self._entries)
        room = ((0, missing), (0, 0), (0, 0))
        return MeanAttentionResult(
            self._tagger.name,
            ("all jets", *(group.name for group in self._classes)),
            tuple(self._jets.tolist()),
            self._rank.result,
            self._delta_r.result,
            self._kt.result,
            np.moveaxis(np.pad(self._entries, room, constant_values=-1), 0, -1),
            np.moveaxis(np.pad(self._sharpness, room, constant_values=np.nan), 0, -1),
        )


def _of_groups(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return values (J, ...) of jets in each group (J, G, ...), NaN outside of it."""
    return np.where(inside.reshape(*inside.shape, *[1] * (values.ndim - 1)), values[:, None], np.nan)


def _by_rank(pattern: np.ndarray, mask: np.ndarray, size: np.ndarray, ranks: int) -> np.ndarray:
    """Return the weights (J, L, H, R, R) between the constituents of leading pT, NaN beyond the last one."""
    order = np.argsort(-np.where(mask, size, -1), axis=1, kind="stable")[:, :ranks]
    jets = np.arange(len(mask))[:, None, None]
    weights = pattern[jets, :, :, order[:, :, None], order[:, None]]  # (J, R, R, L, H)
    real = np.take_along_axis(mask, order, 1)
    weights = np.where((real[:, :, None] & real[:, None])[..., None, None], weights, np.nan).transpose(0, 3, 4, 1, 2)
    missing = ranks - order.shape[1]
    return np.pad(weights, ((0, 0),) * 3 + ((0, missing),) * 2, constant_values=np.nan)


def _relative(
    pattern: np.ndarray, mask: np.ndarray, pairs: np.ndarray, values: np.ndarray, edges: tuple[float, ...]
) -> np.ndarray:
    """Return the mean weight (J, L, H, B) of pairs in bins of values (J, N, N), in units of equal weights 1 / n."""
    bins = np.digitize(np.where(pairs, values, np.nan), edges) - 1
    inside = (bins[..., None] == np.arange(len(edges) - 1)) & pairs[..., None]
    inside = inside.reshape(len(mask), -1, len(edges) - 1).astype(np.float32)
    sums = pattern.reshape(*pattern.shape[:3], -1) @ inside[:, None]
    count = inside.sum(1)[:, None, None]
    n = mask.sum(1)[:, None, None, None]
    return np.divide(n * sums, count, out=np.full(sums.shape, np.nan), where=count > 0)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
