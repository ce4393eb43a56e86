"""Measure the time from a click on "Next" until the next jet is drawn: python benchmarks/jet_change.py

The script starts the server on this machine with untrained models and jets of 128 constituents. It measures in
Chromium, from the click to the last message of the server, and to the second frame after the mosaic, and all other
drawings, were painted. Models are loaded, the page is open, and a few jets were shown before. Other work on the machine
increases the numbers.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from helpers.jets import write_jets, write_model
from playwright.sync_api import Page, sync_playwright

from part.benchmarking.machine import describe_machine

ROOT = Path(__file__).parents[1]

CONSTITUENTS = 128
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
CLICK = "() => { const now = performance.now(); document.querySelector('.st-key-next button').click(); return now; }"
PAINTED = """drawings => Math.max(...drawings.flatMap((name) =>
  [...document.querySelectorAll(`[class*="st-key-${name}"] *`)]
    .map((host) => host.shadowRoot?.querySelector("[data-painted]")?.dataset.paintedAt || 0).map(Number)))"""
# Note when the last message of the server came.
LISTEN = """const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (message) {
  this.isHeard ||= !this.addEventListener("message", () => (window.receivedAt = performance.now()));
  return send.call(this, message);
};"""
DRAWINGS = ("mosaic", "matrix", "display", "table")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=15)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between clicks")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--chromium", default=os.environ.get("PARTSCOPE_CHROMIUM", "/usr/bin/chromium"))
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        server = start(Path(folder), options.port)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
                for models in (("a",), ("a", "b")):
                    report(browser.new_page(viewport={"width": 1600, "height": 900}), models, options)
        finally:
            server.terminate()
            server.wait(10)


def start(folder: Path, port: int) -> subprocess.Popen:
    for name in ("jets", "models"):
        (folder / name).mkdir()
    write_jets(folder / "jets" / "long.root", [CONSTITUENTS] * 200)
    for seed, name in enumerate("ab"):
        write_model(folder / "models" / f"{name}.safetensors", seed)
    return serve(port, {"PARTSCOPE_DATA": str(folder / "jets"), "PARTSCOPE_CHECKPOINTS": str(folder / "models")})


def serve(port: int, environment: dict[str, str]) -> subprocess.Popen:
    """Start the app with more environment variables, and return once it answers."""
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL)
    while True:
        try:
            urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
            return server
        except OSError:
            time.sleep(0.2)


def report(page: Page, models: tuple[str, ...], options: argparse.Namespace) -> None:
    chosen = "&".join(f"model={name}" for name in models)
    page.add_init_script(LISTEN)
    page.goto(f"http://localhost:{options.port}/?file=long.root&{chosen}")
    page.wait_for_selector(f".st-key-table{len(models) - 1} [data-painted]")
    times = [change(page, options.pause) for _ in range(options.clicks + 3)][3:]
    for name, column in zip(("server", "all heads", "everything"), zip(*times, strict=True), strict=True):
        spread = f"{min(column):.0f} to {max(column):.0f}"
        print(f"{len(models)} model(s), {name}: median {statistics.median(column):.0f} ms ({spread})")


def change(page: Page, pause: float) -> tuple[float, ...]:
    """Return the milliseconds from the click until the server is done, the mosaics, and all drawings are painted."""
    start = page.evaluate(CLICK)
    page.wait_for_timeout(1000 * pause)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(100)
    painted = (page.evaluate(PAINTED, drawings) for drawings in (DRAWINGS[:1], DRAWINGS))
    return tuple(moment - start for moment in (page.evaluate("window.receivedAt"), *painted))


if __name__ == "__main__":
    main()
