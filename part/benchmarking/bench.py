"""A measurement from its plan to its file, which is written again after each step."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import awkward as ak
import torch

from part.benchmarking import results
from part.benchmarking.inputs import as_they_are, made_up
from part.benchmarking.machine import machine
from part.benchmarking.profile import ProfilePlan, profiled
from part.benchmarking.roofline import RooflinePlan, points
from part.benchmarking.sweep import SweepPlan, sweep
from part.errors import PartError
from part.inference.tagger import Tagger, load_model

Plan = SweepPlan | ProfilePlan
Told = Callable[[str, int, int], None]


def kind_of(plan: Plan) -> str:
    """One of results.KINDS."""
    match plan:
        case SweepPlan():
            return "sweep"
        case RooflinePlan():
            return "roofline"
        case ProfilePlan():
            return "profile"
    raise PartError(f"There is no measurement of a {type(plan).__name__}.")


def carry_out(plan: Plan, jets: ak.Array | None, out: Path, told: Told, made: datetime) -> list:
    """Measure, write `out` after each step, and give the rows of all.

    jets: for what takes them as they are. told: hears of each step, how many are done, and of how many.
    Traces of a profile lie beside `out`, see `trace_path`. Sets torch's threads. Raises PartError.
    """
    torch.set_num_threads(plan.threads)
    told("Loading", 0, 1)
    taggers = {name: load_model(name, plan.device) for name in plan.models}
    about = kind_of(plan), made.isoformat(timespec="seconds"), machine(), plan
    rows: list = []
    for found in _steps(plan, taggers, jets, out, told):
        rows += found
        results.write(out, *about, rows, complete=False)
    results.write(out, *about, rows, complete=True)
    return rows


def _steps(plan: Plan, taggers: dict[str, Tagger], jets: ak.Array | None, out: Path, told: Told) -> Iterator[list]:
    if isinstance(plan, SweepPlan):
        yield from sweep(plan, taggers, jets, told)
        return
    for done, (name, tagger) in enumerate(taggers.items()):
        told(name, done, len(taggers))
        if plan.length is None and jets is None:
            raise PartError("Jets as they are come from a file; name one.")
        if plan.length is None:
            batch = as_they_are(jets, tagger, plan.batch).to(tagger.device)
        else:
            batch = made_up(tagger.config.inputs, plan.batch, plan.length).to(tagger.device)
        if isinstance(plan, RooflinePlan):
            yield points(name, tagger, batch, plan.passes)
        else:
            yield [profiled(name, tagger, batch, plan.passes, trace_path(out, done))]
    told("Done", len(taggers), len(taggers))


def trace_path(out: Path, number: int) -> Path:
    """Of the number-th model of a profile, from 0 on: to be opened at ui.perfetto.dev."""
    return out.with_name(f"{out.stem}.{number + 1}.trace.json.gz")
