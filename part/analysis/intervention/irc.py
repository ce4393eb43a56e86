"""Study `irc`: how far predictions move as an emission gets softer, or a splitting more collinear.

An observable that is infrared and collinear safe, such as the jet mass, tends to its value without the emission as the
emission's fraction of pT, or the angle of the splitting, tends to 0. A tagger that counts constituents or uses their
species need not.

Shapes: J jets, X points of the curve.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.intervention import edits
from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Mean, RunningMean
from part.errors import PartError
from part.inference.tagger import Tagger
from part.lazy import ShownInNotebooks
from part.options import option

EMISSIONS = ("soft", "collinear")
POINTS = tuple(10.0**power for power in np.arange(-5, -0.4, 0.5).round(1).tolist())


@dataclass(frozen=True)
class IRCStudy:
    """The change of predictions along a family of emissions.

    Parameters
    ----------
    emission : str
        "soft": a photon is added to each jet. "collinear": the leading constituent is split in halves.
    points : tuple of float
        The photon's pT relative to the jet's, or the distance of the halves in azimuth.
    distance : float
        The distance of the photon from the jet axis.
    """

    emission: str = option("a soft photon, or a collinear splitting", "soft", choices=EMISSIONS)
    points: tuple[float, ...] = POINTS
    distance: float = option("distance of the soft photon from the jet's axis", 0.2)

    batch_size: ClassVar[int] = 64
    n_passes: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.emission not in EMISSIONS:
            raise PartError(f"There is no {self.emission!r} emission; choose one of {', '.join(EMISSIONS)}.")

    def check(self, tagger: Tagger) -> None:
        if tagger.data_config is not None:
            raise PartError(
                f"The inputs of {tagger.name} are computed from files by its data config, so they do not follow an "
                "emission that is added to a jet."
            )

    def accumulator(self, tagger: Tagger) -> "IRCAccumulator":
        return IRCAccumulator(self, tagger)

    def with_emission(self, jets: ak.Array, point: float) -> ak.Array:
        """Return the jets with an emission of this size."""
        return (
            edits.add_soft(jets, point, self.distance) if self.emission == "soft" else edits.split(jets, 0, 0.5, point)
        )


@dataclass(frozen=True, eq=False)
class IRCResult(ShownInNotebooks):
    """Means over jets at each point (X,).

    Parameters
    ----------
    emission : str
    points : ndarray (X,)
    divergence : Mean
        Jensen-Shannon divergence [nats] between the predictions with and without the emission.
    changed : Mean
        The fraction of jets whose predicted class changes.
    """

    emission: str
    points: np.ndarray
    divergence: Mean
    changed: Mean

    def rows(self) -> list[dict]:
        """Return a row for each point."""
        columns = self.arrays()
        return [{name: float(values[i]) for name, values in columns.items()} for i in range(len(self.points))]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return `point`, the two means with their standard errors, and the number of `jets`; each (X,)."""
        arrays = {"point": self.points, "divergence": self.divergence.value, "divergence_error": self.divergence.error}
        arrays |= {"changed": self.changed.value, "changed_error": self.changed.error}
        return arrays | {"jets": self.divergence.jets}


class IRCAccumulator:
    """The sums of an `IRCStudy` over jets."""

    def __init__(self, study: IRCStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._divergence, self._changed = RunningMean((len(study.points),)), RunningMean((len(study.points),))

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        before = self._tagger.predict(edits.recompute_derived(jets))
        after = [self._tagger.predict(self._study.with_emission(jets, point)) for point in self._study.points]
        self._divergence.add(np.stack([jensen_shannon(np.stack((before, p))) for p in after], 1))
        self._changed.add(np.stack([p.argmax(1) != before.argmax(1) for p in after], 1))

    def next_pass(self) -> None: ...

    @property
    def sums(self) -> tuple[RunningMean, RunningMean]:
        return self._divergence, self._changed

    def merge(self, sums: tuple[RunningMean, RunningMean]) -> None:
        for own, other in zip(self.sums, sums, strict=True):
            own.merge(other)

    def result(self) -> IRCResult:
        points = np.array(self._study.points)
        return IRCResult(self._study.emission, points, self._divergence.result, self._changed.result)
