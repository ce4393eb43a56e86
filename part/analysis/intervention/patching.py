"""Study `patching`: the recovery of `activation_patching`, over jets of one class corrupted by jets of another.

Shapes: L layers, H heads.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.intervention.ablation import check_attention
from part.analysis.intervention.activation_patching import (
    COMPONENTS,
    CORRUPTIONS,
    Recovery,
    patch_forward,
    tap_names,
    with_flavour_of,
)
from part.analysis.statistics.metrics import background_class
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.class_groups import class_group
from part.jets.features import multiplicities
from part.jets.hashing import jet_hashes
from part.jets.schema import IDENTITY, Dataset
from part.lazy import ShownInNotebooks
from part.options import option

DONORS = 64
HEAD_COMPONENTS = COMPONENTS[:2]  # particles of different jets have no common place to average states at


@dataclass(frozen=True)
class PatchingStudy:
    """Activation patching over a sample.

    Donors are the DONORS jets of the corrupted class with the lowest `jet_hashes`; each clean jet takes the one whose
    number of constituents is nearest to its own. Pairs whose logit difference the corruption does not lower have
    nothing to recover and are left out.

    Parameters
    ----------
    clean, corrupted : str, optional
        Classes or groups as `class_group` reads them, by default "Tbqq" and "QCD". For a model without a class QCD it
        is the last one, and without Tbqq the first other one. If one of them is a group of several classes, its
        summed probability is compared with that of the other; two single classes only choose the jets, and the logit
        difference is that of `activation_patching`.
    component : str
        "head" or "pattern".
    corruption : str
        "jet" or "flavour", see `activation_patching`.
    """

    clean: str | None = option(
        "class or group of the jets whose activations are patched in (Tbqq, or the first one)", None
    )
    corrupted: str | None = option("class or group of the jets that corrupt them (QCD, or the last one)", None)
    component: str = option("what is patched", "head", flag="--part", choices=HEAD_COMPONENTS)
    corruption: str = option("another jet, or only its flavour", "jet", choices=CORRUPTIONS)

    batch_size: ClassVar[int] = 16
    n_passes: ClassVar[int] = 2
    is_of_last_pass: ClassVar[bool] = True

    def check(self, tagger: Tagger) -> None:
        check_attention(tagger)
        clean, corrupted = self.classes(tagger.dataset)
        groups = [class_group(tagger.dataset, name) for name in (clean, corrupted)]
        if clean == corrupted:
            raise PartError(f"Patching needs jets of two classes, not of {clean} alone.")
        if shared := set(groups[0].members) & set(groups[1].members):
            raise PartError(f"{clean} and {corrupted} share the class {tagger.dataset.classes[min(shared)]}.")
        if self.component not in HEAD_COMPONENTS or self.corruption not in CORRUPTIONS:
            raise PartError(f"Over a sample, {' or '.join(HEAD_COMPONENTS)} is patched, by {' or '.join(CORRUPTIONS)}.")
        if self.corruption == "flavour" and tagger.data_config is not None:
            raise PartError(
                f"The inputs of {tagger.name} are computed from files by its data config, so a jet cannot be given "
                "another one's flavour."
            )
        if self.corruption == "flavour" and not tagger.features.uses(IDENTITY):
            raise PartError(f"{tagger.name} sees no species, so it cannot be corrupted by flavour.")

    def classes(self, dataset: Dataset) -> tuple[str, str]:
        """Return the clean and the corrupted class, those of the dataset where none is chosen."""
        corrupted = self.corrupted or dataset.classes[background_class(dataset)]
        others = [name for name in dataset.classes if name != corrupted]
        return self.clean or ("Tbqq" if "Tbqq" in others else next(iter(others), corrupted)), corrupted

    def accumulator(self, tagger: Tagger) -> "PatchingAccumulator":
        clean, corrupted = self.classes(tagger.dataset)
        return PatchingAccumulator(replace(self, clean=clean, corrupted=corrupted), tagger)


@dataclass(frozen=True, eq=False)
class PatchingResult(ShownInNotebooks):
    """The mean recovery at each place.

    Parameters
    ----------
    study : PatchingStudy
    value, error : ndarray (L, H + 1)
        The mean of the patched over the mean of the clean logit difference, both minus the corrupted one; the last
        column is for all heads of a layer. The error is the standard error of the ratio over jets, to first order.
    jets : int
        The number of pairs.
    """

    study: PatchingStudy
    value: np.ndarray
    error: np.ndarray
    jets: int

    def rows(self) -> list[dict]:
        """Return a row for each head, and for all heads of each layer."""
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
        """Return `recovery` and `error` (L, H + 1), and the number of `jets`."""
        return {"recovery": self.value, "error": self.error, "jets": np.array(self.jets)}


class PatchingAccumulator:
    """The donors, collected in the first pass, and the recoveries of the second."""

    def __init__(self, study: PatchingStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._clean, self._corrupted = (class_group(tagger.dataset, text) for text in study.classes(tagger.dataset))
        has_group = len(self._clean) > 1 or len(self._corrupted) > 1
        self._compared = (self._clean, self._corrupted) if has_group else (None, None)
        self._donors: list[tuple[int, ak.Array]] = []
        self._forwards: dict[int, CachedForward] = {}  # of the donors that corrupt as they are, by their key
        self._collects_donors = True
        self._recoveries: list[Recovery] = []

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if labels is None:
            raise PartError("Patching a sample needs jets with labels.")
        if self._collects_donors:
            candidates = jets[np.isin(labels, self._corrupted.members)]
            new_donors = [(key, candidates[i : i + 1]) for i, key in enumerate(jet_hashes(candidates).tolist())]
            self._donors = sorted([*self._donors, *new_donors], key=lambda donor: donor[0])[:DONORS]
            return
        clean = jets[np.isin(labels, self._clean.members)]
        self._recoveries += [self._patch(clean[i : i + 1]) for i in range(len(clean))]

    def _patch(self, jet: ak.Array) -> Recovery:
        if not self._donors:
            raise PartError(f"There are no {self._study.corrupted} jets among these to patch from.")
        n = _multiplicity(jet)
        key, donor = min(self._donors, key=lambda one: abs(_multiplicity(one[1]) - n))
        component = self._study.component
        if self._study.corruption == "jet":
            if key not in self._forwards:
                self._forwards[key] = self._record(donor)
            target = self._forwards[key]
        else:
            target = self._record(with_flavour_of(jet, donor))
        return patch_forward(self._record(jet), target, component, *self._compared)

    def _record(self, jet: ak.Array) -> CachedForward:
        return CachedForward(self._tagger, jet, tap_names(self._study.component))

    def next_pass(self) -> None:
        self._collects_donors = False

    @property
    def sums(self) -> list:
        """What the present pass collects: donors, or recoveries."""
        return self._donors if self._collects_donors else self._recoveries

    def merge(self, sums: list) -> None:
        if self._collects_donors:
            self._donors = sorted([*self._donors, *sums], key=lambda donor: donor[0])[:DONORS]
        else:
            self._recoveries += sums

    def result(self) -> PatchingResult:
        recoveries = [r for r in self._recoveries if r.clean > r.corrupted]
        if not recoveries:
            study = self._study
            raise PartError(f"No {study.clean} jet among these has a prediction to recover from {study.corrupted}.")
        n = len(recoveries)
        total = np.array([r.clean - r.corrupted for r in recoveries])
        recovered = np.stack([r.patched - r.corrupted for r in recoveries])
        value = recovered.mean(0) / total.mean()
        residual = (recovered - value * total[:, None, None]) / total.mean()
        error = residual.std(0, ddof=1) / np.sqrt(n) if n > 1 else np.full(value.shape, np.nan)
        return PatchingResult(self._study, value, error, n)


def _multiplicity(jet: ak.Array) -> int:
    return int(multiplicities(jet)[0])
