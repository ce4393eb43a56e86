"""Study `irc`: how far a prediction moves as an emission gets softer, or a splitting more collinear.

What is safe against infrared and collinear radiation, as a jet's mass, goes to the same value as the emission's share
of pT, or the splitting's angle, goes to 0. A tagger that counts constituents or reads their species need not.

Shapes: B jets, X points of the curve.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np

from part.analysis.intervention import edits
from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Mean, Moments
from part.errors import PartError
from part.inference.tagger import Tagger

KINDS = ("soft", "collinear")
POINTS = tuple(10.0**power for power in np.arange(-5, -0.4, 0.5).round(1).tolist())


@dataclass(frozen=True)
class Irc:
    """kind: "soft", a photon of `points` shares of the jet's pT at `distance` from its axis; "collinear", the hardest
    constituent in two halves, `points` apart in azimuth."""

    kind: str = "soft"
    points: tuple[float, ...] = POINTS
    distance: float = 0.2

    block: ClassVar[int] = 64
    passes: ClassVar[int] = 1

    def __post_init__(self):
        if self.kind not in KINDS:
            raise PartError(f"There is no {self.kind!r} emission; choose one of {', '.join(KINDS)}.")

    def check(self, tagger: Tagger) -> None: ...

    def begin(self, tagger: Tagger) -> "IrcUnderWay":
        return IrcUnderWay(self, tagger)

    def emitted(self, jets: ak.Array, point: float) -> ak.Array:
        """The jets with such an emission."""
        return edits.add_soft(jets, point, self.distance) if self.kind == "soft" else edits.split(jets, 0, 0.5, point)


@dataclass(frozen=True, eq=False)
class IrcFound:
    """kind; points (X,). divergence: Jensen-Shannon [nats] between the predictions before and after, changed: share of
    jets taken for another class; means over jets (X,)."""

    kind: str
    points: np.ndarray
    divergence: Mean
    changed: Mean

    def rows(self) -> list[dict]:
        columns = self.arrays()
        return [{name: float(values[i]) for name, values in columns.items()} for i in range(len(self.points))]

    def arrays(self) -> dict[str, np.ndarray]:
        """point, the share of pT or the angle, the two means with their standard errors, jets; each (X,)."""
        found = {"point": self.points, "divergence": self.divergence.value, "divergence_error": self.divergence.error}
        found |= {"changed": self.changed.value, "changed_error": self.changed.error}
        return found | {"jets": self.divergence.jets}


class IrcUnderWay:
    def __init__(self, study: Irc, tagger: Tagger):
        self._study, self._tagger = study, tagger
        self._divergence, self._changed = Moments((len(study.points),)), Moments((len(study.points),))

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        before = self._tagger.predict(edits.rebuilt(jets))
        after = [self._tagger.predict(self._study.emitted(jets, point)) for point in self._study.points]
        self._divergence.add(np.stack([jensen_shannon(np.stack((before, p))) for p in after], 1))
        self._changed.add(np.stack([p.argmax(1) != before.argmax(1) for p in after], 1))

    def next_pass(self) -> None: ...

    def result(self) -> IrcFound:
        points = np.array(self._study.points)
        return IrcFound(self._study.kind, points, self._divergence.result, self._changed.result)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--emission", choices=KINDS, default="soft", help="a soft photon, or a collinear splitting")
    parser.add_argument("--distance", type=float, default=0.2, help="of the soft photon from the jet's axis")


def study_of(args: argparse.Namespace) -> Irc:
    return Irc(args.emission, distance=args.distance)
