"""The page Explore in a real browser, with mouse and keyboard."""

import ast
import http.client
import io
import socket
import zipfile
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from helpers.jets import COUNTS
from helpers.references import shared

pytestmark = pytest.mark.browser


def settle(page):
    """Wait until the script has run and the canvases show what it sent."""
    page.wait_for_timeout(50)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def visit(page, url: str):
    page.goto(url)
    page.wait_for_selector(".st-key-table0 [data-painted], .st-key-detail [data-painted]")
    settle(page)


def url_of(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def click_in(page, selector: str, across: float, down: float):
    box = page.locator(selector).bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])


def label(page, slot: int = 0) -> str:
    return page.locator(f".st-key-matrix{slot} canvas").get_attribute("aria-label")


def chosen_rows(page) -> list[str]:
    return page.locator("tr.chosen").evaluate_all("rows => rows.map(row => row.dataset.number)")


def test_a_jet_and_a_head_are_chosen_and_a_reload_restores_both(page, server):
    visit(page, server.url(model=["alpha", "beta"]))
    jet = page.locator(".st-key-choose_jet input")
    jet.fill("4")
    jet.press("Enter")
    page.wait_for_function("() => document.body.innerText.includes('Jet 4')")
    click_in(page, ".st-key-mosaic1 canvas", 2.5 / 8, 1.5 / 8)  # layer 2, head 3
    page.wait_for_function("() => location.search.includes('layer=2')")
    settle(page)
    assert {"jet": ["4"], "layer": ["2"], "head": ["3"]}.items() <= url_of(page).items()
    assert [label(page, slot).split(",")[:2] for slot in (0, 1)] == [["Layer 2", " head 3"]] * 2
    before = page.locator(".st-key-matrix1 canvas").get_attribute("data-painted")
    frame, plot = (page.locator(f".st-key-mosaic1 {piece}").bounding_box() for piece in (".frame", ".plot"))
    assert frame["x"] - plot["x"] == pytest.approx(plot["width"] * 2 / 8, abs=2)
    assert frame["y"] - plot["y"] == pytest.approx(plot["height"] * 1 / 8, abs=2)

    page.reload()
    page.wait_for_selector(f'.st-key-matrix1 canvas[data-painted="{before}"]')
    assert f"{COUNTS[4]} constituents" in page.locator(".jet").inner_text()
    assert label(page).startswith("Layer 2, head 3")


def test_a_particle_chosen_in_one_place_is_highlighted_in_the_others(page, server):
    visit(page, server.url(order="subjet"))
    assert chosen_rows(page) == []
    page.locator(".st-key-table0 tr[data-number]").nth(2).click()
    page.wait_for_selector("tr.chosen")
    settle(page)
    (number,) = chosen_rows(page)
    assert url_of(page)["particle"] == [number]
    ring = page.locator(".st-key-display0 .ring").bounding_box()
    particle = page.locator(f'.st-key-display0 [data-particle="{int(number) - 1}"]').bounding_box()
    assert ring["x"] + ring["width"] / 2 == pytest.approx(particle["x"] + particle["width"] / 2, abs=2)
    frame, canvas = (page.locator(f".st-key-matrix0 {piece}").bounding_box() for piece in (".query", "canvas"))
    assert canvas["y"] < frame["y"] < canvas["y"] + canvas["height"] / 2

    page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + 5 * frame["height"])
    page.wait_for_function("old => new URLSearchParams(location.search).get('particle') !== old", arg=number)
    settle(page)
    (other,) = chosen_rows(page)
    assert other != number
    moved = page.locator(".st-key-matrix0 .query").bounding_box()
    assert moved["y"] > frame["y"] + 2 * frame["height"]

    leading = page.locator('.st-key-display0 [data-particle="0"]')
    leading.dispatch_event("mousedown")
    leading.dispatch_event("mouseup")
    page.wait_for_selector('tr.chosen[data-number="1"]')
    page.locator(".st-key-clear_particle button").click()
    page.wait_for_selector("tr.chosen", state="detached")
    settle(page)
    assert "particle" not in url_of(page)


