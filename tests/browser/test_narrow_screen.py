"""On a screen of 1280 x 720 nothing is cut off: controls fit in a line, captions wrap, four charts take two rows."""

from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.browser
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


@pytest.fixture(autouse=True)
def narrow(page):
    page.set_viewport_size({"width": 1280, "height": 720})


def visit(page, server, name: str = "", **choices) -> None:
    query = urlencode({"file": "toys.root", "model": "alpha", "jet": 4} | choices)
    page.goto(f"http://localhost:{server.port}/{name}?{query}")
    page.wait_for_selector("[data-testid=stMainBlockContainer] [data-testid=stHorizontalBlock]")
    page.wait_for_selector(READY, state="attached", timeout=60_000)


def top(page, selector: str) -> float:
    return page.locator(selector).first.bounding_box()["y"]


def test_the_controls_of_explore_are_in_one_line(page, server):
    visit(page, server)
    page.wait_for_selector(".st-key-table0 [data-painted]")
    assert abs(top(page, ".st-key-choose_quantity") - top(page, ".st-key-choose_edges")) < 5


@pytest.mark.parametrize("name", ["performance", "bias", "intervention"])
def test_no_page_is_wider_than_the_screen(page, server, name):
    visit(page, server, name)
    content, screen = page.locator("[data-testid=stMain]").evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert content <= screen
    run = page.locator(".st-key-run button").bounding_box()
    assert run["x"] + run["width"] <= 1280
    assert abs(run["y"] - top(page, ".jet")) < 30


def test_four_charts_are_in_two_rows_and_no_caption_is_cut(page, server):
    visit(page, server, "attribution", tab="sample", studied=1)
    page.click(".st-key-run button")
    page.wait_for_selector(".st-key-caption_infidelity", timeout=120_000)
    page.wait_for_selector(READY, state="attached")
    assert abs(top(page, ".st-key-caption_agreement") - top(page, ".st-key-caption_species")) < 5
    assert top(page, ".st-key-caption_infidelity") > top(page, ".st-key-caption_agreement") + 100
    cut = page.locator(".caption").evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth + 1)")
    assert cut == []
