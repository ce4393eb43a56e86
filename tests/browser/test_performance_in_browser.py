"""The page Performance in a real browser: a measurement from Run to its charts, and its file."""

import json
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.browser
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


def test_operators_are_measured_shown_and_saved(page, server, tmp_path):
    query = urlencode({"file": "toys.root", "model": "alpha", "tab": "operators"})
    page.goto(f"http://localhost:{server.port}/performance?{query}")
    page.wait_for_selector(READY, state="attached", timeout=60_000)
    page.click(".st-key-run button")
    page.wait_for_selector(".st-key-progress", timeout=60_000)
    page.wait_for_selector(".js-plotly-plot .iciclelayer .slice", timeout=120_000)
    page.wait_for_selector(READY, state="attached")
    assert page.locator("[data-testid=stException]").count() == 0
    page.click(".st-key-export button")
    for kind, ending in (("json", ".json"), ("trace", ".json.gz")):
        with page.expect_download() as waiting:
            page.locator(f"[class*=st-key-{kind}_] button").first.click()
        assert waiting.value.suggested_filename.endswith(ending)
        waiting.value.save_as(tmp_path / kind)
    assert json.loads((tmp_path / "json").read_text())["rows"][0]["parts"]
    assert (tmp_path / "trace").read_bytes()[:2] == b"\x1f\x8b"  # gzip
