"""The report in Explore's Export: started, followed, downloaded; no place on the server is in it."""

import time

import pytest
from helpers.app_driver import captions, no_exception

from app.services import files, jobs, reports
from app.services.models import load_tagger
from part.report import plan


@pytest.fixture(autouse=True)
def few_jets(monkeypatch):
    monkeypatch.setattr(reports, "MAX_JETS", 4)
    monkeypatch.setattr(plan, "STEPS", ())  # which have tests of their own
    monkeypatch.setattr(plan, "BATCHES", (1,))


def keys(app) -> set[str]:
    return {button.key for button in app.button}


def test_the_button_starts_a_report_and_then_offers_it(visit):
    app = visit()
    assert "make_report" in keys(app)
    assert "the first 4 jets" in captions(app)
    app.button(key="make_report").click().run()
    file = files.find("toys.root")
    job = reports.task("alpha", "toys.root", load_tagger("alpha", file), file).job
    assert job is not None
    deadline = time.monotonic() + 300
    while job.is_running and time.monotonic() < deadline:
        time.sleep(0.2)
    assert job.error is None, job.error
    app = no_exception(app.run())
    assert "make_report" not in keys(app)
    assert any(element.proto.id for element in app.get("download_button") if "export_report" in element.proto.id)
    page = job.result.decode()
    assert "Interpretation of alpha" in page
    assert str(file.path.parent) not in page
    assert "toys.root" in page


def test_a_report_can_be_cancelled():
    file = files.find("toys.root")
    job = reports.task("beta", "toys.root", load_tagger("beta", file), file).start()
    job.cancel()
    assert not job.is_running
    assert jobs.find(("report", file.key, 4, load_tagger("beta", file).cache_key)) is None
