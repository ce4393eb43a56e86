"""Takes the pictures of the app's pages again: `.venv/bin/python docs/screenshots.py [PAGE ...]`, about two minutes.

All pages show what comes with the project, before anything is run.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
SIZE = {"width": 1600, "height": 900}
MAX_BYTES = 200_000
JET = {"file": "jetclass_like.root", "jet": "8", "layer": "5", "head": "4"}
ONE = {"model": ["part-full"]}
# page -> parameters of its address
PAGES = {
    "explore": {"model": ["part-full", "linpart-projected"]},
    "compare": ONE,
    "bias": ONE,
    "sparsity": ONE | {"measure": "inter_subjet"},
    "atlas": ONE | {"layer": "8", "head": "7"},
    "circuits": ONE,
    "attribution": ONE,
    "intervention": ONE | {"measure": "cross_entropy"},
    "performance": ONE,
    "train": {},
}


def main(pages: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        environment = os.environ | {"PARTSCOPE_RUNS": f"{folder}/runs", "PARTSCOPE_PERFORMANCE": f"{folder}/speed"}
        port = _free_port()
        command = (sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port))
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            time.sleep(5)
            for page in pages:
                _take(browser, page, f"http://localhost:{port}")
        finally:
            browser.close()
            server.terminate()
            server.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def _take(browser: Browser, page: str, server: str) -> None:
    tab = browser.new_page(viewport=SIZE, color_scheme="light")
    path = "" if page == "explore" else page
    tab.goto(f"{server}/{path}?{urlencode(JET | PAGES[page], doseq=True)}")
    _wait_until_still(tab)
    _save(Image.open(io.BytesIO(tab.screenshot())).convert("RGB"), ROOT / "docs" / "app" / f"{page}.png")
    tab.close()


def _wait_until_still(tab: Page) -> None:
    """Wait until three pictures in a row, two seconds apart, are equal."""
    tab.wait_for_timeout(8000)
    pictures: list[bytes] = []
    for _ in range(60):
        pictures.append(tab.screenshot())
        if len(pictures) > 2 and len(set(pictures[-3:])) == 1:
            return
        tab.wait_for_timeout(2000)


def _save(picture: Image.Image, path: Path) -> None:
    """Write the picture with as many colours as its size allows."""
    for colours in (256, 128, 64, 32):
        picture.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MAX_BYTES:
            break
    print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAGES))
