"""A server for a group, in Chromium: nobody sees a page before the login, and only who is welcome after it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, free_port, wait_until_healthy
from helpers.identity import CLIENT, identity_provider

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECRETS = """[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "only for this test"
client_id = "{client}"
client_secret = "also for this test"
server_metadata_url = "{metadata}"
"""


@contextmanager
def served(folder: Path, metadata: str) -> Iterator[str]:
    """Serve the app for members of example.org, and yield its address."""
    port = free_port()
    (folder / "secrets.toml").write_text(SECRETS.format(port=port, client=CLIENT, metadata=metadata))
    (folder / "partscope.toml").write_text('login = true\nemails = ["*@example.org"]\n')
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    command += ["--secrets.files", str(folder / "secrets.toml")]
    environment = os.environ | {"PARTSCOPE_SETTINGS": str(folder / "partscope.toml")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until_healthy(process, port, folder / "log")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize(
    ("email", "shown"),
    [("ann@example.org", "Misclassified only"), ("eve@elsewhere.org", "eve@elsewhere.org may not use this server.")],
)
def test_the_login_comes_first(browser, tmp_path, email, shown):
    for package in ("authlib", "httpx"):
        pytest.importorskip(package, reason='the login is an extra: pip install "partscope[login]"')
    with identity_provider(email) as metadata, served(tmp_path, metadata) as url:
        page = browser.new_page()
        page.goto(url)
        page.get_by_text("This server is for a group.").wait_for(timeout=60_000)
        assert page.get_by_text("Misclassified only").count() == 0
        page.get_by_role("button", name="Log in").click()
        page.get_by_text(shown).wait_for(timeout=60_000)
        page.close()
