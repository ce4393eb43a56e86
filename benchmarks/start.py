"""Measure the time from starting the app to the first attention on the screen: python benchmarks/start.py

The server runs in a new process with the bundled model and jets, and Chromium is running already. Printed are the
seconds until the server answers, until the mosaic of all heads is painted, and until all other drawings are; the same
for a second visitor of the server; and the time of `import part` in a new process. Other work on the machine increases
the numbers.
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

NAMES = ("server answers", "first attention", "everything", "another visitor: attention", "everything", "import part")


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
        low, middle, high = np.quantile(column, (0.25, 0.5, 0.75))
        print(f"{name:28}{middle:>7.2f} s ({low:.2f} to {high:.2f})")


def one_start(browser: Browser, port: int) -> list[float]:
    started = time.time()
    server = serve(port, {})
    try:
        answers = time.time() - started
        first, later = visit(browser, port, started), visit(browser, port, time.time())
    finally:
        server.terminate()
        server.wait(10)
    import_started = time.time()
    subprocess.run([sys.executable, "-c", "import part"], cwd=ROOT, check=True)
    return [answers, *first, *later, time.time() - import_started]


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
