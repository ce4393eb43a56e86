"""Something measured over a sample of jets. The jets go by a block at a time, sums stay, and anybody can watch.

A study is frozen: its choices, the weights and the jets decide the result, on the page, on the command line and in a
notebook alike. Shapes: J jets.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import awkward as ak
import numpy as np

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import make_flat
from part.jets.readers import labels
from part.jets.streaming import Span, chunks

Told = Callable[[str, int, int], None]  # stage, how much of it is done, of how much


class Findings(Protocol):
    """What a study found."""

    def rows(self) -> list[dict]:
        """As a table: a dict a row, plain numbers and texts, the same keys in all rows."""

    def arrays(self) -> dict[str, np.ndarray]:
        """As arrays, by name; what their axes are is in the docstring of the findings."""


class Measurement(Protocol):
    """A study under way."""

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        """Some more jets of the sample, with their class indices (J,) if those are known."""

    def next_pass(self) -> None:
        """All jets were there, and will come once more; only called where `passes` is above 1."""

    def result(self) -> Findings: ...


class Study(Protocol):
    """What is to be measured. block: jets that are handed over at a time. passes: how often the sample goes by."""

    block: int
    passes: int

    def check(self, tagger: Tagger) -> None:
        """Raises PartError, in one sentence, for a model that has no such thing."""

    def begin(self, tagger: Tagger) -> Measurement: ...


def study_files(study: Study, tagger: Tagger, found: Sequence[Span], told: Told = lambda *_: None) -> Findings:
    """A study of the jets of files of any size, which are read a chunk at a time. Raises PartError."""

    def blocks():
        for chunk in chunks(found):
            truth = chunk.labels(tagger.dataset)
            with chunk.named():
                # What is wrong with jets is told here, where they still count as in the file.
                make_flat(chunk.jets, tagger.features)
            yield from cut(chunk.jets, truth, study.block)

    return carry_out(study, tagger, blocks, sum(map(len, found)), told)


def study_jets(study: Study, tagger: Tagger, jets: ak.Array, told: Told = lambda *_: None) -> Findings:
    """A study of jets that are at hand. Raises PartError."""
    truth = labels(jets, tagger.dataset)
    if len(jets):
        make_flat(jets, tagger.features)  # tells what is wrong with jets while they count as they were given
    return carry_out(study, tagger, lambda: cut(jets, truth, study.block), len(jets), told)


def carry_out(
    study: Study,
    tagger: Tagger,
    blocks: Callable[[], Iterable[tuple[ak.Array, np.ndarray | None]]],
    total: int,
    told: Told,
) -> Findings:
    """The study of the jets that `blocks` gives, anew at each call. Raises PartError."""
    study.check(tagger)
    if not total:
        raise PartError("There are no jets to study; expected at least one.")
    measurement = study.begin(tagger)
    for number in range(study.passes):
        if number:
            measurement.next_pass()
        stage, done = "Jets" if study.passes == 1 else f"Jets, pass {number + 1} of {study.passes}", 0
        told(stage, done, total)
        for jets, truth in blocks():
            measurement.add(jets, truth)
            done += len(jets)
            told(stage, done, total)
    return measurement.result()


def cut(jets: ak.Array, truth: np.ndarray | None, size: int) -> Iterable[tuple[ak.Array, np.ndarray | None]]:
    """Some jets at a time, those of like length together, which spares padding."""
    order = np.argsort(-ak.to_numpy(ak.num(jets["part_px"])), kind="stable")
    for start in range(0, len(order), size):
        some = order[start : start + size]
        yield jets[some], None if truth is None else truth[some]
