"""Run a measurement from its plan to its file, which is written again after each step."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import awkward as ak
import torch

from part.benchmarking import results
from part.benchmarking.inputs import first_jets_batch, random_batch
from part.benchmarking.machine import describe_machine
from part.benchmarking.profile import ProfilePlan, profile_passes
from part.benchmarking.results import MeasurementPlan, Measurements
from part.benchmarking.roofline import RooflinePlan, measure_roofline
from part.benchmarking.sweep import SweepPlan, sweep
from part.errors import PartError
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.models.checkpoints.training_files import arguments_of
from part.progress import ProgressCallback, no_progress


def kind_of(plan: MeasurementPlan) -> str:
    """Return the kind of measurement a plan is for, one of `results.KINDS`."""
    match plan:
        case SweepPlan():
            return "sweep"
        case RooflinePlan():
            return "roofline"
        case ProfilePlan():
            return "profile"
    raise PartError(f"There is no measurement of a {type(plan).__name__}.")


def run(
    plan: MeasurementPlan,
    jets: ak.Array | None,
    out: Path,
    created: datetime,
    progress: ProgressCallback = no_progress,
    files: Mapping[str, Any] | None = None,
) -> Measurements:
    """Measure, and write the file after each step.

    Parameters
    ----------
    plan : SweepPlan, ProfilePlan or RooflinePlan
        What to measure. Its number of threads is set for all of torch.
    jets : ak.Array or None
        The jets of a file, for plans that use them.
    out : Path
        The JSON file. Traces of a profile are written beside it, see `trace_path`.
    created : datetime
        The time that the file states.
    progress : ProgressCallback
        Called with each step, the steps done and their number.
    files : mapping, optional
        The arguments config, network and options of `part.load_model`, for all of the models that are weaver weights.

    Returns
    -------
    list of SpeedMeasurement, Profile or RooflinePoint
        The measurements of all steps.

    Raises
    ------
    PartError
        If a model cannot be loaded, or the plan needs jets and there are none.
    """
    torch.set_num_threads(plan.threads)
    progress("Loading", 0, 1)
    taggers = {name: load_model(name, plan.device, **arguments_of(name, files)) for name in plan.models}
    header = kind_of(plan), created.isoformat(timespec="seconds"), describe_machine(), plan
    rows: list = []
    for step in _steps(plan, taggers, jets, out, progress):
        rows += step
        results.write(out, *header, rows, complete=False)
    results.write(out, *header, rows, complete=True)
    return rows


def _steps(
    plan: MeasurementPlan, taggers: dict[str, Tagger], jets: ak.Array | None, out: Path, progress: ProgressCallback
) -> Iterator[Measurements]:
    if isinstance(plan, SweepPlan):
        yield from sweep(plan, taggers, jets, progress)
        return
    for done, (name, tagger) in enumerate(taggers.items()):
        progress(name, done, len(taggers))
        batch = _batch(plan, jets, tagger).to(tagger.device)
        if isinstance(plan, RooflinePlan):
            yield measure_roofline(name, tagger, batch, plan.passes)
        else:
            yield [profile_passes(name, tagger.run_by_modules(), batch, plan.passes, trace_path(out, done))]
    progress("Done", len(taggers), len(taggers))


def _batch(plan: ProfilePlan, jets: ak.Array | None, tagger: Tagger) -> JetBatch:
    if plan.length is None:
        return first_jets_batch(jets, tagger, plan.batch)
    return random_batch(tagger.config.inputs, plan.batch, plan.length)


def trace_path(out: Path, number: int) -> Path:
    """Return the trace file of a profile's model, counted from 0; ui.perfetto.dev opens it."""
    return out.with_name(f"{out.stem}.{number + 1}.trace.json.gz")
