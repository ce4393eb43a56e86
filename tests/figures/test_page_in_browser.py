"""Exported pages in Chromium: they draw, answer to the mouse, and ask nobody for anything."""

import pytest
from helpers.scene import made_up_scene

from part.figures import View, figure_data, picked
from part.figures.plotly import standalone

LISTEN = """() => { window.got = null; document.getElementById('figure').on('plotly_selected', e => {
    window.got = e.points.map(p => ({x: p.x, y: p.y, customdata: Array.from(p.customdata)})) }) }"""


@pytest.mark.browser
@pytest.mark.parametrize("figure", ["matrix", "class", "display"])
def test_a_page_answers_to_a_click_and_stays_alone(browser, tmp_path, figure):
    scene = made_up_scene()
    data = figure_data(scene, View(figure, order="subjet", edges=5))
    path = tmp_path / "page.html"
    path.write_text(standalone(data, "toy", "made up"))
    page = browser.new_page(viewport={"width": 900, "height": 900})
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("#figure .main-svg .xtick text")
    page.evaluate(LISTEN)
    wanted = 4
    position = data.order.tolist().index(wanted) if figure != "display" else None
    x, y = {
        "matrix": lambda: (2, position),
        "class": lambda: (position + 1, 3),
        "display": lambda: (float(data.deta[wanted]), float(data.dphi[wanted])),
    }[figure]()
    left, top = page.evaluate(
        """([x, y]) => { const l = document.getElementById('figure')._fullLayout;
        return [l.xaxis._offset + l.xaxis.l2p(x), l.yaxis._offset + l.yaxis.l2p(y)] }""",
        [x, y],
    )
    box = page.locator("#figure").bounding_box()
    page.mouse.move(box["x"] + left - 9, box["y"] + top - 7)
    page.mouse.move(box["x"] + left, box["y"] + top)
    page.wait_for_selector("#figure .hoverlayer .hovertext")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("() => window.got")
    assert picked(data, page.evaluate("window.got")) == wanted
    assert requests == [path.as_uri()]
    assert errors == []
    page.close()
