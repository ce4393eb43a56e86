"""On narrow screens nothing is cut off and nothing overlaps: texts fit their charts, charts wrap, tables scroll."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.browser
FAULTS = Path(__file__).with_name("faults.js").read_text()
CANVAS = Path(__file__).parents[2] / "part" / "figures" / "canvas" / "shared.js"
JETCLASS = {"file": "jetclass_like.root", "model": "part-full", "jet": 8}
TOP = {"file": "toplandscape_like.root", "model": "part-top", "jet": 0}
TWO = JETCLASS | {"model": ["part-full", "pairattn-full"]}
FOUR = JETCLASS | {"model": ["part-full", "pairattn-full", "linpart-landmark", "partnobias-full"]}
# Widths, and pages of the shipped models with the results that come with the project.
PAGES = [
    (1024, "", JETCLASS),
    (1024, "", TWO),
    (1280, "", TWO | {"order": "subjet", "particle": 2}),
    (1024, "", FOUR),
    (1024, "compare", JETCLASS),
    (1024, "bias", TOP | {"tab": "shares"}),
    (1024, "sparsity", JETCLASS | {"tab": "places"}),
    (1024, "atlas", TOP),
    (1280, "circuits", TOP),
    (1024, "attribution", JETCLASS),
    (1024, "attribution", JETCLASS | {"tab": "sample"}),
    (1024, "intervention", JETCLASS),
    (1280, "intervention", JETCLASS),
    (1024, "performance", JETCLASS),
    (1024, "train", {}),
    (1280, "train", {}),
]
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


@pytest.fixture(autouse=True)
def narrow(page):
    page.set_viewport_size({"width": 1280, "height": 720})


def visit(page, server, name: str = "", **choices) -> None:
    query = urlencode({"file": "toys.root", "model": "alpha", "jet": 4} | choices, doseq=True)
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


@pytest.mark.parametrize(("width", "name", "choices"), PAGES)
def test_no_text_is_cut_or_overlaps_another(page, server, width, name, choices):
    page.set_viewport_size({"width": width, "height": 768})
    visit(page, server, name, **choices)
    page.wait_for_selector(".js-plotly-plot .main-svg, [data-painted]", timeout=60_000)
    page.wait_for_timeout(500)  # plotly and the canvases draw again when their columns have their widths
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize(
    ("width", "name", "table"),
    [
        (1024, "train", ".st-key-runs .table"),
        (1280, "train", ".st-key-runs .table"),
        (1600, "train", ".st-key-runs .table"),
        (1024, "compare", ".wide"),
        (1280, "compare", ".wide"),
    ],
)
def test_tables_show_all_their_columns(page, server, width, name, table):
    page.set_viewport_size({"width": width, "height": 768})
    visit(page, server, name, **(JETCLASS if name == "compare" else {}))
    page.wait_for_selector(table)
    content, shown = page.locator(table).first.evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert content <= shown


def test_labels_of_ticks_that_would_touch_are_left_out(page):
    marks, lengths = [[0, "1"], [9, "10"], [19, "20"], [29, "30"], [39, "40"]], {"1": 5, "10": 10}
    choose = "return apart(marks, (place) => place * cell, (text) => lengths[text] || 10)"
    script = f"([marks, lengths, cell]) => {{ {CANVAS.read_text()}; {choose} }}"
    shown = {cell: [label for _, label in page.evaluate(script, [marks, lengths, cell])] for cell in (2, 1, 0.5)}
    assert shown == {2: ["1", "10", "20", "30", "40"], 1: ["1", "20", "40"], 0.5: ["1", "30"]}
