"""Study `importance`: how much each head, each layer's attention, the bias, q·k and each species matter.

Shapes: A targets, J jets, L layers, H heads.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import awkward as ak
import numpy as np

from part.analysis.intervention.ablation import AblationTarget, ablate, ablation_targets
from part.analysis.intervention.effects import Change, measure_changes
from part.analysis.intervention.reference import HEAD_OUTPUT, REPLACEMENTS, Reference
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.class_groups import merge_classes
from part.jets.hashing import jet_hashes
from part.lazy import ShownInNotebooks
from part.options import option

GROUPS_HELP = 'groups of classes that count as one class each, such as "QCD_*" or "bb=Hbb,Zbb"'
LAYER_KINDS = ("attention", "bias", "q·k")  # targets of a layer beside its heads
_STATISTICS = ("low", "high", "p")


@dataclass(frozen=True)
class ImportanceStudy:
    """Ablations of all targets of a model, one by one, over a sample.

    The probabilities of the whole sample are kept, 4 kB for a jet.

    Parameters
    ----------
    replacement : str
        What replaces a head's output: "zero", its "mean" over the sample, or "resample", its output for another jet
        of the sample; see `ablation`.
    draws : int
        The number of bootstrap draws.
    groups : tuple of str
        Groups of classes that count as one class each in all measures, see `part.jets.class_groups`.

    Examples
    --------
    >>> result = study_jets(ImportanceStudy(), tagger, jets)
    >>> result.heads("accuracy"), result.heads("accuracy", "significant")
    """

    replacement: str = option("what replaces a head's output", "zero", flag="--instead", choices=REPLACEMENTS)
    draws: int = option("bootstrap draws", 300)
    groups: tuple[str, ...] = option(GROUPS_HELP, (), flag="--group", nargs="+", metavar="GROUP")

    batch_size: ClassVar[int] = 16
    is_of_last_pass: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.replacement not in REPLACEMENTS:
            raise PartError(f"Heads cannot give way to {self.replacement!r}; choose one of {', '.join(REPLACEMENTS)}.")
        if self.draws < 2:
            raise PartError(f"{self.draws} bootstrap draws give no interval; expected 2 or more.")

    @property
    def n_passes(self) -> int:
        return 1 if self.replacement == "zero" else 2

    def check(self, tagger: Tagger) -> None:
        ablation_targets(tagger)
        merge_classes(tagger.dataset, self.groups)

    def accumulator(self, tagger: Tagger) -> "ImportanceAccumulator":
        return ImportanceAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class ImportanceResult(ShownInNotebooks):
    """The change of each measure by each ablation.

    Parameters
    ----------
    targets : tuple of AblationTarget (A,)
    changes : dict of str to Change
        By measure, see `effects.measure_changes`.
    jets : int
        The number of jets.
    """

    targets: tuple[AblationTarget, ...]
    changes: dict[str, Change]
    jets: int

    def heads(self, measure: str, statistic: str = "value") -> np.ndarray:
        """Return a map of the heads.

        Parameters
        ----------
        measure : str
            One of `changes`, for instance "accuracy".
        statistic : str
            "value", "low", "high", "p" or "significant".

        Returns
        -------
        ndarray (L, H)
        """
        values, others = self.table(measure, statistic)
        return values[:, : values.shape[1] - len(others)]

    def table(self, measure: str, statistic: str = "value", kind: str = "head") -> tuple[np.ndarray, tuple[str, ...]]:
        """Return the map of the heads and, as further columns, the other targets of each layer, with their names.

        Parameters
        ----------
        measure, statistic : str
            See `heads`.
        kind : str
            "head" or "class head".
        """
        targets = self.targets
        extra = [k for k in LAYER_KINDS if AblationTarget(k, 0) in targets] if kind == "head" else ["class attention"]
        values = dict(zip(targets, getattr(self.changes[measure], statistic), strict=True))
        layers = 1 + max(target.layer or 0 for target in targets if target.kind == kind)
        heads = 1 + max(target.head or 0 for target in targets if target.kind == kind)
        rows = [
            [values[AblationTarget(kind, layer, head)] for head in range(heads)]
            + [values[AblationTarget(k, layer)] for k in extra]
            for layer in range(layers)
        ]
        return np.array(rows), tuple(extra)

    def rows(self) -> list[dict]:
        """Return a row for each target."""
        rows = []
        for a, target in enumerate(self.targets):
            row: dict[str, Any] = {"target": str(target), "kind": target.kind}
            row |= {name: _from_one(getattr(target, name)) for name in ("layer", "head")}
            for name, change in self.changes.items():
                row[f"delta_{name}"] = _finite(change.value[a])
                row |= {f"{statistic}_{name}": _finite(getattr(change, statistic)[a]) for statistic in _STATISTICS}
            rows.append(row | {"jets": self.jets})
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the `target` names (A,), and for each measure M full_M, and delta_M, low_M, high_M, p_M (A,)."""
        arrays = {"target": np.array([str(target) for target in self.targets])}
        for name, change in self.changes.items():
            arrays |= {f"full_{name}": np.array(change.full), f"delta_{name}": change.value}
            arrays |= {f"{statistic}_{name}": getattr(change, statistic) for statistic in _STATISTICS}
        return arrays


class ImportanceAccumulator:
    """The probabilities of the sample; where heads are not replaced by zero, the reference in a pass before that."""

    def __init__(self, study: ImportanceStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._targets = ablation_targets(tagger)
        self._reference = None if study.n_passes == 1 else Reference()
        self._collects_reference = study.n_passes > 1
        self._hashes: list[np.ndarray] = []
        self._labels: list[np.ndarray | None] = []
        self._probabilities: list[np.ndarray] = []

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if self._reference is not None and self._collects_reference:
            self._reference.add(CachedForward(self._tagger, jets, {HEAD_OUTPUT}), jets)
            return
        forward = CachedForward(self._tagger, jets, {HEAD_OUTPUT})
        ablated = ablate(forward, jets, self._targets, self._study.replacement, self._reference)
        self._probabilities.append(np.concatenate((forward.probabilities[None].cpu().numpy(), ablated.cpu().numpy())))
        self._hashes.append(jet_hashes(jets))
        self._labels.append(labels)

    def next_pass(self) -> None:
        self._collects_reference = False

    @property
    def sums(self) -> Any:
        """What the present pass collects: the reference, or hashes, labels and probabilities."""
        if self._collects_reference:
            return self._reference
        return self._hashes, self._labels, self._probabilities

    def merge(self, sums: Any) -> None:
        if self._reference is not None and self._collects_reference:
            self._reference.merge(sums)
        else:
            for own, others in zip(self.sums, sums, strict=True):
                own += others

    def result(self) -> ImportanceResult:
        # Sorted by content, so that the bootstrap draws do not depend on the order in which jets were read.
        order = np.argsort(np.concatenate(self._hashes), kind="stable")
        label_batches = [labels for labels in self._labels if labels is not None]
        labels = np.concatenate(label_batches)[order] if len(label_batches) == len(self._labels) else None
        merged = merge_classes(self._tagger.dataset, self._study.groups)
        probabilities = merged.probabilities(np.concatenate(self._probabilities, axis=1)[:, order])
        labels = None if labels is None else merged.truth(labels)
        changes = measure_changes(probabilities, labels, merged.dataset, self._study.draws)
        return ImportanceResult(self._targets, changes, len(order))


def _from_one(index: int | None) -> int | None:
    return None if index is None else index + 1


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
