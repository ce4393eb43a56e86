"""Models with data configs of their own in a real browser: two collections, 188 classes, no momenta, and a choice."""

from urllib.parse import parse_qs, urlsplit

import pytest
from helpers.own_models import INDEX_OF_MANY, MANY, WITHOUT_MOMENTA, write_own_model, write_weaver_training
from helpers.own_training import write_own_jets
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
FILE = "own.root"


@pytest.fixture(scope="module", autouse=True)
def own_models(server):
    write_own_jets(server.folder / "jets" / FILE, n=60)
    models = server.folder / "models"
    write_own_model(models / "vertices.safetensors", "vertices", class_layers=0)
    write_own_model(models / "many.safetensors", classes=MANY, changes=INDEX_OF_MANY)
    names = [f"label_{'QCD' if i % 4 else 'X'}_{i}" for i in range(MANY)]
    labels = {"type": "hybrid", "value_cls_index": "flavour * 60 + 7", "value_cls_names": names}
    for seed, name in enumerate(("named", "named_too")):
        write_own_model(models / f"{name}.safetensors", classes=MANY, seed=seed, changes={"labels": labels})
    write_own_model(models / "bare.safetensors", changes=WITHOUT_MOMENTA)
    write_weaver_training(models / "silent")


def visit(page, server, **choices):
    page.goto(server.url(file=FILE, **choices))
    page.wait_for_selector(".st-key-table0 [data-painted]")
    page.wait_for_timeout(50)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0


def rows_of_tip(page, selector: str) -> str:
    box = page.locator(f"{selector} canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    return page.locator(f"{selector} .tip").inner_text()


def test_vertices_are_drawn_with_a_marker_and_a_name_of_their_own(page, server):
    visit(page, server, model="vertices", order="file")
    names = page.locator(".st-key-table0 tbody").inner_text().split()
    while "sv" not in names:  # on to a jet with a vertex
        table = page.locator(".st-key-table0 [data-painted]")
        before = table.get_attribute("data-painted")
        page.click(".st-key-next button")
        expect(table).not_to_have_attribute("data-painted", before)
        names = page.locator(".st-key-table0 tbody").inner_text().split()
    assert "sv" in page.locator(".st-key-display0 .legend").inner_text()
    assert "GeV" in rows_of_tip(page, ".st-key-matrix0")


def test_of_188_classes_the_strongest_fit_on_the_card(page, server):
    visit(page, server, model="many")
    bars = page.locator(".st-key-card0 .bars .bar")
    assert bars.count() in (10, 11)
    assert page.locator(".st-key-card0 .bars .rest").inner_text().startswith(f"{MANY - bars.count()} more classes")
    height = page.locator("[data-testid=stMainBlockContainer]").evaluate("element => element.scrollHeight")
    assert height <= 920


def visit_page(page, server, name: str, **choices):
    """Open another page than Explore and wait until it is drawn; it says no error."""
    page.goto(server.url(file=FILE, **choices).replace("/?", f"/{name}?"))
    page.wait_for_selector(".st-key-view_line, .st-key-compare_line, .st-key-study_line")
    settle(page)
    assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0


def settle(page):
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def run_study(page):
    page.click(".st-key-run button")
    expect(page.locator(".st-key-export button").first).to_be_visible(timeout=60_000)
    settle(page)


def test_a_group_is_made_in_the_popover_and_gets_a_bar(page, server):
    visit(page, server, model="named")
    bars = page.locator(".st-key-card0 .bars")
    assert "Σ QCD_*" in bars.inner_text()
    page.click(".st-key-classes button")
    page.fill(".st-key-group_name input", "mine")
    page.keyboard.press("Tab")
    for name in ("X_0", "X_100"):
        page.fill(".st-key-group_members input", name)
        page.get_by_role("option", name=name, exact=True).click()
    page.keyboard.press("Escape")
    page.click(".st-key-add_group button")
    expect(bars).to_contain_text("Σ mine")
    page.wait_for_function("() => location.search.includes('group=mine')")
    page.reload()
    expect(page.locator(".st-key-card0 .bars")).to_contain_text("Σ mine")


@pytest.mark.parametrize("tab", ["jet", "inputs"])
@pytest.mark.parametrize("model", ["named", "vertices"])
def test_attribution_of_many_classes_and_of_collections(page, server, model, tab):
    group = {"explained": "QCD_*", "versus": "X_*"} if model == "named" else {}
    visit_page(page, server, "attribution", model=model, tab=tab, **group)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    if group:
        assert "QCD_* against X_*" in page.locator("[data-testid=stMain]").inner_text()


@pytest.mark.parametrize("tab", ["ablate", "lens"])
def test_intervention_looks_at_a_group(page, server, tab):
    visit_page(page, server, "intervention", model="named", tab=tab, explained="X_*")
    where = {"ablate": ".js-plotly-plot", "lens": ".legend"}[tab]
    expect(page.locator(where).first).to_contain_text("X_*")


def test_compare_counts_groups_as_classes(page, server):
    chosen = {"as_one": ["X_*", "QCD_*"], "section": "confusion", "jets": "40"}
    visit_page(page, server, "compare", model=["named", "named_too"], **chosen)
    run_study(page)
    expect(page.locator(".js-plotly-plot").first).to_contain_text("QCD_*")


@pytest.mark.parametrize("model", ["named", "vertices"])
def test_sparsity_says_the_attention_between_collections(page, server, model):
    visit_page(page, server, "sparsity", model=model, tab="collections", studied="20")
    run_study(page)
    main = page.locator("[data-testid=stMain]")
    if model == "vertices":
        expect(main).to_contain_text("pf to sv, minus shuffled keys")
        expect(page.locator(".js-plotly-plot").first).to_contain_text("sv → pf")
    else:
        expect(main).to_contain_text("takes one collection of tokens")


@pytest.mark.parametrize("model", ["named", "vertices"])
@pytest.mark.parametrize("name", ["bias", "performance"])
def test_other_pages_open(page, server, name, model):
    visit_page(page, server, name, model=model)


def test_without_momenta_hovers_say_nothing_of_them(page, server):
    visit(page, server, model="bare")
    assert page.locator(".st-key-display0").count() == 0
    text = rows_of_tip(page, ".st-key-matrix0")
    assert "species" in text
    assert "GeV" not in text
    assert "NaN" not in text


def test_the_switch_of_an_assumed_keyword_changes_model_and_link(page, server):
    visit(page, server, model="silent")
    switch = page.locator("[class*=st-key-assumed_0_use_pre_activation_pair] button", has_text=":")
    page.wait_for_function("() => /False: \\d/.test(document.body.innerText)")  # the accuracies come after the cards
    assert switch.count() == 2
    switch.nth(1).click()
    page.wait_for_function("() => location.search.includes('use_pre_activation_pair')")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    chosen = parse_qs(urlsplit(page.url).query)["model"]
    assert chosen == ["silent[use_pre_activation_pair=True]"]
    assert page.locator("[data-testid=stSidebar]").inner_text().count("silent[use") == 1
    page.reload()
    page.wait_for_selector(".st-key-table0 [data-painted]")
    assert page.locator(".st-key-card0 .model b").inner_text() == chosen[0]
