"""How far a long command is, on stderr."""

import sys


class Progress:
    """Called with a stage and how much of it is done: a line written over on a terminal, else a line a tenth."""

    def __init__(self):
        self._last = ("", 0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        text, tenth = f"{stage}: {done:,} of {total:,}", (stage, 10 * done // total)
        if sys.stderr.isatty():
            print(f"\r{text}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif tenth != self._last:
            print(text, file=sys.stderr, flush=True)
        self._last = tenth
