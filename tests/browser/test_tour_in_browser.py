"""The tour comes once, by itself, and only to visitors; the question marks explain."""

import pytest

pytestmark = pytest.mark.browser
VISITOR = "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})"
CARD = ".card"


def test_a_visitor_is_shown_the_tour_once(page, server):
    page.add_init_script(VISITOR)
    page.goto(server.url())
    page.wait_for_selector(CARD, state="visible", timeout=60_000)
    page.wait_for_selector(".st-key-explained_mosaic0", timeout=60_000)
    address = page.url
    counts = []
    for _ in range(6):
        counts.append(page.locator(f"{CARD} .count").inner_text())
        page.locator(f"{CARD} .next").click()
    assert counts == [f"{step} of 6" for step in range(1, 7)]
    assert not page.locator(CARD).is_visible()
    assert page.locator("[data-tour]").count() == 0
    assert page.url == address  # a link does not carry it
    page.reload()
    page.wait_for_selector(".st-key-explained_mosaic0", timeout=60_000)
    page.wait_for_timeout(2500)  # longer than it waits before it comes
    assert not page.locator(CARD).is_visible()
    page.locator("button.open").click()
    assert page.locator(f"{CARD} .title").inner_text() == "Jets and models"
    page.keyboard.press("Tab")
    page.locator(f"{CARD} .skip").click()
    assert not page.locator(CARD).is_visible()


def test_a_driven_browser_is_not_shown_the_tour_and_pictures_are_explained(page, server):
    page.goto(server.url())
    page.wait_for_selector(".st-key-explained_mosaic0", timeout=60_000)
    page.wait_for_timeout(2500)
    assert not page.locator(CARD).is_visible()
    page.locator(".st-key-about_mosaic0 [data-testid=stTooltipHoverTarget]").hover()
    tip = page.locator("[data-testid=stTooltipContent]")
    tip.wait_for(timeout=30_000)
    assert "Every head's matrix" in tip.inner_text()
    assert tip.locator("a").get_attribute("href") == "https://arxiv.org/abs/2202.03772"
