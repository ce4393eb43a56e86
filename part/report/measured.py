"""What was measured for a report, before it is put into words."""

from dataclasses import dataclass
from typing import Any

from part.analysis.study import Study
from part.benchmarking.machine import Machine
from part.benchmarking.measurement import SpeedMeasurement
from part.comparison.result import Comparison
from part.inference.tagger import Tagger
from part.jets.streaming import EntryRange
from part.report.examples import Example
from part.report.plan import Request


@dataclass(frozen=True, eq=False)
class Studied:
    """The result of a study, with the jets that it was made on."""

    study: Study
    result: Any
    ranges: tuple[EntryRange, ...]

    @property
    def n_jets(self) -> int:
        return sum(map(len, self.ranges))


@dataclass(frozen=True, eq=False)
class Speed:
    """Times of passes on this machine."""

    rows: tuple[SpeedMeasurement, ...]
    machine: Machine
    threads: int


@dataclass(frozen=True, eq=False)
class Measured:
    """All that a report is about and says.

    Attributes
    ----------
    tagger, request, ranges
        What was measured.
    quality : Comparison or None
        The model alone on all jets, with classes merged as requested; None for a model without classes.
    studies : dict of str to Studied
        By their names in the registry.
    left_out : dict of str to str
        Why a part of the report is missing, by its title.
    examples : tuple of Example
    speed : Speed or None
    notices : tuple of str
        What was left out of the jets or assumed in reading them.
    checksums : dict of str to str
        The sha256 of the files that were read, by their names; URLs have none.
    created : str
        The date and time, in UTC.
    """

    tagger: Tagger
    request: Request
    ranges: tuple[EntryRange, ...]
    quality: Comparison | None
    studies: dict[str, Studied]
    left_out: dict[str, str]
    examples: tuple[Example, ...]
    speed: Speed | None
    notices: tuple[str, ...]
    checksums: dict[str, str]
    created: str

    def result(self, study: str) -> Any | None:
        """Return the result of a study, None if it was left out."""
        return self.studies[study].result if study in self.studies else None
