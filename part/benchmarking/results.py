"""Files of what was measured, each with the machine, the plan and whether it came to its end.

They are written again after each step, so that nothing is lost of a measurement that is stopped.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from part.benchmarking.machine import Machine, machine_from_dict
from part.errors import PartError
from part.io import atomic_write

FORMAT = "ParTScope performance 1"
KINDS = ("sweep", "profile", "roofline")


@dataclass(frozen=True, eq=False)
class Results:
    """kind: one of KINDS. made: when, ISO 8601. plan: what was asked for. rows: what was found, a dict each."""

    kind: str
    made: str
    machine: Machine
    plan: dict
    rows: tuple[dict, ...]
    complete: bool


def write(path: Path, kind: str, made: str, machine: Machine, plan: Any, rows: Sequence, complete: bool) -> None:
    """plan and rows are dataclasses."""
    told = {"format": FORMAT, "kind": kind, "made": made, "machine": machine.to_dict(), "plan": asdict(plan)}
    told |= {"complete": complete, "rows": [asdict(row) for row in rows]}
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def parse(content: str | bytes, name: str) -> Results:
    """What `write` wrote; name: of the file. Raises PartError for anything else."""
    try:
        told = json.loads(content)
        if told["format"] != FORMAT or told["kind"] not in KINDS:
            raise ValueError
        plan, rows = told["plan"], told["rows"]
        if not isinstance(plan, dict) or not all(isinstance(row, dict) for row in rows):
            raise ValueError
        machine = machine_from_dict(told["machine"])
        return Results(told["kind"], str(told["made"]), machine, plan, tuple(rows), bool(told["complete"]))
    except (ValueError, KeyError, TypeError, PartError):
        raise PartError(f"{name} holds no measurement; expected JSON that `python -m part bench` wrote.") from None


def read(path: Path) -> Results:
    """Raises PartError if there is no such measurement."""
    try:
        return parse(path.read_bytes(), path.name)
    except OSError:
        raise PartError(f"There is no file {path}.") from None
