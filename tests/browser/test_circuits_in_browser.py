"""The graph of edges in a real browser: a click on a head opens it in Explore, one on an edge shows what it carries."""

from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.browser
# The place on the screen of the node of a head, the last trace of the graph.
PLACE = """name => {
  const plot = document.querySelector(".st-key-graph .js-plotly-plot") || document.querySelector(".js-plotly-plot");
  const trace = plot.data.length - 1, nodes = plot.data[trace], box = plot.getBoundingClientRect();
  const i = nodes.customdata.findIndex(text => text.startsWith(`<b>${name}</b>`));
  const {xaxis, yaxis} = plot._fullLayout;
  return [box.left + xaxis._offset + xaxis.d2p(nodes.x[i]), box.top + yaxis._offset + yaxis.d2p(nodes.y[i])];
}"""

# The place on the screen of a mark on the edge of some key, of which the trace before the nodes has several.
MARK = """text => {
  const plots = [...document.querySelectorAll(".js-plotly-plot")];
  const plot = plots.find((plot) => plot.data.at(-1).name === "nodes"), trace = plot.data.length - 2;
  const box = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
  const i = plot.data[trace].text.findIndex((name) => name.startsWith(text)) + 1, mark = plot.calcdata[trace][i];
  return [box.left + xaxis._offset + xaxis.d2p(mark.x), box.top + yaxis._offset + yaxis.d2p(mark.y)];
}"""


def test_a_click_on_a_head_of_the_graph_opens_it_in_explore(page, server):
    query = urlencode({"file": "toys.root", "model": "alpha", "corrupted": "soft", "explained": "Hbb"})
    page.goto(f"http://localhost:{server.port}/circuits?{query}")
    page.click(".st-key-run button", timeout=60_000)
    page.wait_for_selector(".js-plotly-plot .scatterlayer", timeout=120_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    x, y = page.evaluate(PLACE, "L2H3")
    page.mouse.move(x, y)
    page.wait_for_selector(".hovertext:has-text('L2H3')")
    page.mouse.click(x, y)
    page.wait_for_function("() => location.pathname === '/' && location.search.includes('layer=2')", timeout=60_000)
    assert "head=3" in page.url


def test_a_click_on_an_edge_shows_what_it_carries_and_back_releases_it(page, server):
    query = urlencode({"file": "toys.root", "model": "alpha", "corrupted": "soft", "explained": "Hbb", "strongest": 3})
    page.goto(f"http://localhost:{server.port}/circuits?{query}")
    page.wait_for_selector(".st-key-run button, .js-plotly-plot .scatterlayer", timeout=60_000)
    if not page.locator(".js-plotly-plot .scatterlayer").count():
        page.click(".st-key-run button")
    page.wait_for_selector(".js-plotly-plot .scatterlayer", timeout=120_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    for _ in range(2):  # the same edge again after Back
        page.mouse.move(5, 5)
        x, y = page.evaluate(MARK, "")
        page.mouse.move(x, y, steps=3)
        page.wait_for_selector(".hovertext:has-text('Click to see what it carries')")
        page.mouse.click(x, y)
        page.wait_for_function("() => location.search.includes('edge=')", timeout=60_000)
        page.wait_for_selector("table.facts")
        page.go_back()
        page.wait_for_selector("table.facts", state="detached")
        assert "edge=" not in page.evaluate("location.search")
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
