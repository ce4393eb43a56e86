"""How far heads prefer the keys of hypotheses.

Shapes: R sources, K hypotheses, G groups of jets (two halves, then the classes).
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.running_mean import Z95


@dataclass(frozen=True, eq=False)
class Effects:
    """The attention that heads give to the keys of hypotheses, beyond what shuffled keys receive.

    Attributes
    ----------
    excess, error : ndarray (G, R, K)
        The mean over jets of a head's share minus that of shuffled keys, and its standard error.
    share : ndarray (G, R, K)
        The mean share of its attention that the keys receive.
    share_error : ndarray (R, K)
        The standard error of the share in the half that tests names.
    jets : ndarray (G, K)
        The number of jets that have such keys, and others.
    """

    excess: np.ndarray
    error: np.ndarray
    share: np.ndarray
    share_error: np.ndarray
    jets: np.ndarray

    @property
    def null(self) -> np.ndarray:
        """The mean share of shuffled keys (G, R, K)."""
        return self.share - self.excess

    @property
    def effect(self) -> np.ndarray:
        """The excess over what is possible (G, R, K): 0 for shuffled keys, 1 if all attention is on the keys."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.excess / (1 - self.null)

    @property
    def half_width(self) -> np.ndarray:
        """The half width of the effect's 95 % interval (G, R, K)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return Z95 * self.error / (1 - self.null)
