"""The one loop in which a study measures something over a sample of jets.

Jets stream through a study batch by batch while it keeps sums, so samples may be of any size. A study is frozen: its
options, the weights and the jets decide the result, on a page, on the command line and in a notebook alike.
Shapes: J jets.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import awkward as ak
import numpy as np

from part.analysis.statistics.metrics import check_classes
from part.errors import PartError
from part.inference.capabilities import require_classes
from part.inference.tagger import Tagger
from part.jets.features import make_ragged, multiplicities
from part.jets.labels import UNKNOWN, labels
from part.jets.notices import gathered, say, without_class
from part.jets.schema import ENTRY
from part.jets.streaming import EntryRange, chunks
from part.progress import Executor, ProgressCallback, execute_here, no_progress

Batch = tuple[ak.Array, np.ndarray | None]  # some jets and, where there are any, their class indices, -1 for none


class Result(Protocol):
    """The result of a study."""

    def rows(self) -> list[dict]:
        """Return the table: one dict per row, plain numbers and texts, the same keys in all rows."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return arrays by name; the docstring of the result says what their axes are."""


class Accumulator(Protocol):
    """The sums of a study while jets stream through it."""

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        """Take some more jets of the sample, with their class indices (J,) if there are any; -1 means no class."""

    def next_pass(self) -> None:
        """Prepare for the whole sample once more; called between passes where `n_passes` is above 1."""

    def result(self) -> Result: ...


class Study(Protocol):
    """A measurement over a sample, as a frozen dataclass whose fields are its options.

    Each field's metadata holds what the command line needs: `help`, and where they apply `choices`, `flag`, `parse`
    (see `part.cli.options`). `batch_size` is the number of jets per batch, `n_passes` how often the sample streams.
    """

    batch_size: int
    n_passes: int

    # A study of single jets also has `max_jets = 1`, and one that takes no class probabilities `needs_classes = False`.

    def check(self, tagger: Tagger) -> None:
        """Raise PartError, in one sentence, for a model that this study cannot be made of."""

    def accumulator(self, tagger: Tagger) -> Accumulator: ...


def study_files(
    study: Study, tagger: Tagger, ranges: Sequence[EntryRange], progress: ProgressCallback = no_progress
) -> Result:
    """Run a study on the jets of files of any size, which are read a chunk at a time.

    Parameters
    ----------
    study : Study
    tagger : Tagger
    ranges : sequence of EntryRange
        The entries of each file, as `part.jets.streaming.entry_ranges` returns them.
    progress : callable
        Receives the stage, the number of jets done and their total.

    Raises
    ------
    PartError
        If the model or the jets cannot be studied; the sentence names file and entry.
    """

    def batches() -> Iterable[Batch]:
        for chunk in chunks(ranges):
            truth = chunk.labels(tagger.dataset)
            with chunk.error_context():
                # This reports bad jets here, where they still count as in the file.
                make_ragged(chunk.jets, tagger.features)
                jets = with_entries(chunk.jets, chunk.entries.start)
                if truth is not None:
                    check_classes(truth, tagger.dataset, jets[ENTRY])
            yield from batches_by_length(jets, truth, study.batch_size)

    return run_study(study, tagger, batches, sum(map(len, ranges)), progress)


def study_jets(study: Study, tagger: Tagger, jets: ak.Array, progress: ProgressCallback = no_progress) -> Result:
    """Run a study on jets in memory; parameters and errors are those of `study_files`."""
    truth = labels(jets, tagger.dataset)
    if len(jets):
        make_ragged(jets, tagger.features)  # reports bad jets while they count as they were given
        jets = with_entries(jets)
        if truth is not None:
            check_classes(truth, tagger.dataset, jets[ENTRY])
    return run_study(study, tagger, lambda: batches_by_length(jets, truth, study.batch_size), len(jets), progress)


def run_study(
    study: Study,
    tagger: Tagger,
    batches: Callable[[], Iterable[Batch]],
    n_jets: int,
    progress: ProgressCallback = no_progress,
    execute: Executor = execute_here,
) -> Result:
    """Run a study on batches of jets.

    Parameters
    ----------
    study : Study
    tagger : Tagger
    batches : callable
        Returns the batches of the sample, anew at each call.
    n_jets : int
        The number of jets in all batches.
    progress : callable
        Receives the stage, the number of jets done and their total; it may raise `Cancelled` to stop.
    execute : callable
        Where the model runs, see `part.progress.Executor`.

    Raises
    ------
    PartError
        If the model cannot be studied or there are no jets.
    """
    check_study(study, tagger)
    if not n_jets:
        raise PartError("There are no jets to study; expected at least one.")
    if (most := getattr(study, "max_jets", None)) is not None and n_jets > most:
        raise PartError(f"This study takes {most} jet, not {n_jets}; choose it with --start and --stop.")
    with gathered():
        return _measure(study, execute(study.accumulator, tagger), batches, n_jets, progress, execute)


def check_study(study: Study, tagger: Tagger) -> None:
    """Raise PartError, in one sentence, for a model that a study cannot be made of."""
    if getattr(study, "needs_classes", True):
        require_classes(tagger, "prediction to study")
    study.check(tagger)


def _measure(
    study: Study,
    accumulator: Accumulator,
    batches: Callable[[], Iterable[Batch]],
    n_jets: int,
    progress: ProgressCallback,
    execute: Executor,
) -> Result:
    without = 0  # jets of no class
    for number in range(study.n_passes):
        if number:
            execute(accumulator.next_pass)
        stage, done = "Jets" if study.n_passes == 1 else f"Jets, pass {number + 1} of {study.n_passes}", 0
        progress(stage, done, n_jets)
        for jets, truth in batches():
            execute(accumulator.add, jets, truth)
            done += len(jets)
            without += 0 if number or truth is None else int((truth == UNKNOWN).sum())
            progress(stage, done, n_jets)
        if not done:
            raise PartError(f"The data config selects none of the {n_jets} jets, so there are none to study.")
    if without:
        say(without_class(without, n_jets))
    return execute(accumulator.result)


def with_entries(jets: ak.Array, start: int = 0) -> ak.Array:
    """Return jets with the `entry` that errors name once jets are in another order, counted from `start`."""
    return jets if ENTRY in jets.fields else ak.with_field(jets, np.arange(start, start + len(jets)), ENTRY)


def batches_by_length(jets: ak.Array, truth: np.ndarray | None, size: int) -> Iterable[Batch]:
    """Yield some jets at a time; jets of similar length share a batch, which saves padding."""
    order = np.argsort(-multiplicities(jets), kind="stable")
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield jets[rows], None if truth is None else truth[rows]
