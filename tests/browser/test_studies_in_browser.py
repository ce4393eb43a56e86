"""The pages of studies in a real browser: they paint, ask no other host for anything and leave the console clean."""

from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.browser
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


def visit(page, server, name: str, **choices) -> None:
    query = urlencode({"file": "toys.root", "model": "alpha", "jet": 4} | choices)
    page.goto(f"http://localhost:{server.port}/{name}?{query}")
    page.wait_for_selector(READY, state="attached", timeout=60_000)


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_what_needs_no_run_is_painted_at_once(page, server):
    for name in ("bias", "attribution", "intervention"):
        visit(page, server, name)
        page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
        assert page.locator("[data-testid=stException]").count() == 0


def test_a_sample_is_studied_on_run_and_the_figure_saved_for_paper(page, server, tmp_path):
    visit(page, server, "sparsity", studied=6)
    page.click(".st-key-run button")
    page.wait_for_selector(".js-plotly-plot .heatmaplayer", timeout=120_000)
    page.wait_for_selector(READY, state="attached")
    assert page.locator(".js-plotly-plot .heatmaplayer").count() == 2  # the model, and its untrained weights
    with page.expect_download() as waiting:
        page.locator("[class*=st-key-pdf_] button").first.click()
    waiting.value.save_as(tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    with page.expect_download() as waiting:
        page.click(".st-key-export button")
        page.click(".st-key-export_0_csv button")
    waiting.value.save_as(tmp_path / "numbers.csv")
    header, *rows = (tmp_path / "numbers.csv").read_text().splitlines()
    assert header.startswith("quantity,layer,head,value,error,jets")
    assert len(rows) > 64
