"""Everything that a report needs of a model, measured in turn: predictions, studies, three jets, latency."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

import awkward as ak
import numpy as np

from part.analysis.batches import Batch, batches_of_chunks
from part.analysis.statistics import bootstrap
from part.analysis.study import Result, Study, check_study, run_study, study_files
from part.benchmarking.machine import describe_machine, torch_threads
from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.sweep import SweepPlan, measure_point
from part.comparison.engine import predict_sample
from part.comparison.result import REPLICAS, Comparison
from part.comparison.samples import FileSample, SampleBatch
from part.errors import PartError
from part.figures.provenance import file_sha256
from part.inference.capabilities import require_classes
from part.inference.cluster import Cluster
from part.inference.tagger import Tagger
from part.jets.class_groups import merge_classes
from part.jets.notices import gathered, so_far
from part.jets.streaming import EntryRange, chunks
from part.progress import Executor, ProgressCallback, execute_here, no_progress
from part.report import plan
from part.report.examples import Example, choose, show
from part.report.measured import Measured, Speed, Studied
from part.report.plan import Request, spread


def measure(
    tagger: Tagger,
    request: Request,
    ranges: Sequence[EntryRange],
    progress: ProgressCallback = no_progress,
    cluster: Cluster | None = None,
    execute: Executor = execute_here,
    times: bool = True,
) -> Measured:
    """Measure a model on jets.

    Parameters
    ----------
    tagger : Tagger
    request : Request
        What the report is about.
    ranges : sequence of EntryRange
        The jets, as `part.jets.streaming.entry_ranges` returns them for the request.
    progress : callable
        Receives a stage of `plan.STAGES`, how much of it is done, and its total; it may raise `Cancelled` to stop.
    cluster : Cluster, optional
        Workers that share the jets of predictions and studies.
    execute : Executor
        Where the model runs, see `part.progress.Executor`.
    times : bool
        Whether latencies are measured; a server may not allow it.

    Returns
    -------
    Measured

    Raises
    ------
    PartError
        If the jets cannot be read or lack what the model needs. A study that the model or the jets do not allow is left
        out, with its reason.
    """
    left_out: dict[str, str] = {}
    studies: dict[str, Studied] = {}
    with gathered():
        quality, files, entries = _predict(tagger, request, ranges, left_out, progress, cluster, execute)
        for step in plan.STEPS:
            chosen = tuple(request.sample(ranges, step))
            study, told = step.study(tagger, request.groups), partial(_tell, progress, step.title)
            try:
                check_study(study, tagger)
                result = _study(study, tagger, chosen, told, cluster, execute)
                studies[step.name] = Studied(study, result, chosen)
            except PartError as error:
                left_out[step.title] = str(error)
        examples = _examples(tagger, quality, files, entries, ranges, progress, execute)
        speed = _time(tagger, ranges, left_out, progress, execute) if times else None
        if not times:
            left_out["Costs"] = "Measurements of time are turned off here."
        notices = tuple(so_far())
    created = datetime.now(UTC).isoformat(timespec="minutes")
    read = [*([] if tagger.files is None else [tagger.files.config, tagger.files.network]), *(r.path for r in ranges)]
    checksums = {str(path): text for path in read if path is not None and (text := file_sha256(path))}
    return Measured(
        tagger, request, tuple(ranges), quality, studies, left_out, examples, speed, notices, checksums, created
    )


def _tell(progress: ProgressCallback, title: str, _stage: str, done: int, total: int) -> None:
    progress(title, done, total)


def _study(
    study: Study,
    tagger: Tagger,
    ranges: Sequence[EntryRange],
    progress: ProgressCallback,
    cluster: Cluster | None,
    execute: Executor,
) -> Result:
    if cluster is not None:
        return study_files(study, tagger, ranges, progress, cluster)

    def batches() -> Iterator[Batch]:
        return batches_of_chunks(tagger, chunks(ranges), study.batch_size)

    return run_study(study, tagger, batches, sum(map(len, ranges)), progress, execute)


def _predict(
    tagger: Tagger,
    request: Request,
    ranges: Sequence[EntryRange],
    left_out: dict[str, str],
    progress: ProgressCallback,
    cluster: Cluster | None,
    execute: Executor,
) -> tuple[Comparison | None, list[str], np.ndarray]:
    """Return the model's quality, and the file and the entry of each jet."""
    try:
        require_classes(tagger, "quality to measure")
    except PartError as error:
        left_out["Performance"] = str(error)
        return None, [], np.empty(0, np.int64)
    files: list[str] = []
    entries: list[np.ndarray] = []

    def keep(batch: SampleBatch, _: np.ndarray) -> None:
        files.extend(batch.columns["file"])
        entries.append(np.asarray(batch.columns["entry"]))

    merged = merge_classes(tagger.dataset, request.groups, request.background)
    told = partial(_tell, progress, plan.PREDICTIONS)
    sample = FileSample(ranges, tagger.dataset, cluster=cluster)
    size = None if execute is execute_here else plan.TIMED_JETS
    probabilities, truth = predict_sample({tagger.name: tagger}, sample, size, told, execute, {}, keep)
    probabilities, truth = merged.probabilities(probabilities), None if truth is None else merged.truth(truth)
    drawn: dict[str, np.ndarray] = {}
    if truth is None:
        left_out["Performance"] = f"The jets have no labels of {tagger.dataset.name}."
    else:
        known = truth >= 0
        drawn = bootstrap.replicas(probabilities[:, known], truth[known], merged.dataset, REPLICAS)
    quality = Comparison((tagger.name,), merged.dataset, probabilities, truth, drawn, (), (), 0)
    return quality, files, np.concatenate(entries)


def _examples(
    tagger: Tagger,
    quality: Comparison | None,
    files: Sequence[str],
    entries: np.ndarray,
    ranges: Sequence[EntryRange],
    progress: ProgressCallback,
    execute: Executor,
) -> tuple[Example, ...]:
    if quality is None:
        first = next(chunks(ranges)).columns
        chosen = {"The first jet": (first["file"][0], int(first["entry"][0]))}
    else:
        chosen = {kind: (files[row], int(entries[row])) for kind, row in choose(quality).items()}
    examples = []
    for done, (kind, (file, entry)) in enumerate(chosen.items()):
        progress(plan.JETS_IN_FULL, done, len(chosen))
        examples.append(show(tagger, kind, file, entry, ranges, execute))
    progress(plan.JETS_IN_FULL, len(chosen), len(chosen))
    return tuple(examples)


def _time(
    tagger: Tagger,
    ranges: Sequence[EntryRange],
    left_out: dict[str, str],
    progress: ProgressCallback,
    execute: Executor,
) -> Speed | None:
    jets = ak.concatenate([chunk.jets for chunk in chunks(spread(ranges, plan.TIMED_JETS))])
    sweep = SweepPlan((tagger.name,), plan.BATCHES, repeats=9, budget=3.0)
    rows: list[SpeedMeasurement] = []
    for done, size in enumerate(plan.BATCHES):
        progress(plan.COSTS, done, len(plan.BATCHES))
        rows += execute(measure_point, sweep, {tagger.name: tagger}, jets, size, None)
    progress(plan.COSTS, len(plan.BATCHES), len(plan.BATCHES))
    measured = tuple(row for row in rows if not row.failed)
    if not measured:
        left_out["Costs"] = str(rows[0].failed)
        return None
    return Speed(measured, describe_machine(), torch_threads())
