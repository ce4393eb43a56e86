"""Study `importance`: how much each head matters, and each layer's attention, the bias, q·k, the species.

Shapes: A targets, J jets, B jets of a block, L layers, H heads, C classes.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.intervention.ablation import INSTEAD, Reference, Target, ablate, targets_of
from part.analysis.intervention.effects import Change, changes
from part.errors import PartError
from part.inference.forward import Pass, jet_keys
from part.inference.tagger import Tagger

LAYER_KINDS = ("attention", "bias", "q·k")  # of a layer, beside its heads


@dataclass(frozen=True)
class Importance:
    """instead: what a head's output gives way to, "zero", its "mean" over the sample or a "resample" from another jet
    of it (see `ablation`). draws: of the bootstrap. The sample's probabilities are kept, 4 kB a jet."""

    instead: str = "zero"
    draws: int = 300

    block: ClassVar[int] = 16

    def __post_init__(self):
        if self.instead not in INSTEAD:
            raise PartError(f"Heads cannot give way to {self.instead!r}; choose one of {', '.join(INSTEAD)}.")

    @property
    def passes(self) -> int:
        return 1 if self.instead == "zero" else 2

    def check(self, tagger: Tagger) -> None:
        targets_of(tagger)

    def begin(self, tagger: Tagger) -> "ImportanceUnderWay":
        return ImportanceUnderWay(self, tagger)


@dataclass(frozen=True, eq=False)
class ImportanceFound:
    """changes: of each measure by each of the targets (A,), see `effects.changes`. jets: how many."""

    targets: tuple[Target, ...]
    changes: dict[str, Change]
    jets: int

    def heads(self, measure: str, part: str = "value") -> np.ndarray:
        """A part of the change of a measure ("value", "low", "high", "p" or "significant"): (L, H)."""
        values, others = self.table(measure, part)
        return values[:, : values.shape[1] - len(others)]

    def table(self, measure: str, part: str = "value", kind: str = "head") -> tuple[np.ndarray, tuple[str, ...]]:
        """As `heads`, of kind "head" or "class head", and as more columns what else its layer has, with their names."""
        extra = [k for k in LAYER_KINDS if Target(k, 0) in self.targets] if kind == "head" else ["class attention"]
        values = dict(zip(self.targets, getattr(self.changes[measure], part), strict=True))
        layers = 1 + max(target.layer for target in self.targets if target.kind == kind)
        heads = 1 + max(target.head for target in self.targets if target.kind == kind)
        rows = [
            [values[Target(kind, layer, head)] for head in range(heads)] + [values[Target(k, layer)] for k in extra]
            for layer in range(layers)
        ]
        return np.array(rows), tuple(extra)

    def rows(self) -> list[dict]:
        rows = []
        for a, target in enumerate(self.targets):
            row = {"target": str(target), "kind": target.kind}
            row |= {name: _counted(getattr(target, name)) for name in ("layer", "head")}
            for name, change in self.changes.items():
                row[f"delta_{name}"] = _number(change.value[a])
                row |= {f"{part}_{name}": _number(getattr(change, part)[a]) for part in ("low", "high", "p")}
            rows.append(row | {"jets": self.jets})
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """target (A,) names; full_M: measure M of the model as it is; delta_M, low_M, high_M, p_M (A,)."""
        found = {"target": np.array([str(target) for target in self.targets])}
        for name, change in self.changes.items():
            found |= {f"full_{name}": np.array(change.full), f"delta_{name}": change.value}
            found |= {f"{part}_{name}": getattr(change, part) for part in ("low", "high", "p")}
        return found


class ImportanceUnderWay:
    def __init__(self, study: Importance, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._targets = targets_of(tagger)
        self._reference = None if study.passes == 1 else Reference()
        self._referring = study.passes > 1
        self._keys, self._truth, self._found = [], [], []

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        if self._referring:
            self._reference.add(Pass(self._tagger, jets, {"mixed"}), jets)
            return
        passed = Pass(self._tagger, jets)
        without = ablate(passed, jets, self._targets, self._study.instead, self._reference)
        self._found.append(np.concatenate((passed.probabilities[None].cpu().numpy(), without.cpu().numpy())))
        self._keys.append(jet_keys(jets))
        self._truth.append(truth)

    def next_pass(self) -> None:
        self._referring = False

    def result(self) -> ImportanceFound:
        order = np.argsort(np.concatenate(self._keys), kind="stable")  # the draws do not depend on who read the jets
        labels = None if any(t is None for t in self._truth) else np.concatenate(self._truth)[order]
        found = np.concatenate(self._found, axis=1)[:, order]
        return ImportanceFound(
            self._targets, changes(found, labels, self._tagger.dataset, self._study.draws), len(order)
        )


def _counted(value: int | None) -> int | None:
    return None if value is None else value + 1


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--instead", choices=INSTEAD, default="zero", help="what a head's output gives way to")
    parser.add_argument("--draws", type=int, default=300, help="of the bootstrap")


def study_of(args: argparse.Namespace) -> Importance:
    return Importance(args.instead, args.draws)
