"""Estimates before and during a study, and the result that a cancelled study leaves."""

import json
import time

import numpy as np
import pytest
from helpers.app_driver import captions, open_page, run_until, sentences

from app.components.durations import rough_duration
from app.services import comparison, estimates, files, head_matching, jobs, measurement_estimates, studies
from part.analysis.registry import study_class
from part.progress import Cancelled

WORDS = [(0.3, "a second"), (7.2, "7 s"), (38, "40 s"), (57, "1 min"), (400, "7 min"), (9000, "2 h 30 min")]


@pytest.fixture(autouse=True)
def no_kept_rates():
    estimates._read_rates.cache_clear()


@pytest.mark.parametrize(("seconds", "text"), WORDS)
def test_estimates_have_a_digit_or_two(seconds, text):
    assert rough_duration(seconds) == text


def test_a_study_has_an_estimate_before_it_ran_and_its_own_rate_afterwards(tmp_path):
    task = studies.task("alpha", "sparsity", files.find("toys.root"), np.arange(5))
    assert task.estimate() > 0
    task.start()
    while task.job.is_running:
        time.sleep(0.05)
    assert task.job.partial is None
    path = tmp_path / "performance" / "study-rates.json"
    [rate] = json.loads(path.read_text()).values()
    assert task.estimate() == pytest.approx(5 * rate)
    path.write_text("[1")
    estimates._read_rates.cache_clear()
    assert task.estimate() > 0


def test_cancelling_keeps_the_result_of_the_jets_so_far(monkeypatch):
    monkeypatch.setattr("part.analysis.sparsity.study.SparsityStudy.batch_size", 2)
    report = jobs.Job.report

    def cancel_after_the_first_batch(job, text, fraction):
        if fraction > 0:
            job.cancel(keep=True)
        report(job, text, fraction)

    monkeypatch.setattr(jobs.Job, "report", cancel_after_the_first_batch)
    app = open_page("sparsity", file="toys.root", model="alpha", studied="6")
    app = run_until(app, lambda app: "Cancelled" in captions(app))
    assert sentences(app) == []
    assert "Cancelled: this is the result of 2 of the 6 jets, spread over all. Run takes all of them." in captions(app)
    assert app.get("plotly_chart")
    [job] = [job for job in jobs._jobs().values() if job.partial is not None]
    assert len(job.partial) == 2
    monkeypatch.setattr(jobs.Job, "report", report)
    app = run_until(app, lambda app: "Cancelled" not in captions(app) and app.get("plotly_chart"))
    assert not [button.key for button in app.button if button.key == "run"]


def test_a_job_says_how_long_the_rest_takes(monkeypatch):
    job = jobs.Job("study")
    assert job.seconds_left is None
    now = iter([100.0, 110.0])
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(now))
    job.report("jets", 0.0)
    job.fraction = 0.25
    assert job.seconds_left == pytest.approx(30)


def test_what_cannot_keep_a_result_ends_at_once():
    job = jobs.Job("comparison")
    job.cancel()
    assert not job.is_running
    with pytest.raises(Cancelled):
        job.report("jets", 0.5)


def test_comparisons_and_matches_of_heads_have_estimates_and_then_their_own_rates():
    file, entries = files.find("toys.root"), np.arange(5)
    models = comparison.comparable_models(("alpha", "beta"), file)
    for work, name in ((comparison, "compare"), (head_matching, "heads")):
        assert work.estimate(file, entries, models) > 0
        job = work.start(file, entries, models)
        while job.is_running:
            time.sleep(0.05)
        assert job.error is None
        rate = estimates.kept_rate(estimates.models_key(name, models))
        assert work.estimate(file, entries, models) == pytest.approx(5 * rate)


def test_measurements_of_speed_have_an_estimate_that_grows_with_what_is_measured():
    file, entries = files.find("toys.root"), np.arange(5)
    sweep = ["--batches", "1", "8", "--repeats", "15"]
    short = measurement_estimates.estimate("speed", ("alpha",), sweep, file, entries)
    assert short > measurement_estimates.START
    assert measurement_estimates.estimate("speed", ("alpha", "beta"), [*sweep[:-1], "30"], file, entries) > short
    profile = ["--batch", "64", "--passes", "5"]
    assert measurement_estimates.estimate("operators", ("alpha",), profile, file, entries) > measurement_estimates.START
    estimates.keep_rate(measurement_estimates.measurement_key("speed", ("alpha",), sweep), 21.0)
    assert measurement_estimates.estimate("speed", ("alpha",), sweep, file, entries) == 21.0


@pytest.mark.parametrize("study", ["probes", "truth", "physics", "atlas", "direct", "mean_attention"])
def test_every_study_of_the_pages_has_an_estimate(study):
    assert type(study_class(study)()).__name__ in estimates.RELATIVE_COST
