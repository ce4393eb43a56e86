"""The page Train in a real browser: a run on a few short jets is started, watched, stopped and opened."""

import json

import pytest
from helpers.jets import write_jets

from part.training.runs.control import stop_run
from part.training.runs.folder import list_runs, read_run
from part.training.runs.snapshots import snapshot_epochs

pytestmark = pytest.mark.browser
LONG = 300_000  # ms: on a busy machine lightning alone takes its time to import
SMALL = "--micro-batch 16 --val-jets 40 --calibration-jets 20 --precision fp32 --workers 0 --dropout 0"


@pytest.fixture(scope="module", autouse=True)
def jets(server):
    """Yield a folder of a few short jets; runs that are left over end with the tests."""
    folder = server.folder / "few jets"
    folder.mkdir()
    for seed, name in enumerate(("train", "val")):
        write_jets(folder / f"{name}.root", [3 + i % 5 for i in range(40)], seed)
    yield folder
    for run in list_runs(server.folder / "runs"):
        if run.can_stop:
            stop_run(run, grace=5).join()


def settle(page):
    page.wait_for_timeout(50)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def open_train(page, server):
    page.goto(server.url())
    page.wait_for_selector(".st-key-jet_line")
    settle(page)
    page.get_by_role("link", name="Train").click()
    page.get_by_text("New run").wait_for()
    settle(page)
    if not page.locator(".st-key-new_train input").is_visible():  # the form is folded where there are other runs
        page.get_by_text("New run").click()


def fill(page, key: str, value: str):
    box = page.locator(f".st-key-{key} input")
    box.fill(value)
    box.press("Enter")
    settle(page)


def says(page, selector: str, text: str):
    page.locator(selector, has_text=text).first.wait_for(timeout=LONG)


def click(page, key: str):
    page.locator(f".st-key-{key} button:visible").first.click()


def row(page, name: str):
    return page.locator(".st-key-runs tr[data-number]", has_text=name)


def test_a_run_is_started_watched_stopped_and_opened(page, server, jets):
    open_train(page, server)
    fill(page, "new_train", f"'{jets}/train.root'")
    fill(page, "new_val", f"'{jets}/val.root'")
    fill(page, "new_name", "toy")
    fill(page, "new_jets_JetClass_ParT", "32")
    fill(page, "new_batch_JetClass_ParT", "16")
    fill(page, "new_more", SMALL + " --epoch")
    says(page, ".refused", "--epoch")
    assert page.locator(".st-key-start_run button").is_disabled()
    fill(page, "new_more", SMALL)
    fill(page, "new_epochs_JetClass_ParT", "400")
    says(page, ".st-key-new_command", "--epochs=400")
    click(page, "start_run")

    says(page, ".st-key-run_line", "running")
    says(page, ".caption", "Attention after epoch")
    says(page, ".caption", "Accuracy: 0.")
    page.wait_for_selector(".st-key-run_mosaic canvas[data-painted]")
    page.wait_for_selector(".st-key-loss .js-plotly-plot")
    says(page, ".log", "Epoch")
    assert page.locator(".st-key-start_run button").is_disabled()
    folder = server.folder / "runs" / "toy"
    signed = json.loads((folder / "process.json").read_text())
    assert "--epochs=400" in signed["command"]

    page.reload()
    says(page, ".st-key-run_line", "running")
    says(page, ".st-key-runs", "running")
    click(page, "stop")
    says(page, ".st-key-run_line", "stopped")
    says(page, ".st-key-runs", "stopped")
    assert not read_run(folder).is_active
    done = read_run(folder).epochs_done
    assert 0 < done < 400

    assert snapshot_epochs(read_run(folder))[: done + 1] == list(range(done + 1))
    assert page.locator(".st-key-resume button").first.is_visible()

    page.locator(".st-key-open_run a:visible").first.click()
    page.wait_for_selector(".st-key-mosaic0 canvas[data-painted]", timeout=LONG)
    settle(page)
    assert "runs/toy" in page.locator(".model").first.inner_text()


def test_the_scrubber_and_the_mosaic_choose_what_is_shown_and_a_click_the_run(page, server):
    from helpers.runs import write_run

    write_run(server.folder / "runs", "made-up", snapshots=3)
    open_train(page, server)
    row(page, "made-up").click()
    page.wait_for_function("() => location.search.includes('run=made-up')")
    says(page, ".st-key-run_line", "made-up")
    says(page, ".caption", "Attention after epoch 2")
    settle(page)
    slider = page.locator(".st-key-choose_epoch input[type=range]")
    slider.press("ArrowLeft")
    says(page, ".caption", "Attention after epoch 1")
    settle(page)
    box = page.locator(".st-key-run_mosaic canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 2.5 / 4, box["y"] + box["height"] * 1.5 / 3)
    page.wait_for_function("() => location.search.includes('head=3')")
    page.wait_for_selector('.st-key-run_matrix canvas[aria-label^="Layer 2, head 3"]')
    says(page, ".caption", "Attention after epoch 1")
