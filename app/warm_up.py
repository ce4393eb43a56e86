"""The work of the first page, begun as the server starts instead of when a browser asks."""

import gc
from contextlib import suppress
from importlib import import_module
from threading import Thread

MODULES = (
    "app.components.sidebar",
    "app.pages.explore.cards",
    "app.pages.explore.export",
    "app.pages.explore.toolbar",
)


def start() -> Thread:
    """Import what the opening page needs and trace its jet, in a thread beside the starting server.

    Importing makes a million objects that stay. Looking for garbage among them again and again takes a sixth of the
    time, so the collector rests until they are there, and never looks at them afterwards.
    """
    gc.disable()
    thread = Thread(target=_prepare, name="warm-up", daemon=True)
    thread.start()
    return thread


def _prepare() -> None:
    try:
        for name in MODULES:
            import_module(name)
        from app.services.caching import cached

        cached(max_entries=1)(_view_opening_jet)()  # within a cached function no other one asks for a page's spinner
    finally:
        gc.freeze()
        gc.enable()


def _view_opening_jet() -> None:
    from app.services.figures import view_jet
    from app.services.library import PartError
    from app.services.models import load_tagger, model_names
    from app.state.find_file import find_file
    from app.state.selection import OPENING, first_jet

    with suppress(PartError, IndexError):  # the page says what is missing
        name = model_names()[0]
        file, _, _ = find_file(OPENING.file, (name,))
        view_jet(file, first_jet(file.name), load_tagger(name, file), name)
