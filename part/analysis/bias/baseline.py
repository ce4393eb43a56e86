"""Random pairs of particles of a sample, which stand in for features of a pair that are not known.

Shapes: B baseline pairs, F features of a pair.
"""

import numpy as np

from part.analysis.bias.embedding import draw_pairs
from part.errors import PartError
from part.jets.features import JetBatch
from part.models.model_config import ModelConfig


class BaselinePairs:
    """`count` random pairs of all jets that are added; every jet is equally likely, whatever its multiplicity."""

    def __init__(self, count: int, seed: int, config: ModelConfig | None = None):
        self._count, self._seed, self._config = count, seed, config
        self._chance, self._features = np.zeros(0), np.zeros((0, 0), np.float32)

    def add(self, batch: JetBatch) -> None:
        pairs, chance = draw_pairs(batch, self._count, self._seed, self._config)
        self._keep(chance, pairs.features)

    def merge(self, other: "BaselinePairs") -> None:
        """Add the pairs of other jets."""
        if len(other._chance):
            self._keep(other._chance, other._features)

    def _keep(self, chance: np.ndarray, features: np.ndarray) -> None:
        chance = np.append(self._chance, chance)
        first = np.argsort(chance, kind="stable")[: self._count]
        known = self._features if len(self._features) else features[:0]
        self._chance, self._features = chance[first], np.concatenate((known, features))[first]

    @property
    def features(self) -> np.ndarray:
        """The features of the pairs (B, F). Raises PartError if no jet has a pair."""
        if not len(self._features):
            raise PartError("No jet has two particles, so there are no pairs to study.")
        return self._features
