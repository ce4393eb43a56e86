"""Pages of the app without a browser: opened at a URL, run until something is there, read."""

import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def open_page(name: str, **params) -> AppTest:
    """A page, by its file, with these parameters in its URL."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(f"app/pages/{name}.py")
    for parameter, value in params.items():
        app.query_params[parameter] = value
    return calm(app.run())


def calm(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].value
    return app


def sentences(app: AppTest) -> list[str]:
    """What is refused."""
    return [error.value.replace("\\", "") for error in calm(app).error]


def texts(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def can_run(app: AppTest) -> bool:
    return any(button.key == "run" for button in app.button)


def run_until(app: AppTest, done: Callable[[AppTest], bool]) -> AppTest:
    """Press Run, where there is such a button, and run the page until it is done."""
    if can_run(app):
        app.button(key="run").click().run()
    for _ in range(600):
        if done(calm(app)):
            return app
        time.sleep(0.1)
        app.run()
    raise AssertionError("the work does not end")
