"""On which particles features are active, compared with the same weights on shuffled particles of the jet.

A property is either a hypothesis of the atlas about a particle, or a quantity, such as ΔR, by its rank in the jet. The
share of a feature's weight on particles with a property is expected to be that of the particles, and the mean rank,
from 0 to 1, to be 1/2; both expectations are exact.
Shapes: J jets, N particles of the longest jet, M features, K properties (hypotheses, then quantities).
"""

from collections.abc import Mapping

import awkward as ak
import numpy as np

from part.analysis.atlas.hypotheses import HYPOTHESES, Hypothesis
from part.analysis.atlas.tokens import Tokens
from part.analysis.physics.observables import OF_PARTICLES, particle_quantities
from part.analysis.statistics.ranks import midranks
from part.jets.schema import SPECIES

SUBJETS = 3
_OF_ATLAS = ("leading", "softest", "wide_angle", "leptons", "displaced", "charged", "neutral", "vertices", "prongs")


def _of_species(name: str) -> Hypothesis:
    def find(tokens: Tokens) -> np.ndarray | None:
        return tokens.species == SPECIES.index(name) if (tokens.species >= 0).any() else None

    return Hypothesis(f"{name}s", find)


OF_TOKENS: Mapping[str, Hypothesis] = {name: HYPOTHESES[name] for name in _OF_ATLAS} | {
    name: _of_species(name) for name in ("photon", "neutral hadron")
}
PROPERTIES = (*OF_TOKENS, *OF_PARTICLES)
# What a feature with a name may be active on: each hypothesis, and the upper and the lower end of each quantity.
TITLES = (
    *(hypothesis.title for hypothesis in OF_TOKENS.values()),
    *(f"large {name}" for name in OF_PARTICLES),
    *(f"small {name}" for name in OF_PARTICLES),
)


class JetProperties:
    """The properties of the particles of some jets.

    Parameters
    ----------
    jets : ak.Array
        J jets.
    """

    def __init__(self, jets: ak.Array):
        tokens = Tokens.from_jets(jets, neighbours=1, subjets=SUBJETS)
        mask = tokens.mask
        found = [hypothesis.find_keys(tokens) for hypothesis in OF_TOKENS.values()]
        has = [np.zeros(mask.shape, bool) if keys is None else keys & mask for keys in found]
        quantities = particle_quantities(jets).values()
        ranks = [_ranks(values, mask) for values in quantities]
        # The value of each property, and the particles that count for it.
        self._values = np.stack([*has, *(np.nan_to_num(r) for r in ranks)], -1).astype(np.float64)
        self._counted = np.stack([*(mask for _ in has), *(np.isfinite(r) for r in ranks)], -1).astype(np.float64)
        number = self._counted.sum(1)
        mean = np.divide(self._values.sum(1), number, out=np.full(number.shape, np.nan), where=number > 0)
        self._expected = np.where((mean > 0) & (mean < 1) & (number > 1), mean, np.nan)  # (J, K)

    def shares(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean value of each property where features are active, and for shuffled particles.

        Parameters
        ----------
        weights : ndarray (J, N, M)
            Weights of the features; 0 on padding.

        Returns
        -------
        share, null : ndarray (J, M, K)
            NaN for a jet without the feature, and where all or none of its particles have the property.
        """
        columns = weights.transpose(0, 2, 1).astype(np.float64)
        total = columns @ self._counted
        share = np.divide(columns @ self._values, total, out=np.full(total.shape, np.nan), where=total > 0)
        null = np.where(np.isfinite(share), self._expected[:, None], np.nan)
        return np.where(np.isfinite(null), share, np.nan), null


def _ranks(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return ranks within the jet (J, N) from 0 to 1, whose mean is 1/2; NaN where a value is not known."""
    known = mask & np.isfinite(values)
    number = np.maximum(known.sum(1, keepdims=True), 1)
    return np.where(known, (midranks(np.nan_to_num(values), known) - 0.5) / number, np.nan)