def test_hover_shows_both_particles(page, server):
    visit(page, server.url())
    box = page.locator(".st-key-matrix0 canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.locator(".st-key-matrix0 .tip")
    tip.wait_for()
    text = tip.inner_text()
    for word in ("species", "pT [GeV]", "Δη", "Δφ", "ΔR", "Attention", "q·k/√d", "Interaction bias"):
        assert word in text
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def test_the_keyboard_and_the_history_go_through_jets_and_heads(page, server):
    visit(page, server.url(jet=2))
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.body.innerText.includes('Jet 3')")
    settle(page)
    page.go_back()
    page.wait_for_function("() => document.body.innerText.includes('Jet 2')")
    page.go_forward()
    page.wait_for_function("() => document.body.innerText.includes('Jet 3')")
    settle(page)
    page.locator(".st-key-mosaic0 canvas").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => location.search.includes('layer=2')")
    settle(page)
    assert url_of(page)["jet"] == ["3"]


def test_figures_and_their_numbers_can_be_downloaded(page, server):
    visit(page, server.url(layer=2, head=3))
    page.locator(".st-key-export button").first.click()
    pdf = download(page, "pdf")
    assert pdf.startswith(b"%PDF-")
    place = int(pdf.rpartition(b"startxref")[2].split()[0])
    assert pdf[place:].startswith(b"xref")
    ast.parse(download(page, "py"))
    with zipfile.ZipFile(io.BytesIO(download(page, "zip"))) as archive:
        assert archive.testzip() is None
        endings = {name.rpartition(".")[2] for name in archive.namelist()}
    assert endings == {"png", "svg", "pdf", "html", "npz", "csv", "json", "py"}


def download(page, kind: str) -> bytes:
    with page.expect_download() as waiting:
        page.locator(f".st-key-export_{kind} button").click()
    assert waiting.value.suggested_filename.startswith("alpha_jet0_matrix_L2H3_pattern")
    with open(waiting.value.path(), "rb") as file:
        return file.read()


def test_an_upload_without_jets_gives_one_sentence_and_nothing_is_lost(page, server):
    visit(page, server.url(jet=3))
    page.get_by_role("button", name="Upload jets or a training").click()
    upload = page.locator(".st-key-upload input[type=file]")
    upload.set_input_files({"name": "../x.root", "mimeType": "text/plain", "buffer": b"no jets at all"})
    alert = page.locator("[data-testid=stAlert]")
    alert.wait_for()
    assert "unknown kind of file" in alert.inner_text()
    assert "Traceback" not in page.inner_text("body")
    assert (url_of(page)["file"], url_of(page)["jet"]) == (["toys.root"], ["3"])

    jets = (server.folder / "jets" / "toys.root").read_bytes()
    upload.set_input_files({"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": jets})
    page.wait_for_function("() => location.search.includes('upload%3A')")
    settle(page)
    assert alert.count() == 0


def test_a_training_is_uploaded_in_one_go_and_is_the_visitors_alone(page, browser, server):
    """The page shows the probabilities of weaver-core, also after a reload; another browser does not."""
    folder = shared("cases/weaver/two_streams")
    visit(page, server.url())
    page.get_by_role("button", name="Upload jets or a training").click()
    names = ("jets.root", "network.py", "data.yaml", "net_best_epoch_state.pt")
    page.locator(".st-key-upload input[type=file]").set_input_files([folder / name for name in names])
    page.locator(".st-key-open_upload button").click()
    page.wait_for_function("() => location.search.includes('model=net-')")
    settle(page)
    assert page.locator("[data-testid=stAlert]").count() == 0
    probabilities = np.load(folder / "expected.npz")["probabilities"][0]
    bars = page.locator(".bars").inner_text()
    assert [f"{p:.3f}" in bars for p in probabilities] == [True] * len(probabilities)

    page.reload()
    settle(page)
    page.wait_for_selector(".st-key-mosaic0 canvas[data-painted]")
    assert page.locator("[data-testid=stAlert]").count() == 0
    stranger = browser.new_context().new_page()
    stranger.goto(page.url)
    stranger.wait_for_selector("[data-testid=stAlert]")
    assert (
        "uploads open only in the browser that uploaded them" in stranger.locator("[data-testid=stAlert]").inner_text()
    )
    stranger.context.close()


def test_a_file_name_in_the_url_stays_text(page, server):
    visit(page, server.url(file="![x](http://example.org/x.png) <img src=http://example.org/y.png>"))
    assert "which are not here" in page.locator("[data-testid=stAlert]").inner_text()
    assert page.locator("[data-testid=stAlert] img").count() == 0


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_two_models_fit_on_one_screen_in_either_theme(page, server):
    visit(page, server.url(model=["alpha", "beta"], jet=2, particle=3))
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollHeight") <= 900
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth")
    theme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    assert page.locator(".st-key-mosaic0 canvas").get_attribute("data-painted").endswith(f"/{theme}")


def test_only_this_machine_is_answered_and_only_under_its_name(server):
    def handshake(host: str, origin: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        headers = {"Host": host, "Origin": origin, "Upgrade": "websocket", "Connection": "Upgrade"}
        headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
        connection.request("GET", "/_stcore/stream", headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    here = f"localhost:{server.port}"
    assert handshake(here, f"http://{here}") == 101
    assert handshake("rebound.example", "http://rebound.example") == 403
    assert handshake(here, "http://elsewhere.example") == 403
    with pytest.raises(OSError, match="refused"):  # a server on all addresses would answer here, too
        socket.create_connection(("127.0.0.2", server.port), timeout=2)


def test_back_takes_one_press_from_jet_to_jet_and_from_page_to_page(page, server):
    page.goto(server.url(jet=1))
    page.wait_for_selector(".st-key-table0 [data-painted]")

    def shows(text: str) -> None:
        page.wait_for_function("text => document.querySelector('.jet b')?.innerText === text", arg=text, timeout=60_000)

    page.locator(".st-key-next button").click()
    shows("Jet 2")
    page.locator("[data-testid=stSidebarNavLink]", has_text="Bias").click()
    shows("Bias")
    page.wait_for_function("location.search.includes('jet=2')")
    page.evaluate("history.back()")
    shows("Jet 2")
    page.evaluate("history.back()")
    shows("Jet 1")
