import os
import shutil

import pytest

if shutil.which("nvidia-smi") is None:
    os.environ["TRITON_INTERPRET"] = "1"  # kernels run on the CPU; read once, when torch imports triton

from helpers import chromium

from part.models.backends.native import compile as native_compile


def pytest_configure(config):
    """Compile before the first test, not in the background of some, so that all see the same backends."""
    if not hasattr(config, "workerinput"):  # the process that starts the workers
        native_compile.main([])


@pytest.fixture(scope="module")
def browser():
    """Chromium, which must be there in CI."""
    executable = chromium.require()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.FLAGS)
        yield browser
        browser.close()
