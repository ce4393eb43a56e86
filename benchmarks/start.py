"""Measure the time from starting the app to the first attention on the screen: python benchmarks/start.py

The server runs in a new process with the bundled model and jets, and Chromium is running already. Printed are the
seconds until the server answers, until the mosaic of all heads is painted, and until all other drawings are; the same
for a second visitor of the server; and the times of `import part` and of `import torch, streamlit` in new processes.
The last is what no change of ours can avoid: the ratio to it, start by start, says more than seconds on a machine that
does other work as well.
"""

import argparse
import os
import subprocess
import sys
import time

import numpy as np
from jet_change import DRAWINGS, FLAGS, PAINTED, ROOT, serve
from playwright.sync_api import Browser, sync_playwright

from part.benchmarking.machine import describe_machine

BARE = "import torch, streamlit"
NAMES = (
    "server answers",
    "first attention",
    "everything",
    "another visitor: attention",
    "everything",
    "import part",
    BARE,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--port", type=int, default=8766)
    parser.add_argument("--chromium", default=os.environ.get("PARTSCOPE_CHROMIUM", "/usr/bin/chromium"))
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
        times = np.array([one_start(browser, options.port) for _ in range(options.starts)])
    print(describe_machine())
    for name, column in zip(NAMES, times.T, strict=True):
        print(f"{name:28}{spread(column, ' s')}")
    print(f"{'first attention / bare':28}{spread(times[:, 1] / times[:, -1], '')}")


def spread(column: np.ndarray, unit: str) -> str:
    low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
    return f"{middle:>7.2f}{unit} ({low:.2f} to {high:.2f})"


def one_start(browser: Browser, port: int) -> list[float]:
    started = time.time()
    server = serve(port, {})
    try:
        answers = time.time() - started
        first, later = visit(browser, port, started), visit(browser, port, time.time())
    finally:
        server.terminate()
        server.wait(10)
    return [answers, *first, *later, seconds_of("import part"), seconds_of(BARE)]


def seconds_of(statement: str) -> float:
    started = time.time()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)
    return time.time() - started


def visit(browser: Browser, port: int, since: float) -> tuple[float, float]:
    """Return the seconds until the mosaic, and until all drawings, are painted."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"http://localhost:{port}/")
    page.wait_for_selector(".st-key-table0 [data-painted]", timeout=120_000)
    page.wait_for_timeout(500)  # for the last drawings
    origin = page.evaluate("performance.timeOrigin") / 1000 - since
    times = tuple(origin + page.evaluate(PAINTED, drawings) / 1000 for drawings in (DRAWINGS[:1], DRAWINGS))
    page.close()
    return times


if __name__ == "__main__":
    main()
