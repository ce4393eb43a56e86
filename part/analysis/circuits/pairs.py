"""Pairs of a clean and a corrupted jet, and which token of one takes the place of which token of the other.

Clean jets are those of one class. The corruption makes another jet of each, for which it may need a donor: of the
DONORS jets of the other class with the lowest `jet_hashes` the one that is nearest in multiplicity and pT.

Tokens of two different jets are matched by their rank in pT, among tokens of the same collection; where a jet is
edited, each constituent is its own match. A token that only the clean jet has keeps its clean activations, as if it
were not corrupted; one that only the corrupted jet has counts as far as other tokens of that jet know of it.

Shapes: J and B jets, T tokens of the particle blocks (the particles, preceded by a global token where there is one).
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.circuits.corruptions import Corruption
from part.analysis.intervention.edits import recompute_derived
from part.analysis.statistics.bins import jet_pt
from part.analysis.statistics.metrics import background_class
from part.errors import PartError
from part.inference.forward import CachedForward
from part.jets.class_groups import class_group
from part.jets.features import multiplicities
from part.jets.hashing import jet_hashes
from part.jets.preprocessing import keep_leading
from part.jets.schema import MAX_CONSTITUENTS, Dataset
from part.models.embedding import kinds
from part.models.linpart import rank_in_pt

DONORS = 256
PT_STEP = 0.1  # a relative difference in pT of this size counts as much as one constituent


def pair_classes(dataset: Dataset, target: str, contrast: str) -> tuple[str, str]:
    """Return the class of clean jets and that of donors, with defaults in place of "".

    The target is Tbqq, or else the first class, the contrast the background (QCD, or else the last class); a default
    that shares a class with the other one gives way to the first class that does not.

    Raises
    ------
    PartError
        If there is no such class or group, if both share a class, or if there are not two classes.
    """
    if len(dataset.classes) < 2:
        raise PartError(f"{dataset.name} has fewer than two classes; expected two to make pairs of.")
    background = dataset.classes[background_class(dataset)]
    if not contrast:
        contrast = _apart(dataset, background, class_group(dataset, target).members if target else ())
    second = class_group(dataset, contrast)
    if not target:
        target = _apart(dataset, "Tbqq" if "Tbqq" in dataset.classes else dataset.classes[0], second.members)
    first = class_group(dataset, target)
    if shared := set(first.members) & set(second.members):
        raise PartError(f"{first.name} and {second.name} share the class {dataset.classes[min(shared)]}.")
    return target, contrast


def _apart(dataset: Dataset, preferred: str, taken: tuple[int, ...]) -> str:
    """Return a class, or the first of the others if it is taken."""
    free = [name for i, name in enumerate(dataset.classes) if i not in taken]
    return preferred if preferred in free else next(iter(free), preferred)


class Donors:
    """Jets of the other class, collected in a first pass over the sample; merged in any order they are the same."""

    def __init__(self, dataset: Dataset, contrast: str):
        self._contrast, self._members = contrast, class_group(dataset, contrast).members
        self.sums: list[tuple[int, ak.Array]] = []  # keys, each with a jet

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        """Take those of J jets that are of the class. Raises PartError for jets without labels."""
        candidates = jets[of_classes(labels, self._members)]
        self.merge([(key, candidates[i : i + 1]) for i, key in enumerate(jet_hashes(candidates).tolist())])

    def merge(self, sums: list[tuple[int, ak.Array]]) -> None:
        """Add the `sums` of other jets."""
        self.sums = sorted([*self.sums, *sums], key=lambda donor: donor[0])[:DONORS]

    def nearest(self, jets: ak.Array) -> ak.Array:
        """Return the donor of each of J jets: nearest in multiplicity, with a tenth in pT counting as a constituent.

        Raises
        ------
        PartError
            If no jet was of the class.
        """
        if not self.sums:
            raise PartError(f"There are no {self._contrast} jets among these to corrupt others with.")
        donors = ak.concatenate([donor for _, donor in self.sums])
        n = np.abs(multiplicities(jets)[:, None] - multiplicities(donors))
        pt = np.abs(_ln_pt(jets)[:, None] - _ln_pt(donors)) / PT_STEP
        return donors[np.argmin(n + pt, axis=1)]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Clean and corrupted jets.

    Attributes
    ----------
    clean, corrupted : ak.Array
        J jets each. Where constituents are edited, the clean jet has its axis computed from them again, too.
    by_rank : bool
        See `Corruption`.
    """

    clean: ak.Array
    corrupted: ak.Array
    by_rank: bool

    def __len__(self) -> int:
        return len(self.clean)


