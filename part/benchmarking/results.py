"""Files of measurements, each with the machine, the plan and whether it was completed.

A file is written again after each step, so that a measurement that is stopped loses nothing.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from part.benchmarking.conditions import Conditions, Verdict, judge
from part.benchmarking.machine import Machine
from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.profile import Profile, ProfileEntry, ProfilePlan
from part.benchmarking.roofline import WHOLE_MODEL, RooflinePlan, RooflinePoint
from part.benchmarking.sweep import SweepPlan
from part.errors import PartError
from part.io import atomic_write, check_regular

FORMAT = "ParTScope performance 1"
KINDS = ("sweep", "profile", "roofline")

# Fields that hold the seconds of passes.
PASSES: dict[type, tuple[str, ...]] = {
    SpeedMeasurement: ("warmup", "seconds"),
    Profile: ("unprofiled_passes",),
    RooflinePoint: ("passes",),
}

MeasurementPlan = SweepPlan | ProfilePlan | RooflinePlan
Measurements = list[SpeedMeasurement] | list[Profile] | list[RooflinePoint]

# Fields that files call otherwise; files of earlier versions must still open.
_FILE_KEYS: dict[type, dict[str, str]] = {
    SpeedMeasurement: {"from_file": "as_they_are", "reinitialised": "untrained"},
    Profile: {"entries": "parts", "unprofiled_seconds": "plain"},
    RooflinePoint: {"cache_bandwidth": "cached"},
}


@dataclass(frozen=True, eq=False)
class Results:
    """The content of a file of measurements.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    created : str
        When it was measured, in ISO 8601.
    machine : Machine
        Where it was measured.
    plan : dict
        The fields of the plan.
    rows : tuple of dict
        The measurements as they are in the file.
    complete : bool
        False if it was stopped before its end.
    """

    kind: str
    created: str
    machine: Machine
    plan: dict
    rows: tuple[dict, ...]
    complete: bool

    def measurements(self) -> Measurements:
        """Return the rows as SpeedMeasurement, Profile or RooflinePoint. Raise PartError if they do not fit."""
        try:
            match self.kind:
                case "sweep":
                    return [SpeedMeasurement(**_from_file(SpeedMeasurement, row)) for row in self.rows]
                case "profile":
                    return [_profile(row) for row in self.rows]
                case _:
                    return [RooflinePoint(**_from_file(RooflinePoint, row)) for row in self.rows]
        except (TypeError, KeyError):
            raise PartError("The measurement is of another version of ParTScope.") from None


def write(
    path: Path, kind: str, created: str, machine: Machine, plan: MeasurementPlan, rows: Sequence, *, complete: bool
) -> None:
    """Write a file of measurements; `rows` are of one of the types in `Measurements`."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "kind": kind,
        "made": created,
        "machine": machine.to_dict(),
        "plan": asdict(plan),
    }
    content |= {"complete": complete, "rows": [_to_file(row) for row in rows]}
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def parse(content: str | bytes, name: str) -> Results:
    """Parse the content of a file.

    Parameters
    ----------
    content : str or bytes
        What `write` wrote.
    name : str
        The file's name, for the error.

    Returns
    -------
    Results

    Raises
    ------
    PartError
        If it is anything else.
    """
    try:
        values = json.loads(content)
        if values["format"] != FORMAT or values["kind"] not in KINDS:
            raise ValueError
        plan, rows = values["plan"], values["rows"]
        if not isinstance(plan, dict) or not all(isinstance(row, dict) for row in rows):
            raise ValueError
        machine = Machine.from_dict(values["machine"])
        return Results(values["kind"], str(values["made"]), machine, plan, tuple(rows), bool(values["complete"]))
    except (ValueError, KeyError, TypeError, RecursionError, PartError):
        raise PartError(f"{name} holds no measurement; expected JSON that `python -m part bench` wrote.") from None


def read(path: Path) -> Results:
    """Read a file of measurements. Raise PartError if there is no such file or it holds something else."""
    check_regular(path)
    try:
        return parse(path.read_bytes(), path.name)
    except OSError:
        raise PartError(f"There is no file {path}.") from None


def _to_file(row: SpeedMeasurement | Profile | RooflinePoint) -> dict:
    keys = _FILE_KEYS[type(row)]
    return {keys.get(name, name): value for name, value in asdict(row).items()}


def _from_file(kind: type, row: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a measurement's class, with tuples in place of lists, and its conditions.

    Raises TypeError for times that are none.
    """
    names = {key: name for name, key in _FILE_KEYS[kind].items()}
    fields = {names.get(key, key): tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    for name in PASSES[kind]:
        if not all(isinstance(seconds, int | float) and 0 < seconds < math.inf for seconds in fields.get(name, ())):
            raise TypeError(f"{name} are numbers above 0")
    if (conditions := row.get("conditions")) is not None:
        fields["conditions"] = Conditions(**conditions)
    return fields


def _profile(row: dict) -> Profile:
    fields = _from_file(Profile, row)
    fields["entries"] = tuple(ProfileEntry(**entry) for entry in fields["entries"])
    return Profile(**fields)


def judge_measurements(rows: Measurements) -> Verdict:
    """Judge the times of a file of measurements, see `part.benchmarking.conditions.judge`."""
    timed = [row for row in rows if not (isinstance(row, SpeedMeasurement) and row.failed)]
    timed = [row for row in timed if not isinstance(row, RooflinePoint) or row.module.startswith(WHOLE_MODEL)]
    return judge([row.timing for row in timed], [row.conditions for row in timed])
