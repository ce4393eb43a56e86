"""Files of measurements: what is written is read, and nothing else is taken for one."""

import json
from dataclasses import asdict, replace

import pytest

from part import PartError
from part.benchmarking.machine import ARITHMETIC, machine, machine_from_dict
from part.benchmarking.profile import Part, Profile, profile_from_dict
from part.benchmarking.results import parse, read, write
from part.benchmarking.sweep import Row, SweepPlan

ROW = Row("m", "ParT", "fp32", "fused", 10, 20, 1, 30.5, 44, True, False, (3.0,), (1.0, 2.0, 4.0), 99, None)


def test_what_is_written_is_read(tmp_path):
    here, plan = machine(), SweepPlan(("m",), (1, 2), (None, 16))
    write(tmp_path / "a.json", "sweep", "2026-01-01T12:00:00+01:00", here, plan, [ROW, replace(ROW, batch=2)], True)
    found = read(tmp_path / "a.json")
    assert (found.kind, found.machine, found.complete) == ("sweep", here, True)
    assert found.plan["lengths"] == [None, 16]
    assert [Row(**row).timing for row in found.rows] == [ROW.timing] * 2
    assert ROW.timing.median == 2


def test_profiles_come_back_whole():
    found = Profile("m", (Part("a.b", "mm", 2, 0.5, 8.0),), 0.7)
    assert profile_from_dict(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "ParTScope performance 1", "kind": "other"}', "\x00"])
def test_anything_else_is_refused_by_name(content):
    with pytest.raises(PartError, match=r"other\.json holds no measurement"):
        parse(content, "other.json")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(PartError, match="There is no file"):
        read(tmp_path / "none.json")


def test_a_machine_describes_itself():
    here = machine()
    assert here.cores >= 1
    assert here.memory > 2**28
    assert set(here.arithmetic) <= set(ARITHMETIC)
    assert here.torch in str(here)
    assert machine_from_dict(json.loads(json.dumps(here.to_dict()))) == here


def test_another_description_is_refused():
    with pytest.raises(PartError, match="should have cpu"):
        machine_from_dict({"cpu": "x"})
