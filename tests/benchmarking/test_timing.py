"""Alternation, warm-up and budget; no test asserts how long anything takes."""

import itertools

import numpy as np
import torch

from part.benchmarking import timing
from part.benchmarking.timing import Timing, time_call, time_interleaved, time_one


def recorded(calls, name, seconds):
    return lambda: calls.append(name) or seconds


def test_models_take_turns_after_all_have_warmed_up():
    calls = []
    timings = time_interleaved({name: recorded(calls, name, 1.0) for name in "ab"}, repeats=3, warmup=2)
    assert calls == list("aabb") + list("ab") * 3
    assert {len(t.warmup) for t in timings.values()} == {2}
    assert {len(t.seconds) for t in timings.values()} == {3}


def test_a_budget_that_is_over_leaves_one_round(monkeypatch):
    clock = itertools.count(0, 10)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    calls = []
    timings = time_interleaved({name: recorded(calls, name, 1.0) for name in "ab"}, repeats=5, warmup=2, budget=1)
    assert calls == ["a", "b"]
    assert timings["a"].warmup == ()


def test_what_counts_is_without_what_warms_up():
    values = iter([100.0, 4.0, 1.0, 2.0, 3.0])
    timing = time_one(lambda: next(values), repeats=4)
    assert timing == Timing((100.0,), (4.0, 1.0, 2.0, 3.0))
    assert timing.median == 2.5
    assert timing.quartiles == tuple(np.quantile([1, 2, 3, 4], (0.25, 0.75)))


def test_a_pass_calls_once():
    calls = []
    assert time_call(lambda: calls.append(1), torch.device("cpu")) > 0
    assert calls == [1]
