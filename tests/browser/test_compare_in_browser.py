"""The page Compare in a real browser: choose models, run, read, click."""

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from helpers.jets import write_jets
from playwright.sync_api import expect

import part
from part.analysis.statistics.divergence import jensen_shannon

pytestmark = pytest.mark.browser
SECTIONS = {
    "ROC curves": "Background rejection against efficiency",
    "Confusion": "minus alpha [points]",
    "Disagreement": "Most different jets",
    "Attention": "Jensen-Shannon divergence",
    "Columns": "Background rejection, ",
    "Sculpting": "no JSD",
    "Overview": "Calibration",
}
COUNTS = [5 + i % 7 for i in range(40)]  # short jets, which take models little time


@pytest.fixture(scope="module", autouse=True)
def short_jets(server):
    write_jets(server.folder / "jets" / "short.root", COUNTS)


def settle(page):
    page.wait_for_timeout(50)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def open_compare(page, server, **choices):
    """Open Compare by the link in the sidebar, in the session of Explore."""
    page.goto(server.url(file="short.root", **choices))
    page.wait_for_selector(".st-key-jet_line")
    settle(page)
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(".st-key-compare_line")
    settle(page)
    # The page runs again when it knows how long Run takes, and what is being typed then is lost.
    page.get_by_text("Estimating").wait_for(state="detached")
    settle(page)


def table(page) -> list[list[str]]:
    return page.locator(".models tbody tr").evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.innerText))")


def test_two_models_are_compared_and_a_disagreement_opens_in_explore(page, server):
    open_compare(page, server, jet=2, particle=3)
    page.get_by_text("alone is chosen, so it is beside part-full").wait_for()
    chooser = page.locator(".st-key-choose_models input")
    chooser.fill("beta")
    expect(page.get_by_role("option").first).to_contain_text("beta")  # the list follows what is typed
    chooser.press("Enter")
    page.wait_for_function("() => location.search.includes('model=beta')")
    settle(page)
    page.locator(".st-key-run button").click()
    page.wait_for_selector(".models", timeout=300_000)
    settle(page)

    jets = part.read_jets(server.folder / "jets" / "short.root")
    models = [part.load_model(server.folder / "models" / f"{name}.safetensors") for name in ("alpha", "beta")]
    p = np.stack([model.predict(jets) for model in models])
    truth = np.arange(len(COUNTS)) % 10
    for row, scores, name in zip(table(page), p, ("alpha", "beta"), strict=True):
        assert row[0] == name
        assert float(row[1].split()[0]) == pytest.approx((scores.argmax(1) == truth).mean(), abs=1e-4)

    page.get_by_role("radio", name="Disagreement").click()
    page.wait_for_selector(".st-key-jets tr[data-number]")
    settle(page)
    rows = page.locator(".st-key-jets tr[data-number]")
    jet = int(jensen_shannon(p).argmax())
    assert rows.nth(0).locator("td").nth(0).inner_text() == str(jet)
    rows.nth(0).click()
    page.wait_for_selector(".st-key-table1 [data-painted]")
    settle(page)
    url = parse_qs(urlsplit(page.url).query)
    assert urlsplit(page.url).path == "/"
    assert (url.get("jet", ["0"]), url["model"]) == ([str(jet)], ["alpha", "beta"])
    assert "particle" not in url
    assert f"Jet {jet}" in page.locator(".jet").inner_text()

    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(".models")
    assert page.locator(".st-key-run").count() == 0


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_every_section_fits_on_one_screen_in_either_theme(page, server):
    open_compare(page, server, model=["alpha", "beta"], jets=11, by="mass")
    page.locator(".st-key-run button, .models").first.wait_for()  # as yet unknown, or known from the other theme
    if page.locator(".st-key-run button").count():
        page.locator(".st-key-run button").click()
    page.wait_for_selector(".models", timeout=300_000)
    for section, caption in SECTIONS.items():
        page.get_by_role("radio", name=section).click()
        page.get_by_text(caption, exact=False).first.wait_for()
        settle(page)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        fits = "e => e.scrollHeight <= 900 && e.scrollWidth <= e.clientWidth"
        page.wait_for_function(f"() => ({fits})(document.querySelector('[data-testid=stMain]'))")
        fonts = page.locator(".js-plotly-plot text.xtitle").evaluate_all("t => t.map(e => e.style.fontSize)")
        assert set(fonts) <= {"14px"}, section


def choose(page, key: str, text: str):
    """Choose an option of a selectbox by typing the beginning of its name."""
    box = page.locator(f".st-key-{key} input")
    box.click()
    box.fill(text)
    expect(page.get_by_role("option").first).to_contain_text(text)  # the list follows what is typed
    box.press("Enter")


def test_a_column_is_a_filter_and_an_axis(page, server):
    open_compare(page, server, model=["alpha", "beta"])
    choose(page, "choose_filter_column", "number of cons")
    page.wait_for_function("() => location.search.includes('where=multiplicity')")
    settle(page)
    chosen = page.locator(".st-key-filter_multiplicity input")
    chosen.fill("7")
    expect(page.get_by_role("option").first).to_contain_text("7")
    chosen.press("Enter")
    page.wait_for_function("() => location.search.includes('multiplicity%3Ain%3A7')")
    settle(page)
    n = sum(count == 7 for count in COUNTS)
    assert f"the first {n} of {n} jets that pass with multiplicity 7" in page.locator(".jet").inner_text()
    page.locator(".st-key-remove_filter_multiplicity button").first.click()
    page.wait_for_function("() => !location.search.includes('where')")
    settle(page)
    if page.locator(".st-key-run").count():
        page.locator(".st-key-run button").click()
    page.wait_for_selector(".models", timeout=300_000)
    page.get_by_role("radio", name="Columns").click()
    settle(page)
    choose(page, "choose_column", "mass")
    page.wait_for_function("() => location.search.includes('by=mass')")
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot').length === 3")
