"""Exported pages in Chromium draw, respond to the mouse, and send no requests."""

from contextlib import suppress

import pytest
from helpers.jet_view import random_jet_view
from playwright.sync_api import TimeoutError

from part.figures.data import figure_data
from part.figures.plotly import clicked_constituent, html_page
from part.figures.view import View

LISTEN = """() => { window.selected = null; document.getElementById('figure').on('plotly_selected', e => {
    window.selected = e.points.map(p => ({x: p.x, y: p.y, customdata: Array.from(p.customdata)})) }) }"""


def click(page, left: float, top: float):
    """Point at a place and press the button until the page says what was selected.

    Plotly selects what its last hover event found. On a busy machine that event can still be
    that of the step before when the button goes down, and then the press selects nothing.
    """
    for attempt in range(5):
        page.mouse.move(left - 9, top - 7 - attempt)
        page.mouse.move(left, top)
        page.wait_for_selector("#figure .hoverlayer .hovertext")
        page.mouse.down()
        page.mouse.up()
        with suppress(TimeoutError):
            return page.wait_for_function("() => window.selected", timeout=3000)
    raise AssertionError("no press of the button selected anything")


@pytest.mark.browser
@pytest.mark.parametrize("figure", ["matrix", "class", "display"])
def test_a_page_responds_to_a_click_and_sends_no_requests(browser, tmp_path, figure):
    jet_view = random_jet_view()
    data = figure_data(jet_view, View(figure, order="subjet", edges=5))
    path = tmp_path / "page.html"
    path.write_text(html_page(data, "toy", "random numbers"))
    page = browser.new_page(viewport={"width": 900, "height": 900})
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("#figure .main-svg .xtick text")
    page.evaluate(LISTEN)
    constituent = 4
    position = data.order.tolist().index(constituent) if figure != "display" else None
    x, y = {
        "matrix": lambda: (2, position),
        "class": lambda: (position + 1, 3),
        "display": lambda: (float(data.deta[constituent]), float(data.dphi[constituent])),
    }[figure]()
    left, top = page.evaluate(
        """([x, y]) => { const l = document.getElementById('figure')._fullLayout;
        return [l.xaxis._offset + l.xaxis.l2p(x), l.yaxis._offset + l.yaxis.l2p(y)] }""",
        [x, y],
    )
    box = page.locator("#figure").bounding_box()
    click(page, box["x"] + left, box["y"] + top)
    assert clicked_constituent(data, page.evaluate("window.selected")) == constituent
    assert requests == [path.as_uri()]
    assert errors == []
    page.close()
