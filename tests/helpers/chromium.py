"""Chromium for the browser tests: where it is, and, run as a script, how it gets there."""

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
    """PARTSCOPE_CHROMIUM, a Chromium on the path, or Playwright's own."""
    names = (os.environ.get("PARTSCOPE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    if found := next(filter(None, (shutil.which(name) for name in names if name)), None):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def require() -> str:
    """The path of Chromium; without it tests skip, saying so, and fail where CI=true."""
    found = find()
    if found is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("there is no Chromium; `make test` tries to install it, PARTSCOPE_CHROMIUM can name one")
    return found


def install() -> None:
    """With apt as root, else with Playwright. What goes wrong shows in the tests."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        fonts = "fonts-dejavu-core"  # Greek letters and arrows
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", fonts]
        subprocess.run(install, check=False)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__" and find() is None:
    install()
