"""Drive the pages of the app without a browser: open them at a URL, run them until something is there, read them."""

import html
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.services.failures import BEGINNING
from app.state.selection import JetSelection
from app.state.url import from_url

ROOT = Path(__file__).parents[2]


def open_page(name: str, **params) -> AppTest:
    """Return a page, by its folder, with these parameters in its URL."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app._page_hash = calc_hash(name)  # `switch_page` would first need a run of Explore to know the pages
    for parameter, value in params.items():
        app.query_params[parameter] = value
    return no_exception(app.run())


def no_exception(app: AppTest) -> AppTest:
    """Return a page that neither Streamlit nor our guard had to stop."""
    assert not app.exception, app.exception[0].value
    failed = [error.value for error in app.error if BEGINNING in error.value]
    assert not failed, failed
    return app


def state_of(app: AppTest, cls: type = JetSelection) -> Any:
    """Return the session's choices of a state, by default those that all pages share."""
    return from_url(cls, no_exception(app).session_state["choices"])


def in_url(app: AppTest, name: str) -> list[str]:
    value = app.query_params[name]
    return value if isinstance(value, list) else [value]


def sentences(app: AppTest) -> list[str]:
    """Return the errors that the page shows."""
    return [error.value.replace("\\", "") for error in no_exception(app).error]


def notes(app: AppTest) -> list[str]:
    """Return the grey sentences on what is not there."""
    found = (re.search('<p class="note">(.*)</p>', element.proto.body) for element in app.get("html"))
    return [html.unescape(match[1]) for match in found if match]


def offered(app: AppTest) -> list[str]:
    """Return the models that a page offers in place of one that it cannot show."""
    return [button.label.replace("\\", "") for button in app.button if str(button.key).startswith("fit_")]


def captions(app: AppTest) -> str:
    """Return the small lines of text on the page."""
    return "\n".join(caption.value.replace("\\", "") for caption in no_exception(app).caption)


def texts(app: AppTest) -> str:
    """Return all HTML of the page."""
    return "".join(element.proto.body for element in app.get("html"))


def canvases(app: AppTest) -> list[str]:
    """Return the names of the canvas components that the page draws."""
    return [element.proto.component_name for element in app.get("bidi_component")]


def can_run(app: AppTest) -> bool:
    return any(button.key == "run" for button in app.button)


def run_until(app: AppTest, done: Callable[[AppTest], bool]) -> AppTest:
    """Press Run, where there is such a button, and run the page until it is done."""
    if can_run(app):
        app.button(key="run").click().run()
    for _ in range(600):
        if done(no_exception(app)):
            return app
        time.sleep(0.1)
        app.run()
    raise AssertionError("the work does not end")
