"""The graph of edges in a real browser: a click on a head opens it in Explore."""

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


def test_a_click_on_a_head_of_the_graph_opens_it_in_explore(page, server):
    query = urlencode({"file": "toys.root", "model": "alpha", "corruption": "soft", "explained": "Hbb"})
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
