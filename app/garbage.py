"""Garbage is looked for at times, and not after each run of a page.

Streamlit looks through all objects of the server after each run, and meanwhile no other visitor's page goes on: with
the models and libraries of this app that is a third of the time of a step to another jet. Python still looks by itself
whenever many objects are new.
"""

import gc
import time
from types import SimpleNamespace

from streamlit.runtime.scriptrunner import script_runner

SECONDS = 10.0  # between two looks at all objects

_last = 0.0


def collect_seldom() -> None:
    """Let Streamlit's demands for a collection have an effect once in `SECONDS`."""
    script_runner.gc = SimpleNamespace(collect=_collect)  # the module's own name for Python's collector


def _collect(generation: int = 2) -> int:
    global _last
    now = time.monotonic()
    if now - _last < SECONDS:
        return 0
    _last = now
    return gc.collect(generation)