def of_classes(labels: np.ndarray | None, members: tuple[int, ...]) -> np.ndarray:
    """Return which jets (J,) are of these classes. Raises PartError for jets without labels."""
    if labels is None:
        raise PartError("Pairs of clean and corrupted jets need jets with labels.")
    return np.isin(labels, members)


def make_pairs(jets: ak.Array, corruption: Corruption, donors: Donors | None = None) -> Pairs:
    """Return the pairs of J clean jets, at least one.

    Parameters
    ----------
    jets : ak.Array
    corruption : Corruption
    donors : Donors, optional
        Required by a corruption that needs them.

    Raises
    ------
    PartError
        If there are no donors, or the jets lack what is changed.
    """
    nearest = jets if donors is None or not corruption.needs_donors else donors.nearest(jets)
    if corruption.by_rank:
        return Pairs(jets, corruption.apply(jets, nearest, jet_hashes(jets)), True)
    # Both jets of a pair keep all their constituents, so that their places in the file still tell which is which.
    kept = recompute_derived(keep_leading(jets, MAX_CONSTITUENTS - corruption.added)[0])
    corrupted = corruption.apply(kept, nearest, jet_hashes(jets))
    return Pairs(kept, corrupted, False)


def match_tokens(pairs: Pairs, clean: CachedForward, corrupted: CachedForward) -> Tensor:
    """Return the token of the corrupted jet that takes the place of each clean one (B, T), -1 where there is none.

    A global token matches that of the other jet.

    Parameters
    ----------
    pairs : Pairs
    clean, corrupted : CachedForward
        The passes of the two jets of B pairs.
    """
    match = _by_rank(clean, corrupted) if pairs.by_rank else _by_place(clean, corrupted)
    n_prefix = clean.mask.shape[1] - match.shape[1]
    prefix = torch.arange(n_prefix, device=match.device).expand(len(match), -1)
    return torch.cat((prefix, torch.where(match < 0, -1, match + n_prefix)), 1)


def take_matched(clean: Tensor, corrupted: Tensor, match: Tensor) -> Tensor:
    """Return the corrupted values (B, T, ...) at the places of their matches, the clean ones where there is none."""
    index = match.clamp(min=0).reshape(*match.shape, *[1] * (corrupted.ndim - 2))
    taken = corrupted.gather(1, index.expand(-1, -1, *corrupted.shape[2:]))
    return torch.where((match >= 0).reshape(index.shape), taken, clean)


def _by_place(clean: CachedForward, corrupted: CachedForward) -> Tensor:
    own, other = clean.batch.mask, corrupted.batch.mask
    places = torch.arange(own.shape[1], device=own.device)
    return torch.where(own & (places < other.sum(1, keepdim=True)), places, -1)


def _by_rank(clean: CachedForward, corrupted: CachedForward) -> Tensor:
    collections = len(clean.tagger.config.collections)
    match = torch.full(clean.batch.mask.shape, -1, device=clean.batch.mask.device)
    for kind in range(max(1, collections)):
        own, other = (_of_kind(forward, collections, kind) for forward in (clean, corrupted))
        rank = rank_in_pt(clean.batch.v, own)
        order = rank_in_pt(corrupted.batch.v, other).argsort(1)
        source = order.gather(1, rank.clamp(max=order.shape[1] - 1))
        match = torch.where(own & (rank < other.sum(1, keepdim=True)), source, match)
    return match


def _of_kind(forward: CachedForward, collections: int, kind: int) -> Tensor:
    mask = forward.batch.mask
    return mask & (kinds(forward.batch.x, collections) == kind) if collections else mask


def _ln_pt(jets: ak.Array) -> np.ndarray:
    """Return ln pT of jets (J,); 0 where it is not known, so that the multiplicity decides alone."""
    return np.nan_to_num(np.log(np.maximum(jet_pt(jets), 1e-3)))
