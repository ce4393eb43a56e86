"""Study `patching`: the recovery of `patching`, over the jets of a class that are corrupted by those of another.

Shapes: J clean jets, L layers, R places of a layer.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.intervention.patching import CORRUPTIONS, PARTS, Recovery, flavoured, patch
from part.errors import PartError
from part.inference.forward import check_attention, jet_keys
from part.inference.tagger import Tagger
from part.jets.schema import IDENTITY

DONORS = 64


@dataclass(frozen=True)
class Patching:
    """clean, corrupted: classes, as "Tbqq" and "QCD". part: "head" or "pattern". corruption: see `patching`.

    Donors are the DONORS jets of the corrupted class whose `jet_keys` are lowest; a clean jet takes of them the one
    with the number of constituents nearest to its own. A pair whose logit difference the corruption does not lower
    has nothing to recover and is left out.
    """

    clean: str = "Tbqq"
    corrupted: str = "QCD"
    part: str = "head"
    corruption: str = "jet"

    block: ClassVar[int] = 16
    passes: ClassVar[int] = 2

    def check(self, tagger: Tagger) -> None:
        check_attention(tagger)
        for name in (self.clean, self.corrupted):
            if name not in tagger.dataset.classes:
                raise PartError(f"There is no class {name!r}; choose of {', '.join(tagger.dataset.classes)}.")
        if self.clean == self.corrupted:
            raise PartError(f"Patching needs jets of two classes, not of {self.clean} alone.")
        if self.part not in PARTS[:2] or self.corruption not in CORRUPTIONS:
            raise PartError(f"Over a sample, {' or '.join(PARTS[:2])} is patched, by {' or '.join(CORRUPTIONS)}.")
        if self.corruption == "flavour" and not set(IDENTITY) <= set(tagger.features.branches):
            raise PartError(f"{tagger.name} sees no species, so it cannot be corrupted by flavour.")

    def begin(self, tagger: Tagger) -> "PatchingUnderWay":
        return PatchingUnderWay(self, tagger)


@dataclass(frozen=True, eq=False)
class PatchingFound:
    """study; value, error (L, H + 1): mean patched over mean clean less corrupted logit difference, the last column
    for all heads of a layer, with its standard error over jets (of a ratio, to first order). jets: pairs."""

    study: Patching
    value: np.ndarray
    error: np.ndarray
    jets: int

    def rows(self) -> list[dict]:
        layers, places = self.value.shape
        return [
            {
                "layer": layer + 1,
                "head": "all" if head == places - 1 else str(head + 1),
                "recovery": float(self.value[layer, head]),
                "error": float(self.error[layer, head]),
                "jets": self.jets,
            }
            for layer in range(layers)
            for head in range(places)
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        """recovery and error (L, H + 1)"""
        return {"recovery": self.value, "error": self.error, "jets": np.array(self.jets)}


class PatchingUnderWay:
    def __init__(self, study: Patching, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._clean, self._corrupted = (tagger.dataset.classes.index(c) for c in (study.clean, study.corrupted))
        self._donors: list[tuple[int, ak.Array]] = []
        self._collecting = True
        self._found: list[Recovery] = []

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        if truth is None:
            raise PartError("Patching a sample needs jets with labels.")
        if self._collecting:
            chosen = jets[truth == self._corrupted]
            some = [(key, chosen[i : i + 1]) for i, key in enumerate(jet_keys(chosen).tolist())]
            self._donors = sorted([*self._donors, *some], key=lambda donor: donor[0])[:DONORS]
            return
        chosen = jets[truth == self._clean]
        self._found += [self._patched(chosen[i : i + 1]) for i in range(len(chosen))]

    def _patched(self, jet: ak.Array) -> Recovery:
        if not self._donors:
            raise PartError(f"There are no {self._study.corrupted} jets among these to patch from.")
        n = len(jet[0]["part_px"])
        donor = min(self._donors, key=lambda one: abs(len(one[1][0]["part_px"]) - n))[1]
        other = donor if self._study.corruption == "jet" else flavoured(jet, donor)
        return patch(self._tagger, jet, other, self._study.part)

    def next_pass(self) -> None:
        self._collecting = False

    def result(self) -> PatchingFound:
        found = [r for r in self._found if r.clean > r.corrupted]
        if not found:
            study = self._study
            raise PartError(f"No {study.clean} jet among these has a prediction to recover from {study.corrupted}.")
        whole = np.array([r.clean - r.corrupted for r in found])
        back = np.stack([r.patched - r.corrupted for r in found])
        value = back.mean(0) / whole.mean()
        off = (back - value * whole[:, None, None]) / whole.mean()
        several = len(found) > 1
        error = off.std(0, ddof=1) / np.sqrt(len(found)) if several else np.full(value.shape, np.nan)
        return PatchingFound(self._study, value, error, len(found))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clean", default="Tbqq", help="class of the jets that are patched from")
    parser.add_argument("--corrupted", default="QCD", help="class of the jets that corrupt them")
    parser.add_argument("--part", choices=PARTS[:2], default="head", help="what is patched")
    parser.add_argument("--corruption", choices=CORRUPTIONS, default="jet", help="another jet, or only its flavour")


def study_of(args: argparse.Namespace) -> Patching:
    return Patching(args.clean, args.corrupted, args.part, args.corruption)
