"""What local workers do first, before anything that takes time is imported."""

import signal


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C to the process that has started the worker; Dask calls this, also in one that replaces another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
