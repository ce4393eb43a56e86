"""The interactive page in Chromium, opened as a file: it draws, responds, and sends no request."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.jet_view import random_jet_view, random_trace, with_slots

from part.errors import PartError
from part.export.interactive import PageModel, interactive_page
from part.figures import style
from part.figures.display import make_display
from part.figures.jet_view import JetView
from part.figures.view import View

pytestmark = pytest.mark.browser
ABSENT = dict.fromkeys(("scores_qk", "bias", "pattern", "value_norms"))


@pytest.fixture
def open_page(browser, tmp_path, request):
    """Open a page of models by jets; the test fails on a request and on an error of the page."""
    context = browser.new_context(viewport={"width": 1600, "height": 900}, color_scheme="light")
    page = context.new_page()
    requests, errors = [], []
    page.on("request", lambda sent: requests.append(sent.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    def open_(jets: list[list[JetView | PartError]], address: str = ""):
        models = [PageModel(f"model {i}", 2_140_000, "ab" * 32) for i in range(len(jets[0]))]
        path = tmp_path / "page.html"
        path.write_text(interactive_page(models, jets, list(range(len(jets))), "toys.root"))
        page.goto(path.as_uri() + address)
        page.wait_for_selector(".table tbody tr[data-number]")
        return page

    yield open_
    sent = [url.split("#")[0] for url in requests]
    context.close()
    assert sent == [(tmp_path / "page.html").as_uri()]
    assert errors == []


def tip(page, kind: str) -> list[list[str]]:
    """Return the cells of the tip that a canvas shows."""
    rows = page.locator(f".{kind} .tip:not([hidden]) tr")
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def drawn_edges(page) -> list[tuple[float, float]]:
    """Return stroke width and opacity of the edges, the strongest first."""
    edges = page.locator(".display path.edge").evaluate_all(
        "edges => edges.map(e => [e.getAttribute('stroke-width'), e.getAttribute('stroke-opacity')].map(Number))"
    )
    return edges[::-1]


def test_heads_jets_and_constituents_are_chosen_and_the_values_are_those_of_the_trace(open_page):
    first, second = random_jet_view(), random_jet_view(9, seed=5)
    page = open_page([[first], [second]], "#order=file")
    page.locator(".mosaic canvas").click(position={"x": 5, "y": 5})
    assert page.locator("#choose-layer").input_value() == "1"
    box = page.locator(".mosaic canvas").bounding_box()
    page.locator(".mosaic canvas").click(position={"x": 0.7 * box["width"], "y": 0.9 * box["height"]})
    assert page.locator("#choose-layer").input_value() == "3"
    assert page.locator("#choose-head").input_value() == "3"
    canvas = page.locator(".head canvas")
    side = canvas.bounding_box()["width"] - 38 - 46
    query, key = 4, 7
    canvas.hover(position={"x": 38 + (key + 0.5) * side / 12, "y": 16 + (query + 0.5) * side / 12})
    rows = {row[0]: row[1:] for row in tip(page, "head")}
    assert rows["constituent"] == ["5", "8"]
    trace = first.trace
    for title, values in (("Attention", trace.pattern), ("q·k/√d", trace.scores_qk), ("Interaction bias", trace.bias)):
        shown = float(rows[title][0].replace("−", "-"))
        assert shown == pytest.approx(values[2, 2, query, key], rel=0.01, abs=0.004)
    canvas.click(position={"x": 50, "y": 16 + (query + 0.5) * side / 12})
    assert page.locator("#release").inner_text() == "Constituent 5 ×"
    assert page.locator(".table tr.chosen").get_attribute("data-number") == "5"
    assert page.locator(".display circle.ring").count() == 1
    assert len(drawn_edges(page)) == 11
    page.keyboard.press("Escape")
    page.wait_for_selector("#release", state="detached")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.getElementById('jet').textContent === 'Jet 1'")
    assert page.locator(".table tr[data-number]").count() == 9
    assert "jet=1" in page.url


@pytest.mark.parametrize("quantity", ["pattern", "bias"])
@pytest.mark.parametrize("query", [None, 3])
def test_the_edges_are_those_of_the_library(open_page, quantity, query):
    jet_view = random_jet_view()
    address = f"#quantity={quantity}&layer=2&head=3&edges=15" + (f"&particle={query + 1}" if query is not None else "")
    page = open_page([[jet_view]], address)
    limits = None if quantity == "pattern" else 2 * (np.abs(jet_view.trace.bias[..., ~np.eye(12, dtype=bool)]).max(),)
    expected = make_display(
        jet_view,
        View("display", quantity, 1, 2, query=query, edges=15),
        limits and (-limits[0], limits[1]),
    )
    widths, opacities = style.edge_width(expected.strength), style.edge_opacity(expected.strength)
    np.testing.assert_allclose(drawn_edges(page), np.stack([widths, opacities], 1), atol=0.02)


def test_models_over_slots_without_attention_and_that_fail_are_beside_each_other(open_page):
    jet_view = random_jet_view()
    slots = random_jet_view(trace=with_slots(random_trace()))
    without = replace(jet_view, trace=replace(jet_view.trace, **ABSENT))
    page = open_page([[jet_view, slots, without, PartError("It needs identity.")]], "#focus=2")
    assert page.locator(".card .note:not([hidden])").all_inner_texts() == [
        "model 2 has no attention between constituents.",
        "It needs identity.",
    ]
    assert page.locator(".detail .head canvas").get_attribute("aria-label").endswith("constituents by slots")
    page.locator("[data-slot='0'] .mosaic canvas").click()
    page.wait_for_selector(".detail .head canvas[aria-label$='queries by keys']")


def test_dark_and_light_and_every_quantity_scale_and_order_are_drawn(open_page):
    page = open_page([[random_jet_view(), random_jet_view(seed=3)]])
    page.locator("#theme").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    for group in ("quantity", "scale", "order"):
        buttons = page.locator(f"#choose-{group} button")
        for i in range(buttons.count()):
            if buttons.nth(i).is_enabled():
                value = buttons.nth(i).get_attribute("data-value")
                buttons.nth(i).click()
                assert f"{group}={value}" in page.url
                painted = page.locator(".mosaic canvas").first.get_attribute("data-painted")
                assert value in painted.split("/")
    page.locator("#choose-head").fill("99")
    page.locator("#choose-head").press("Enter")
    assert page.locator("#choose-head").input_value() == "4"


def test_an_address_that_asks_for_what_is_not_there_is_settled(open_page):
    address = "#jet=9&layer=99&head=-1&quantity=entropy&particle=77&order=x&scale=y&edges=0"
    page = open_page([[random_jet_view()]], address)
    assert page.locator("#jet").inner_text() == "Jet 0"
    assert page.locator("#choose-layer").input_value() == "3"
    assert page.locator("#choose-edges").input_value() == "1"
    assert json.loads(page.locator("#index").inner_text())["maker"].startswith("ParTScope")
