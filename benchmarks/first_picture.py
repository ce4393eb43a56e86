"""Measure when a fresh visitor sees the first picture of each page and tab: python benchmarks/first_picture.py

The server has shown every page before; each visit is a new browser context, without a cache, in Chromium that is
running already, at 1280x720. Printed are the seconds from the beginning of the navigation until the frame after the
first canvas, plot or image is drawn, as median and range of the visits; and its ratio to a bare Streamlit page with
one plotly chart, which is visited in turns with each page. The ratio says more than seconds on a machine that does
other work as well, whose load is printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jet_change import FLAGS, serve
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import TimeoutError as Waited

from part.benchmarking.machine import describe_machine

SECTIONS = "section", "overview roc confusion disagreement attention heads columns sculpting"
TABS = {
    "explore": ("", ""),
    "compare": SECTIONS,
    "bias": ("tab", "jet shares shapley function switch"),
    "sparsity": ("tab", "heads weights groups places collections components topk"),
    "atlas": ("tab", "heads hypotheses logits"),
    "circuits": ("tab", "edges search dictionary similarity"),
    "attribution": ("tab", "jet inputs methods sample truth physics"),
    "intervention": ("tab", "ablate patch edit probes lens"),
    "performance": ("tab", "speed growth operators roofline"),
    "train": ("", ""),
}
BARE = "import plotly.express as px\nimport streamlit as st\n\nst.plotly_chart(px.line(y=[1, 3, 2]))\n"
PATIENCE = 60.0  # seconds for a picture
# Note the moment of the second frame after a picture is there; components have shadow roots.
WATCH = """const pictures = "[data-painted], .js-plotly-plot .main-svg :is(path, image), [data-testid=stImage] img";
const isShown = () => document.querySelector(pictures) !== null
  || [...document.querySelectorAll("[class*=st-key-] *")].some((host) => host.shadowRoot?.querySelector(pictures));
const watch = () => requestAnimationFrame(isShown()
  ? () => requestAnimationFrame(() => (window.firstPicture = performance.now()))
  : watch);
watch();"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--pages", nargs="+", choices=TABS, default=list(TABS), help="those that are visited")
    parser.add_argument("--port", type=int, default=8767, help="of the app; the bare page has the next one")
    parser.add_argument("--chromium", default=os.environ.get("PARTSCOPE_CHROMIUM", "/usr/bin/chromium"))
    options = parser.parse_args()
    print(describe_machine())
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        servers = [serve(options.port, {}), _serve_bare(Path(folder), options.port + 1)]
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
                _report(browser, options)
        finally:
            for server in servers:
                server.terminate()
                server.wait(10)
    print(f"load after: {os.getloadavg()[0]:.1f}")


def _serve_bare(folder: Path, port: int) -> subprocess.Popen:
    (folder / "bare.py").write_text(BARE)
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "bare.py",
        "--server.port",
        str(port),
        "--server.headless",
        "1",
    ]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)


def _report(browser: Browser, options: argparse.Namespace) -> None:
    paths = [path for page in options.pages for path in _paths(page)]
    base, bare = (f"http://localhost:{port}/" for port in (options.port, options.port + 1))
    time.sleep(5)  # for the bare server, and what the app loads after it answers
    for path in paths:
        _visit(browser, base + path)  # so that the server has shown each page before
    print(f"{'page':34}{'seconds':>22}{'ratio to bare':>16}")
    worst = []
    for path in paths:
        pairs = [(_visit(browser, base + path), _visit(browser, bare)) for _ in range(options.visits)]
        times = [own for own, _ in pairs if own is not None]
        if not times:
            print(f"{path:34}{'no picture':>22}")
            continue
        ratio = statistics.median(own / other for own, other in pairs if own and other)
        worst.append((statistics.median(times), ratio))
        print(f"{path:34}{worst[-1][0]:>8.2f} ({min(times):.2f} to {max(times):.2f}){ratio:>12.2f}", flush=True)
    seconds, ratios = zip(*worst, strict=True)
    print(f"slowest: {max(seconds):.2f} s, {max(ratios):.2f} times the bare page; ", end="")
    print(f"median {statistics.median(seconds):.2f} s, {statistics.median(ratios):.2f} times")


def _paths(page: str) -> list[str]:
    name, tabs = TABS[page]
    return [f"{page}?{name}={tab}" for tab in tabs.split()] or [page]


def _visit(browser: Browser, url: str) -> float | None:
    """Return the seconds from the navigation to the first picture of a new visitor; None if there is none."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(url)
        page.wait_for_function("window.firstPicture", timeout=1000 * PATIENCE)
        return page.evaluate("window.firstPicture") / 1000
    except Waited:
        return None
    finally:
        context.close()


if __name__ == "__main__":
    main()
