"""The plan of a report: which jets its studies take, and the command that makes it again."""

import shlex

import numpy as np
import pytest

from part.__main__ import COMMANDS
from part.jets.streaming import EntryRange
from part.report.plan import STAGES, STEPS, Request, spread


def entries(ranges):
    return [(r.path, entry) for r in ranges for entry in range(r.start, r.stop)]


@pytest.mark.parametrize(("sizes", "count"), [((1000,), 100), ((30, 500, 7), 60), ((5, 5), 3), ((100,), 99)])
def test_a_smaller_sample_has_so_many_entries_of_all_parts(sizes, count):
    ranges = [EntryRange(f"{i}.root", 10, 10 + size) for i, size in enumerate(sizes)]
    chosen = entries(spread(ranges, count))
    assert len(chosen) == len(set(chosen)) == count
    everything = entries(ranges)
    places = [everything.index(entry) for entry in chosen]
    assert places == sorted(places)
    assert max(np.diff([0, *places, len(everything)])) <= len(everything) / min(20, count) + 1


def test_a_sample_that_is_small_enough_is_taken_as_it_is():
    ranges = [EntryRange("a.root", 0, 5), EntryRange("b.root", 3, 8)]
    assert spread(ranges, 10) == ranges


def test_a_file_sorted_by_class_gives_all_classes():
    chosen = entries(spread([EntryRange("sorted.root", 0, 1000)], 60))
    assert {entry // 100 for _, entry in chosen} == set(range(10))


def test_the_command_names_everything_that_was_given():
    request = Request(
        "net best.pt",
        ("a b.root", "*.root"),
        5,
        20,
        {"config": "data.yaml", "network": None, "options": {"use_pre_activation_pair": True}},
        ("bb=Hbb,Zbb",),
        "QCD",
        True,
        True,
    )
    words = shlex.split(request.command)
    assert words[:4] == ["python", "-m", "part", "report"]
    text = "--model|net best.pt|--config|data.yaml|-o|use_pre_activation_pair|True|--jets|a b.root|*.root|--start|5"
    text += "|--stop|20|--group|bb=Hbb,Zbb|--background|QCD|--strict|--all-jets|--out|report.html"
    assert "|".join(words[4:]) == text
    assert "report" in COMMANDS


def test_all_steps_have_a_stage_of_their_own():
    assert len(set(STAGES)) == len(STAGES) == len(STEPS) + 4
