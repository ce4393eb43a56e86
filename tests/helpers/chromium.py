"""Find Chromium for the browser tests and, run as a script, install it."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@cache
def find() -> str | None:
    """Return PARTSCOPE_CHROMIUM, a Chromium on the path, or Playwright's own."""
    names = (os.environ.get("PARTSCOPE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    if path := next(filter(None, (shutil.which(name) for name in names if name)), None):
        return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def require() -> str:
    """Return the path of Chromium; without it tests skip with a reason, and fail where CI=true."""
    path = find()
    if path is None:
        stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        stop("there is no Chromium; `make test` tries to install it, PARTSCOPE_CHROMIUM can name one")
    return path


def install() -> None:
    """Install Chromium with apt as root, else with Playwright. Failures show in the tests."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        fonts = "fonts-dejavu-core"  # Greek letters and arrows
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", fonts]
        subprocess.run(install, check=False)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__" and find() is None:
    install()
