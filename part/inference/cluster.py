"""Jets of files, a chunk at a time, in this process or shared out among the processes of a Dask cluster.

A task is a range of entries of one file. Results arrive in the order of the ranges, whichever task ends first, and each
of them once: the tasks of a worker that dies run again on another one. Dask is an extra, imported only for a cluster.
"""

import math
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from part.errors import PartError
from part.inference.tagger import Tagger
from part.inference.worker_tasks import ChunkFunction, ModelSource, T, pack_job, run_task
from part.jets.streaming import CHUNK, EntryRange, chunks, split_ranges
from part.version import __version__

TASKS = 4  # a worker gets at least so many, so that none waits long for the last
IN_FLIGHT = 2  # tasks for each thread of the workers, so that the results that wait are few
TIMEOUT = 20  # seconds until a scheduler must have answered
MISSING = 'Workers need Dask, which is not installed: pip install "partscope[dask]", or in a checkout ".[dask]".'


class Cluster:
    """The workers of a Dask scheduler and how they load the models.

    Parameters
    ----------
    client : distributed.Client
    sources : sequence of ModelSource
    is_local : bool
        Whether this process has started the workers, which then share its folder.
    """

    def __init__(self, client: Any, sources: Sequence[ModelSource], is_local: bool):
        self._client, self._is_local = client, is_local
        self._sources = tuple(sources) if is_local else tuple(source.absolute() for source in sources)

    def map_chunks(
        self, function: ChunkFunction[T], ranges: Sequence[EntryRange], size: int = CHUNK
    ) -> Iterator[tuple[EntryRange, T]]:
        """Yield what `map_chunks` yields; no chunk has more than `size` jets."""
        if not self._is_local:
            ranges = [replace(r, path=r.path if "://" in r.path else os.path.abspath(r.path)) for r in ranges]
        share = math.ceil(sum(map(len, ranges)) / (TASKS * self._n_threads()))
        pieces = iter(split_ranges(ranges, max(1, min(size, share))))
        # It is a task of its own, so that it is sent once, and computed again if the worker that holds it dies.
        job = self._client.submit(bytes, pack_job(function, self._sources), pure=False)
        waiting: deque[tuple[EntryRange, Any]] = deque()
        try:
            while True:
                for piece in islice(pieces, max(0, IN_FLIGHT * self._n_threads() - len(waiting))):
                    waiting.append((piece, self._client.submit(run_task, job, piece, pure=False)))
                if not waiting:
                    return
                results, notices, texts = self._result(*waiting.popleft())
                notices.pass_on()
                for text, category in texts:
                    warnings.warn(text, category, stacklevel=2)
                yield from results
        finally:
            self._client.cancel([job, *(future for _, future in waiting)])

    def _n_threads(self) -> int:
        return max(1, sum(self._client.nthreads().values()))

    def _result(self, piece: EntryRange, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            raise PartError(
                f"{piece.path}, jets from entry {piece.start} on: every worker that took them died, perhaps for want "
                "of memory; expected workers that live, so try fewer of them."
            ) from None
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "part":
                raise
            raise PartError(f"The workers have no partscope; install version {__version__} where they run.") from None
        except OSError as error:  # the scheduler has ended, or a file has gone
            raise PartError(f"{piece.path} could not be shared out among the workers: {error}.") from None


def map_chunks(
    function: ChunkFunction[T], ranges: Sequence[EntryRange], taggers: Sequence[Tagger], cluster: Cluster | None = None
) -> Iterator[tuple[EntryRange, T]]:
    """Call a function with the models and each chunk of jets, here or on workers.

    Parameters
    ----------
    function : callable
        Receives the models and a `Chunk`. For workers it and its result must be picklable.
    ranges : sequence of EntryRange
    taggers : sequence of Tagger
        The models in this process; workers load those of the cluster.
    cluster : Cluster, optional
        See `open_cluster`; by default this process does all of it.

    Yields
    ------
    EntryRange
        The entries of the chunk.
    object
        What the function returned; in the order of the entries.

    Raises
    ------
    PartError
        What the function raises, and if workers die or cannot load the models.
    """
    if cluster is not None:
        yield from cluster.map_chunks(function, ranges)
        return
    for chunk in chunks(ranges):
        yield chunk.entries, function(taggers, chunk)


@contextmanager
def open_cluster(
    sources: Sequence[ModelSource], workers: int | None = None, address: str | None = None
) -> Generator[Cluster | None, None, None]:
    """Start local workers, or connect to a scheduler.

    Parameters
    ----------
    sources : sequence of ModelSource
        The models that the workers load.
    workers : int, optional
        How many processes to start on this machine.
    address : str, optional
        The scheduler to connect to, such as "tcp://host:8786".

    Yields
    ------
    Cluster or None
        None if neither is given.

    Raises
    ------
    PartError
        If both are given, Dask is missing or the scheduler does not answer.
    """
    if workers is None and address is None:
        yield None
        return
    if workers is not None and address is not None:
        raise PartError("Both workers to start and a scheduler that has its own are given; expected one of the two.")
    if workers is not None and workers < 1:
        raise PartError(f"{workers} workers were asked for; expected at least one.")
    try:
        import dask
        import distributed
    except ModuleNotFoundError:
        raise PartError(MISSING) from None
    # A job may hold some MB of what an earlier pass has measured, which Dask would warn of.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
        if workers is not None:
            with _without_interrupts():
                local = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",
                    memory_limit=0,
                    preload=["part.inference.worker_start"],
                    silence_logs="CRITICAL",
                )
            with local, distributed.Client(local, set_as_default=False) as client:
                yield Cluster(client, sources, True)
            return
        try:
            client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise PartError(
                f"No Dask scheduler answers at {address}: {reason}; expected one as tcp://HOST:PORT."
            ) from None
        with client:
            if not client.nthreads():
                warnings.warn(f"The scheduler at {address} has no workers yet; waiting for the first.", stacklevel=3)
                client.wait_for_workers(1)
            yield Cluster(client, sources, False)


@contextmanager
def _without_interrupts() -> Generator[None, None, None]:
    """Ignore Ctrl-C for a moment; processes that start meanwhile always will, as it is for this one to end them."""
    if threading.current_thread() is not threading.main_thread():  # others must not set handlers
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
