"""Streamlit's demand for a collection after every run has an effect only at times."""

import gc
import inspect
import weakref

from streamlit.runtime.scriptrunner import script_runner

from app import garbage


class Ring:
    """An object that only the collector frees."""

    def __init__(self):
        self.itself = self


def test_streamlit_asks_for_a_collection_and_gets_one_at_times(monkeypatch):
    # Otherwise Streamlit no longer collects here, and `app.garbage` can go.
    assert "gc.collect(" in inspect.getsource(script_runner)
    monkeypatch.setattr(script_runner, "gc", gc)
    monkeypatch.setattr(garbage, "_last", -garbage.SECONDS)
    garbage.collect_seldom()
    first, second = weakref.ref(Ring()), None
    script_runner.gc.collect(2)
    assert first() is None
    gc.disable()
    try:
        second = weakref.ref(Ring())
        script_runner.gc.collect(2)
        assert second() is not None
        monkeypatch.setattr(garbage, "_last", -garbage.SECONDS)
        script_runner.gc.collect(2)
        assert second() is None
    finally:
        gc.enable()
