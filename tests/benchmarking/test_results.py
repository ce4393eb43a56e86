"""Files of measurements: what is written is read, older files still open, and nothing else is accepted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from part import PartError
from part.benchmarking.conditions import Conditions
from part.benchmarking.machine import ARITHMETIC, Machine, describe_machine
from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.profile import Profile, ProfileEntry, ProfilePlan
from part.benchmarking.results import parse, read, write
from part.benchmarking.roofline import RooflinePlan, RooflinePoint
from part.benchmarking.sweep import SweepPlan

PUBLISHED = Path(__file__).parents[2] / "docs" / "performance"
CREATED = "2026-01-01T12:00:00+01:00"
MEASUREMENT = SpeedMeasurement(
    "m", "ParT", "fp32", "fused", 10, 20, 1, 30.5, 44, True, False, (3.0,), (1.0, 2.0, 4.0), 99, None
)
QUIET = Conditions(0.5, 8, 1, 0.99, "2026-01-01T12:00:00+01:00")
PROFILE = Profile("m", (ProfileEntry("a.b", "mm", 2, 0.5, 8.0),), 0.7, (0.6, 0.7, 0.8), QUIET)
POINT = RooflinePoint("m", "a.*.b", 1e9, 1e7, 0.1, 1e11, 1e10, 5e10, (0.1, 0.1, 0.2), QUIET)


def test_what_is_written_is_read(tmp_path):
    machine, plan = describe_machine(), SweepPlan(("m",), (1, 2), (None, 16))
    rows = [MEASUREMENT, replace(MEASUREMENT, batch=2, conditions=QUIET)]
    write(tmp_path / "a.json", "sweep", CREATED, machine, plan, rows, complete=True)
    results = read(tmp_path / "a.json")
    assert (results.kind, results.created, results.machine, results.complete) == ("sweep", CREATED, machine, True)
    assert results.plan["lengths"] == [None, 16]
    assert results.measurements() == rows
    assert results.measurements()[0].timing.median == 2


@pytest.mark.parametrize(
    ("kind", "plan", "row"),
    [("profile", ProfilePlan(("m",)), PROFILE), ("roofline", RooflinePlan(("m",)), POINT)],
)
def test_profiles_and_rooflines_are_read_as_they_were(tmp_path, kind, plan, row):
    write(tmp_path / "a.json", kind, CREATED, describe_machine(), plan, [row], complete=False)
    assert read(tmp_path / "a.json").measurements() == [row]


def test_the_keys_of_files_stay(tmp_path):
    """They are those of version 0.1, which other programs read, and after them what was added since."""
    keys = {}
    for kind, plan, row in (
        ("sweep", SweepPlan(("m",)), MEASUREMENT),
        ("profile", ProfilePlan(("m",)), PROFILE),
        ("roofline", RooflinePlan(("m",)), POINT),
    ):
        write(tmp_path / "a.json", kind, CREATED, describe_machine(), plan, [row], complete=True)
        content = json.loads((tmp_path / "a.json").read_text())
        keys[kind] = list(content["rows"][0])
    assert list(content) == ["format", "kind", "made", "machine", "plan", "complete", "rows"]
    assert keys == {
        "sweep": ["model", "architecture", "precision", "backend", "parameters", "disk", "batch", "n", "longest",
                  "as_they_are", "untrained", "warmup", "seconds", "memory", "joules", "failed", "conditions"],
        "profile": ["model", "parts", "plain", "unprofiled_passes", "conditions"],
        "roofline": ["model", "module", "flops", "bytes", "seconds", "peak_flops", "bandwidth", "cached",
                     "passes", "conditions"],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["speed", "growth"])
def test_published_files_open(name):
    results = read(PUBLISHED / f"{name}.json")
    measurements = results.measurements()
    assert len(measurements) == len(results.rows) > 10
    assert {m.from_file for m in measurements} == {name == "speed"}
    assert all(m.timing.median > 0 for m in measurements if not m.failed)


@pytest.mark.parametrize("wrong", [[1.0, 0], ["1"], [-1.0], [None], [float("nan")], [float("inf")], 3.0])
def test_times_that_are_none_are_refused(tmp_path, wrong):
    write(tmp_path / "a.json", "sweep", CREATED, describe_machine(), SweepPlan(("m",)), [MEASUREMENT], complete=True)
    content = json.loads((tmp_path / "a.json").read_text())
    content["rows"][0]["seconds"] = wrong
    with pytest.raises(PartError, match="another version"):
        parse(json.dumps(content), "a.json").measurements()


def test_conditions_of_another_kind_are_refused(tmp_path):
    write(tmp_path / "a.json", "sweep", CREATED, describe_machine(), SweepPlan(("m",)), [MEASUREMENT], complete=True)
    content = json.loads((tmp_path / "a.json").read_text())
    for wrong in ("busy", {"load": 1}, vars(QUIET) | {"load": "high"}, vars(QUIET) | {"when": None}):
        content["rows"][0]["conditions"] = wrong
        with pytest.raises(PartError, match="another version"):
            parse(json.dumps(content), "a.json").measurements()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "ParTScope performance 1", "kind": "other"}', "\x00"])
def test_anything_else_is_refused_by_name(content):
    with pytest.raises(PartError, match=r"other\.json holds no measurement"):
        parse(content, "other.json")


def test_rows_of_another_version_are_refused(tmp_path):
    write(tmp_path / "a.json", "sweep", CREATED, describe_machine(), SweepPlan(("m",)), [MEASUREMENT], complete=True)
    content = json.loads((tmp_path / "a.json").read_text())
    content["rows"][0]["unknown"] = 1
    with pytest.raises(PartError, match="another version"):
        parse(json.dumps(content), "a.json").measurements()


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(PartError, match="There is no file"):
        read(tmp_path / "none.json")


def test_a_machine_describes_itself():
    machine = describe_machine()
    assert machine.cores >= 1
    assert machine.memory > 2**28
    assert set(machine.arithmetic) <= set(ARITHMETIC)
    assert machine.torch in str(machine)
    assert Machine.from_dict(json.loads(json.dumps(machine.to_dict()))) == machine


def test_another_description_is_refused():
    with pytest.raises(PartError, match="should have cpu"):
        Machine.from_dict({"cpu": "x"})
