"""How many tabs step through jets at the same time: among many, work ahead of a step delays the steps of others."""

import threading
import time

from streamlit.runtime.scriptrunner import get_script_run_ctx

SECONDS, MANY = 3.0, 3  # so many other tabs with a step within this time are a crowd

_last_steps: dict[str, float] = {}  # by tab
_lock = threading.Lock()


def is_crowded() -> bool:
    """Note a step of this browser tab, and return whether many others have made one just before."""
    context = get_script_run_ctx(suppress_warning=True)
    return note_step(context.session_id if context else "", time.monotonic())


def note_step(tab: str, now: float) -> bool:
    """Note a step of a tab at a time in seconds, and return whether more than MANY tabs have made one just before."""
    with _lock:
        for other in [other for other, last in _last_steps.items() if now - last > SECONDS]:
            del _last_steps[other]
        _last_steps[tab] = now
        return len(_last_steps) > MANY
