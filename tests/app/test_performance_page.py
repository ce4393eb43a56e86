"""The page Performance without a browser. It measures in processes of its own, on small models."""

import json
import time

import pytest
from helpers.app_driver import calm, open_page, run_until, sentences, texts

from app.services import benchmarks as measuring
from part.benchmarking.results import parse


@pytest.fixture
def look(monkeypatch):
    """Open Performance at a URL; measurements are short."""
    start = measuring.start

    def short(tab, models, options, file, entries):
        quick = ["--batches", "1", "2", "--repeats", "2"] if tab in ("speed", "growth") else ["--batch", "2"]
        quick += ["--lengths", "8", "16", "32"] if tab == "growth" else []
        return start(tab, models, [*options, *quick], file, entries)

    monkeypatch.setattr(measuring, "start", short)
    return lambda **params: open_page("performance", **({"file": "toys.root", "model": ["alpha", "beta"]} | params))


def finish(app):
    return run_until(app, lambda app: app.get("plotly_chart") or app.error)


def wait_for(name: str) -> None:
    """Until a measurement, whose first rows are there, is whole."""
    for _ in range(600):
        if measuring.load(name).complete:
            return
        time.sleep(0.1)
    raise AssertionError("the measurement does not end")


def test_before_the_first_run_the_page_says_what_there_is_to_see(look):
    app = look()
    assert "Run measures time, throughput and memory" in texts(app)
    assert not app.get("plotly_chart")


def test_a_run_shows_times_and_leaves_a_file(look, jets_folder):
    app = finish(look())
    assert sentences(app) == []
    (name,) = measuring.listed("speed")
    wait_for(name)
    app.run()
    found = parse(measuring.content(name), name)
    assert found.plan["batches"] == [1, 2]
    assert [row["n"] for row in found.rows if row["model"].endswith("alpha.safetensors")] == [30, 21]  # 30 and 12
    assert {row.model for row in measuring.rows(found)} == {"alpha", "beta"}
    assert len(calm(app).get("plotly_chart")) == 3
    assert 'class="models"' in texts(app)
    assert app.session_state["selection"].results == (name,)


@pytest.mark.parametrize(("tab", "charts"), [("growth", 2), ("operators", 4), ("roofline", 1)])
def test_every_tab_measures_and_shows(look, tab, charts):
    app = run_until(look(tab=tab), lambda app: len(app.get("plotly_chart")) == charts or app.error)
    assert sentences(app) == []
    assert len(app.get("plotly_chart")) == charts
    assert measuring.load(measuring.listed(tab)[0]).machine == measuring.machine()


def test_filters_decide_which_jets_are_taken(look):
    app = finish(look(n="40-60"))
    (name,) = measuring.listed("speed")
    assert {row["longest"] for row in measuring.load(name).rows} <= {45, 60}
    assert sentences(app) == []


def test_a_model_that_cannot_take_the_jets_is_told_in_its_row(look):
    app = run_until(look(file="bare.root"), lambda app: 'class="models"' in texts(app))
    assert sentences(app) == []
    assert texts(app).count("the jets have no branch part_charge") == 2


def test_a_measurement_can_be_cancelled(look):
    app = look()
    app.button(key="run").click().run()
    job = measuring.find(app.session_state["measuring"])
    job.cancel()
    assert not job.running
    app.run()
    assert sentences(app) == []
    assert [button for button in app.button if button.key == "run"]


def test_measurements_of_two_machines_are_put_beside_each_other(look):
    app = finish(look())
    (name,) = measuring.listed("speed")
    wait_for(name)
    told = json.loads(measuring.content(name))
    told["machine"]["cpu"] = "Another processor"
    (measuring.folder() / "speed-19990101-000000.json").write_text(json.dumps(told))
    app = look(results=[name, "speed-19990101-000000"])
    assert "alpha (1)" in texts(app)
    assert "alpha (2)" in texts(app)
    assert any("Another processor" in caption.value for caption in app.caption)


def test_a_file_that_holds_no_measurement_is_refused(look):
    measuring.folder().mkdir(parents=True, exist_ok=True)
    (measuring.folder() / "speed-20000101-000000.json").write_text("{}")
    app = look()
    assert "holds no measurement" in sentences(app)[0]
