"""Alternation, warm-up and budget; no test asserts how long anything takes."""

import itertools

import numpy as np
import pytest
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


def test_some_rounds_run_however_long_they_take(monkeypatch):
    clock = itertools.count(0, 10)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    calls = []
    passes = {name: recorded(calls, name, 1.0) for name in "abc"}
    time_interleaved(passes, repeats=5, warmup=0, budget=1, least=2)
    assert calls == list("abc") * 2


def test_what_counts_is_without_what_warms_up():
    values = iter([100.0, 4.0, 1.0, 2.0, 3.0])
    timing = time_one(lambda: next(values), repeats=4)
    assert timing == Timing((100.0,), (4.0, 1.0, 2.0, 3.0))
    assert timing.median == 2.5
    assert timing.spread == tuple(np.quantile([1, 2, 3, 4], (0.16, 0.84)))


def test_a_normal_scatter_has_one_standard_deviation_on_either_side():
    timing = Timing((), tuple(np.random.default_rng(0).normal(10, 1, 20_000)))
    low, high = timing.spread
    assert (low, high) == pytest.approx((9, 11), abs=0.05)
    assert timing.scatter == pytest.approx(0.1, abs=0.005)


def test_of_two_passes_there_is_no_spread():
    timing = Timing((), (1.0, 9.0))
    assert not timing.has_spread
    assert np.isnan(timing.spread).all()
    assert np.isnan(timing.ratio(timing)[1:]).all()


def test_what_slows_a_round_cancels_in_the_ratio():
    rounds = np.array([1.0, 5.0, 2.0, 1.0])
    fast, slow = Timing((), tuple(rounds)), Timing((), tuple(3 * rounds))
    assert fast.ratio(slow) == pytest.approx((3, 3, 3))
    assert slow.ratio(fast) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_a_pass_calls_once():
    calls = []
    assert time_call(lambda: calls.append(1), torch.device("cpu")) > 0
    assert calls == [1]
