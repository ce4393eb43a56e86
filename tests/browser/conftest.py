"""The real server on a free port of this machine, and Chromium, whose requests to other hosts fail."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from helpers.jets import COUNTS, write_jets, write_model

ROOT = Path(__file__).parents[2]
LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path
    base: str = ""

    def url(self, **choices) -> str:
        choices = {"file": "toys.root", "model": "alpha"} | choices
        return f"http://localhost:{self.port}{self.base}/?{urlencode(choices, doseq=True)}"


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@contextmanager
def running(folder: Path, base: str = "") -> Iterator[Server]:
    """Run a server with toy jets and models in a folder, its pages below a base path such as "/lab"."""
    for name in ("jets", "models"):
        (folder / name).mkdir()
    write_jets(folder / "jets" / "toys.root", COUNTS)
    for seed, name in enumerate(("alpha", "beta")):
        write_model(folder / "models" / f"{name}.safetensors", seed, embed=(32,), pair_embed=(8,))
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    command += ["--server.baseUrlPath", base] if base else []
    names = {"PARTSCOPE_DATA": "jets", "PARTSCOPE_CHECKPOINTS": "models", "PARTSCOPE_RUNS": "runs"}
    names["PARTSCOPE_PERFORMANCE"] = "performance"
    chosen = {variable: str(folder / name) for variable, name in names.items()}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | chosen, stdout=log, stderr=log)
    try:
        wait_until_healthy(process, port, folder / "log", base)
        yield Server(port, folder, base)
    finally:
        process.terminate()
        process.wait(10)
    assert "Traceback" not in (folder / "log").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(process: subprocess.Popen, port: int, log: Path, base: str = "") -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"http://localhost:{port}{base}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.fixture
def page(browser, request):
    """Open a page of 1600 x 900; the test fails on a request to another host and on an error of the page."""
    context = browser.new_context(
        viewport={"width": 1600, "height": 900}, color_scheme=getattr(request, "param", "light")
    )
    page = context.new_page()
    outside, errors = [], []

    def local_only(route):
        if urlsplit(route.request.url).hostname in LOOPBACK:
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route(lambda url: url.startswith(("http:", "https:")), local_only)
    page.on("websocket", lambda s: outside.append(s.url) if urlsplit(s.url).hostname not in LOOPBACK else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert outside == []
    assert errors == []
