"""Back takes one press for each choice, page and head that was opened, and Forward leads the same way again."""

from collections.abc import Iterator

import pytest
from conftest import Server, running

pytestmark = pytest.mark.browser
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


@pytest.fixture(scope="module", params=["", "/lab"])
def based(request, tmp_path_factory) -> Iterator[Server]:
    """Return a server, the second one with all pages below a base path."""
    if not request.param:
        yield request.getfixturevalue("server")
        return
    with running(tmp_path_factory.mktemp("below"), request.param) as server:
        yield server


class Visit:
    """The steps of a visitor, each with the address and the heading that it led to."""

    def __init__(self, page, url: str):
        self.page, self.steps = page, []
        page.add_init_script("localStorage.setItem('partscope_tour', 'seen')")
        page.goto(url)
        self.arrive("file=toys.root", "Jet 2")
        self.begun = self.length

    @property
    def length(self) -> int:
        return self.page.evaluate("history.length")

    def arrive(self, address: str, heading: str) -> None:
        self.wait(address, heading)
        self.steps.append((self.page.url, heading))

    def wait(self, address: str, heading: str) -> None:
        self.page.wait_for_function("text => location.href.includes(text)", arg=address, timeout=30_000)
        self.page.locator(".jet b", has_text=heading).first.wait_for(timeout=30_000)
        # Streamlit gives the address of the page that it runs, so a step must not come before the run's end.
        for _ in range(3):
            self.page.wait_for_timeout(300)
            self.page.wait_for_selector(READY, state="attached")

    def click_head(self, key: str) -> None:
        self.page.locator(f".st-key-{key} .nsewdrag").first.wait_for(timeout=30_000)
        self.page.wait_for_timeout(300)
        box = self.page.locator(f".st-key-{key} .nsewdrag").first.bounding_box()
        place = (box["x"] + box["width"] * 2.5 / 8, box["y"] + box["height"] * 1.5 / 8)
        self.page.mouse.move(*place)
        self.page.mouse.click(*place)


def test_each_choice_page_and_head_is_one_step(page, based):
    visit = Visit(page, based.url(jet=2))
    page.keyboard.press("ArrowRight")
    visit.arrive("jet=3", "Jet 3")
    page.get_by_role("link", name="Intervention").click()
    visit.arrive("/intervention?", "Intervention")
    page.get_by_role("radio", name="Lens").click()
    visit.arrive("tab=lens", "Intervention")
    page.get_by_role("radio", name="Ablate").click()
    visit.arrive("tab=ablate", "Intervention")
    visit.click_head("jet_heads")
    visit.arrive("head=3", "Jet 3")
    assert f"{based.base}/?" in page.url
    assert visit.length - visit.begun == len(visit.steps) - 1
    for address, heading in visit.steps[-2::-1]:
        page.go_back()
        visit.wait(address, heading)
    for address, heading in visit.steps[1:]:
        page.go_forward()
        visit.wait(address, heading)
    assert visit.length - visit.begun == len(visit.steps) - 1


def test_an_address_that_is_pushed_again_adds_nothing(page, server):
    visit = Visit(page, server.url(jet=2))
    page.evaluate("history.pushState({}, '', location.href)")
    page.get_by_role("link", name="Explore").click()
    visit.wait("jet=2", "Jet 2")
    assert visit.length == visit.begun
