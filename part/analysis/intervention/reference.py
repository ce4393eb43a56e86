"""Replacements of the outputs of ablated heads: zero, their mean over a sample, or their output for another jet.

Shapes: B jets, T tokens of the particle blocks, H heads, d channels of a head.
"""

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.jets.hashing import jet_hashes

REPLACEMENTS = ("zero", "mean", "resample")
DONORS = 32  # jets whose head outputs replace those of others


class Reference:
    """The head outputs of a sample: their mean over the particles, and those of some jets to resample from.

    Donors are the jets of lowest `jet_hashes`, so that they do not depend on the order of the sample; a jet's
    own hash selects one of them, never itself. A query takes the donor's output for the query of the same rank in pT,
    starting again with the leading one where the donor has fewer.

    Parameters
    ----------
    donors : int
        How many donors are kept, 0 if nothing is resampled.
    """

    def __init__(self, donors: int = DONORS) -> None:
        self._n_donors = donors
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._donors: list[tuple[int, dict[str, Tensor]]] = []

    def add(self, forward: CachedForward, jets: ak.Array) -> None:
        """Add jets of the sample, whose forward pass recorded HEAD_OUTPUT."""
        outputs = {name: t for name, t in forward.cache.items() if name.endswith(HEAD_OUTPUT)}
        for name, output in outputs.items():
            real = output.transpose(1, 2)[forward.mask] if output.shape[2] > 1 else output[:, :, 0]  # (-1, H, d)
            self._sums[name] = self._sums.get(name, 0) + real.sum(0, dtype=torch.float64)
            self._counts[name] = self._counts.get(name, 0) + len(real)
        if not self._n_donors:
            return
        order = forward.pt_rank.argsort(-1)
        for jet, key in enumerate(jet_hashes(jets).tolist()):
            if len(self._donors) == self._n_donors and key >= self._donors[-1][0]:
                continue
            queries = order[jet, : int(forward.mask[jet].sum())]
            own = {name: t[jet][:, queries] if t.shape[2] > 1 else t[jet] for name, t in outputs.items()}
            self._donors = sorted([*self._donors, (key, own)], key=lambda donor: donor[0])[: self._n_donors]

    def merge(self, other: "Reference") -> None:
        """Add the sums and the donors of other jets."""
        for name, total in other._sums.items():
            self._sums[name] = self._sums.get(name, 0) + total
            self._counts[name] = self._counts.get(name, 0) + other._counts[name]
        self._donors = sorted([*self._donors, *other._donors], key=lambda donor: donor[0])[: self._n_donors]

    @property
    def names(self) -> tuple[str, ...]:
        """The taps whose outputs were added."""
        return tuple(self._sums)

    def mean(self, name: str) -> Tensor:
        """Return the mean output (H, 1, d) of a layer's heads."""
        return (self._sums[name] / self._counts[name]).float()[:, None]

    def resample(self, name: str, forward: CachedForward, keys: np.ndarray) -> Tensor:
        """Return the donors' outputs (B, H, T, d) of a layer's heads, (B, H, 1, d) of a class block."""
        return torch.stack([self._donated(name, key, rank) for key, rank in zip(keys, forward.pt_rank, strict=True)])

    def _donated(self, name: str, key: int, rank: Tensor) -> Tensor:
        others = [outputs for other, outputs in self._donors if other != key]
        if not others:
            raise PartError("Resampling needs a sample of at least two jets.")
        output = others[key % len(others)][name]
        return output if name.startswith("class_blocks") else output[:, rank % output.shape[1]]
