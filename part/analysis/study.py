"""The one loop in which a study measures something over a sample of jets.

Jets stream through a study batch by batch while it keeps sums, so samples may be of any size. A study is frozen: its
options, the weights and the jets decide the result, on a page, on the command line and in a notebook alike.
Shapes: J jets.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, cast, runtime_checkable

import awkward as ak
import numpy as np

from part.analysis.batches import Batch, batches_by_length, batches_of_chunks, count_unknown, with_entries
from part.analysis.statistics.metrics import check_classes
from part.errors import PartError
from part.inference.capabilities import require_classes
from part.inference.cluster import Cluster
from part.inference.tagger import Tagger
from part.jets.features import make_ragged
from part.jets.labels import labels
from part.jets.notices import gathered, none_left, say, without_class
from part.jets.schema import ENTRY
from part.jets.streaming import Chunk, EntryRange, chunks
from part.options import check_values
from part.progress import Cancelled, Executor, ProgressCallback, execute_here, no_progress

SHARED_JETS = 512  # the most that a worker takes at a time, since some studies take seconds for a jet


class Result(Protocol):
    """The result of a study."""

    def rows(self) -> list[dict]:
        """Return the table: one dict per row, plain numbers and texts, the same keys in all rows."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return arrays by name; the docstring of the result says what their axes are."""


class Accumulator(Protocol):
    """The sums of a study while jets stream through it."""

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        """Take some more jets with their `schema.ENTRY`, and class indices (J,) if there are any; -1 is no class."""

    def next_pass(self) -> None:
        """Prepare for the whole sample once more; called between passes where `n_passes` is above 1."""

    def result(self) -> Result: ...


@runtime_checkable
class MergingAccumulator(Accumulator, Protocol):
    """An accumulator whose work can be shared out: what a pass collects of some jets is merged with that of others."""

    @property
    def sums(self) -> Any:
        """What the present pass has collected, which can be pickled."""

    def merge(self, sums: Any) -> None:
        """Add the sums of the same pass over other jets."""


Pass = Callable[[Accumulator], Iterable[tuple[int, int]]]  # adds all jets; yields how many each time, and of no class


class Study(Protocol):
    """A measurement over a sample, as a frozen dataclass whose fields are its options.

    Each field's metadata holds what the command line needs: `help`, and where they apply `choices`, `flag`, `parse`
    (see `part.cli.options`). `batch_size` is the number of jets per batch, `n_passes` how often the sample streams.
    """

    batch_size: int
    n_passes: int

    # A study of single jets also has `max_jets = 1`, and one that takes no class probabilities `needs_classes = False`;
    # one of several passes whose result is that of the jets in the last pass has `is_of_last_pass = True`.

    def check(self, tagger: Tagger) -> None:
        """Raise PartError, in one sentence, for a model that this study cannot be made of."""

    def accumulator(self, tagger: Tagger) -> Accumulator: ...


def study_files(
    study: Study,
    tagger: Tagger,
    ranges: Sequence[EntryRange],
    progress: ProgressCallback = no_progress,
    cluster: Cluster | None = None,
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
    cluster : Cluster, optional
        Workers among which the jets are shared out; their sums are merged in the order of the jets.

    Raises
    ------
    PartError
        If the model or the jets cannot be studied; the sentence names file and entry.
    """
    n_jets = sum(map(len, ranges))
    if cluster is None:
        return run_study(
            study, tagger, lambda: batches_of_chunks(tagger, chunks(ranges), study.batch_size), n_jets, progress
        )
    earlier: list[Any] = []  # the sums of the passes before

    def add_all(accumulator: Accumulator) -> Iterator[tuple[int, int]]:
        if not isinstance(accumulator, MergingAccumulator):
            raise PartError("This study cannot be shared out among workers; expected it in one process.")
        function = partial(_sums_of_chunk, study, tuple(earlier))
        for _, (sums, n, n_unknown) in cluster.map_chunks(function, ranges, SHARED_JETS):
            accumulator.merge(sums)
            yield n, n_unknown
        earlier.append(accumulator.sums)

    return _run(study, tagger, add_all, n_jets, progress, execute_here)


def _sums_of_chunk(
    study: Study, earlier: Sequence[Any], taggers: Sequence[Tagger], chunk: Chunk
) -> tuple[Any, int, int]:
    """Return what a pass after those that collected `earlier` collects; how many jets, and how many of no class."""
    accumulator = cast(MergingAccumulator, study.accumulator(taggers[0]))
    for sums in earlier:
        accumulator.merge(sums)
        accumulator.next_pass()
    n = n_unknown = 0
    for jets, truth in batches_of_chunks(taggers[0], [chunk], study.batch_size):
        accumulator.add(jets, truth)
        n += len(jets)
        n_unknown += count_unknown(truth)
    return accumulator.sums, n, n_unknown


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
        Receives the stage, the number of jets done and their total; it may raise `Cancelled` to stop, with `keep` for
        the result of the jets so far, if the study can make one (see `keeps_partial_results`).
    execute : callable
        Where the model runs, see `part.progress.Executor`.

    Raises
    ------
    PartError
        If the model cannot be studied or there are no jets.
    """

    def add_all(accumulator: Accumulator) -> Iterator[tuple[int, int]]:
        for jets, truth in batches():
            execute(accumulator.add, jets, truth)
            yield len(jets), count_unknown(truth)

    return _run(study, tagger, add_all, n_jets, progress, execute)


def _run(
    study: Study, tagger: Tagger, add_all: Pass, n_jets: int, progress: ProgressCallback, execute: Executor
) -> Result:
    check_study(study, tagger)
    if not n_jets:
        raise PartError("There are no jets to study; expected at least one.")
    if (most := getattr(study, "max_jets", None)) is not None and n_jets > most:
        raise PartError(f"This study takes {most} jet, not {n_jets}; choose it with --start and --stop.")
    with gathered():
        return _measure(study, execute(study.accumulator, tagger), add_all, n_jets, progress, execute)


def check_study(study: Study, tagger: Tagger) -> None:
    """Raise PartError, in one sentence, for options that no study can have, or a model that it cannot be made of."""
    check_values(study)
    if getattr(study, "needs_classes", True):
        require_classes(tagger, "prediction to study")
    study.check(tagger)


def keeps_partial_results(study: Study) -> bool:
    """Return whether a study that stops early has a result of the jets so far, as if there were no others."""
    return study.n_passes == 1 or getattr(study, "is_of_last_pass", False)


def _measure(
    study: Study,
    accumulator: Accumulator,
    add_all: Pass,
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
        is_last = number == study.n_passes - 1
        try:
            for n, n_unknown in add_all(accumulator):
                done += n
                without += 0 if number else n_unknown
                progress(stage, done, n_jets)
        except Cancelled as stop:
            if not (stop.keep and done and is_last and keeps_partial_results(study)):
                raise
        if not done:
            raise PartError(f"{none_left(n_jets)}, so there are none to study.")
    if without:
        say(without_class(without, n_jets))
    return execute(accumulator.result)
