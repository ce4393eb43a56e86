"""The progress of long computations: the callback that every loop takes, and how to stop one."""

import sys
from collections.abc import Callable
from typing import Protocol

ProgressCallback = Callable[[str, int, int], None]  # stage, how much of it is done, out of how much


class Cancelled(Exception):
    """The exception by which a progress callback stops the loop that called it.

    Parameters
    ----------
    keep : bool
        Whether a loop that can make a result of what it has seen so far returns it.
    """

    def __init__(self, keep: bool = False):
        super().__init__()
        self.keep = keep


class Executor(Protocol):
    """The executor of a loop's model work: `execute(function, *args)` returns what the function returns.

    The app passes the thread that all visitors' models share; everybody else calls the function at once.
    """

    def __call__(self, function: Callable, *args): ...


def no_progress(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def execute_here(function: Callable, *args):
    """Call the function in the caller's own thread."""
    return function(*args)


class TerminalProgress:
    """A progress callback that writes to stderr: one line rewritten on a terminal, otherwise a line every tenth."""

    def __init__(self):
        self._last = ("", 0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        text, tenth = f"{stage}: {done:,} of {total:,}", (stage, 10 * done // total)
        if sys.stderr.isatty():
            print(f"\r{text}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif tenth != self._last:
            print(text, file=sys.stderr, flush=True)
        self._last = tenth
