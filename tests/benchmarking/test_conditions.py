"""The verdict on times, from made-up times and loads."""

import itertools

import pytest
import torch

from part.benchmarking import conditions
from part.benchmarking.conditions import Conditions, Watch, judge
from part.benchmarking.timing import Timing

STEADY = Timing((), (1.0, 1.01, 0.99, 1.0, 1.02))
SCATTERED = Timing((), (1.0, 1.5, 0.7, 1.0, 2.0))
WHEN = "2026-01-01T12:00:00+00:00"
QUIET = Conditions(0.9, 2, 1, 0.99, WHEN)


def test_steady_times_on_a_quiet_machine_may_be_quoted():
    verdict = judge([STEADY, STEADY], [QUIET, QUIET])
    assert verdict.quotable
    assert verdict.sentence == "Passes scatter by 1 % at most, load 0.9 on 2 cores."


@pytest.mark.parametrize(
    ("timing", "condition", "reason"),
    [
        (STEADY, Conditions(7.25, 2, 1, 0.99, WHEN), "the machine was busy (load 7.2 on 2 cores)"),
        (STEADY, Conditions(0.5, 2, 1, 0.61, WHEN), "the machine was busy (this process had 61 % of a core)"),
        (STEADY, Conditions(0.5, 8, 1, 2.0, WHEN), "this process also did other work, on 2.0 cores"),
        (SCATTERED, QUIET, "the passes of all times scatter by more than 10 %, up to 39 %"),
        (Timing((), (1.0, 1.0)), QUIET, "all times are of fewer than 3 passes"),
    ],
)
def test_each_sign_of_a_busy_machine_forbids_to_quote(timing, condition, reason):
    verdict = judge([timing], [condition])
    assert not verdict.quotable
    assert verdict.sentence.startswith("Do not quote these times: ")
    assert reason in verdict.sentence


def test_one_bad_time_among_many_is_told():
    verdict = judge([STEADY, Timing((), (1.0,)), STEADY], [QUIET] * 3)
    assert verdict.sentence == "Do not quote these times: 1 of 3 times is of fewer than 3 passes."


def test_scattered_times_are_counted():
    sentence = judge([STEADY, SCATTERED, STEADY], [QUIET] * 3).sentence
    assert "the passes of 1 of 3 times scatter by more than 10 %, up to 39 %" in sentence


def test_several_threads_may_use_several_cores_and_a_gpu_may_be_waited_for():
    assert judge([STEADY], [Conditions(2.0, 8, 4, 3.7, WHEN)]).quotable
    assert judge([STEADY], [Conditions(0.2, 8, 1, None, WHEN)]).quotable


def test_where_nobody_looked_the_verdict_says_so():
    assert judge([STEADY], [None]).sentence.endswith("load not recorded.")


def test_a_watch_sees_the_larger_load_and_the_share_of_a_core(monkeypatch):
    loads, wall, cpu = iter([(3.5, 0, 0), (1.5, 0, 0)]), itertools.count(0, 10), itertools.count(0, 6)
    monkeypatch.setattr(conditions.os, "getloadavg", lambda: next(loads))
    monkeypatch.setattr(conditions.time, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(conditions.time, "process_time", lambda: next(cpu))
    with Watch(torch.device("cpu")) as watch:
        pass
    assert (watch.conditions.load, watch.conditions.cpu_share) == (3.5, 0.6)
    assert watch.conditions.threads == torch.get_num_threads()


def test_a_system_without_a_load_is_watched(monkeypatch):
    monkeypatch.delattr(conditions.os, "getloadavg")
    with Watch(torch.device("cuda")) as watch:
        pass
    assert (watch.conditions.load, watch.conditions.cpu_share) == (None, None)
