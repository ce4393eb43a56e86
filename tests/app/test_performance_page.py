"""The page Performance without a browser. It measures in processes of its own, on small models."""

import json
import time
from dataclasses import replace

import pytest
from helpers.app_driver import captions, no_exception, open_page, run_until, sentences, state_of, texts

from app.pages.performance.state import PerformanceState
from app.services import benchmarks
from part.benchmarking.results import parse


@pytest.fixture
def visit(monkeypatch, tmp_path):
    """Open Performance at a URL; measurements are short, and none ships."""
    monkeypatch.setattr(benchmarks, "SHIPPED", tmp_path)
    start = benchmarks.start

    def short(tab, models, options, file, entries):
        quick = ["--batches", "1", "2", "--repeats", "2"] if tab in ("speed", "growth") else ["--batch", "2"]
        quick += ["--lengths", "8", "16", "32"] if tab == "growth" else []
        return start(tab, models, [*options, *quick], file, entries)

    monkeypatch.setattr(benchmarks, "start", short)
    return lambda **params: open_page("performance", **({"file": "toys.root", "model": ["alpha", "beta"]} | params))


def finish(app):
    return run_until(app, lambda app: app.get("plotly_chart") or app.error)


def wait_for(name: str) -> None:
    """Wait until a measurement with its first rows is complete."""
    for _ in range(600):
        if benchmarks.load(name).complete:
            return
        time.sleep(0.1)
    raise AssertionError("the measurement does not end")


@pytest.mark.parametrize(("tab", "charts"), [("speed", 3), ("growth", 2), ("operators", 3), ("roofline", 1)])
def test_every_tab_opens_with_the_documentations_measurement(tab, charts, monkeypatch):
    here = replace(benchmarks.machine(), cpu="that of another machine")
    monkeypatch.setattr(benchmarks, "machine", lambda: here)
    app = open_page("performance", tab=tab)
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == charts
    assert "another machine than this" in texts(app)
    assert '<p class="measured doubtful"' in texts(app)  # the verdict stands above the charts
    assert "not quote" in texts(app)


def test_before_the_first_run_the_page_says_what_there_is_to_see(visit):
    app = visit()
    assert "Run measures time, throughput and memory" in texts(app)
    assert not app.get("plotly_chart")


@pytest.mark.slow
def test_a_run_shows_times_and_writes_a_file(visit, jets_folder):
    app = finish(visit())
    assert sentences(app) == []
    (name,) = benchmarks.listed("speed")
    wait_for(name)
    app.run()
    results = parse(benchmarks.content(name), name)
    assert results.plan["batches"] == [1, 2]
    assert [row["n"] for row in results.rows if row["model"].endswith("alpha.safetensors")] == [30, 21]  # 30 and 12
    assert {row.model for row in benchmarks.measurements(results)} == {"alpha", "beta"}
    assert len(no_exception(app).get("plotly_chart")) == 3
    assert 'class="models"' in texts(app)
    assert state_of(app, PerformanceState).results == (name,)


@pytest.mark.slow
@pytest.mark.parametrize(("tab", "charts"), [("growth", 2), ("operators", 4), ("roofline", 1)])
def test_every_tab_measures_and_shows(visit, tab, charts):
    app = run_until(visit(tab=tab), lambda app: len(app.get("plotly_chart")) == charts or app.error)
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == charts
    assert benchmarks.load(benchmarks.listed(tab)[0]).machine == benchmarks.machine()


@pytest.mark.slow
def test_filters_decide_which_jets_are_measured_with(visit):
    app = finish(visit(n="40-60"))
    (name,) = benchmarks.listed("speed")
    assert {row["longest"] for row in benchmarks.load(name).rows} <= {45, 60}
    assert sentences(app) == []


@pytest.mark.slow
def test_a_model_that_cannot_take_the_jets_is_reported_in_its_row(visit):
    app = run_until(visit(file="bare.root"), lambda app: 'class="models"' in texts(app))
    assert sentences(app) == []
    assert texts(app).count("the jets have no branch part_charge") == 2


def test_a_measurement_can_be_cancelled(visit):
    app = visit()
    app.button(key="run").click().run()
    job = benchmarks.find(app.session_state["measuring"])
    job.cancel()
    assert not job.is_running
    app.run()
    assert sentences(app) == []
    assert [button for button in app.button if button.key == "run"]


@pytest.mark.slow
def test_measurements_of_two_machines_are_put_beside_each_other(visit):
    app = finish(visit())
    (name,) = benchmarks.listed("speed")
    wait_for(name)
    content = json.loads(benchmarks.content(name))
    content["machine"]["cpu"] = "Another processor"
    (benchmarks.folder() / "speed-19990101-000000.json").write_text(json.dumps(content))
    app = visit(results=[name, "speed-19990101-000000"])
    assert "alpha (1)" in texts(app)
    assert "alpha (2)" in texts(app)
    assert "(2) Another processor" in texts(app)


def test_a_file_that_holds_no_measurement_gives_one_sentence(visit):
    benchmarks.folder().mkdir(parents=True, exist_ok=True)
    (benchmarks.folder() / "speed-20000101-000000.json").write_text("{}")
    app = visit()
    [listed] = [c.value for c in app.caption if "Left out" in c.value]
    assert "holds no measurement" in listed


def test_the_chosen_model_comes_first_and_one_that_was_not_measured_is_named():
    app = open_page("performance", tab="speed", model="part-full")
    table = texts(app).partition('class="models"')[2]
    names = ("part-full<", "part-fused<", "part-fused@bf16<")
    assert sorted(names, key=table.index) == list(names)
    assert "not in this measurement" not in captions(app)
    app = open_page("performance", tab="speed", model=["pfn-full", "part-fused"])
    assert "pfn-full is not in this measurement; Run measures it on this machine." in captions(app)
