"""The partons over the event display in a real browser: rings, their tips, and prongs as colours."""

import pytest
import uproot
from helpers.truth import with_partons

from part.figures.palette import PRONGS, UNMATCHED
from part.jets import read_jets

pytestmark = pytest.mark.browser
DISPLAY = ".st-key-display0"


@pytest.fixture(scope="module")
def truth(server) -> str:
    jets = with_partons(read_jets(server.folder / "jets" / "toys.root"), n=2)
    with uproot.recreate(server.folder / "jets" / "truth.root") as file:
        file["tree"] = {name: jets[name] for name in jets.fields}
    return "truth.root"


def fills(page) -> set[str]:
    return set(page.locator(f"{DISPLAY} .particle").evaluate_all("all => all.map(p => p.getAttribute('fill'))"))


def test_rings_have_symbols_and_tips_and_leave_the_constituents_clickable(page, server, truth):
    page.goto(server.url(file=truth, jet="4"))
    ring = page.locator(f"{DISPLAY} .parton[data-parton='0']")
    ring.wait_for(state="attached")
    assert page.locator(f"{DISPLAY} .symbol").all_text_contents() == ["b", "b"]
    assert "prong" in page.locator(f"{DISPLAY} .legend").inner_text()
    box = ring.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)  # its box leaves space for the corners that it has not
    tip = page.locator(f"{DISPLAY} .tip")
    tip.wait_for()
    assert "prong b, pT" in tip.inner_text()
    particle = page.locator(f"{DISPLAY} .particle[data-particle='0']")
    particle.click(force=True)
    page.wait_for_function("() => location.search.includes('particle=')")


def test_a_choice_colours_the_constituents_by_prong(page, server, truth):
    page.goto(server.url(file=truth, jet="4", colour="deltaR"))
    page.locator(f"{DISPLAY} .parton[data-parton='0']").wait_for(state="attached")
    assert PRONGS[0] in fills(page) <= {*PRONGS, UNMATCHED}
    assert "prong 1 b" in page.locator(f"{DISPLAY} .legend").inner_text()
