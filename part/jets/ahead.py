"""Reading ahead: the next jets are read in a thread while the model runs on the present ones."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def read_ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield items in their order, the next one of which is made in a thread meanwhile.

    Never more than one item waits, so memory does not grow. Decompression, numpy and models release the interpreter's
    lock, so both sides run at once.

    Parameters
    ----------
    items : iterable
        It is advanced in the thread, but never by two threads at once.

    Yields
    ------
    object
        Errors of the thread are raised where their item would come.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:

        def read_next() -> list[T]:
            return list(islice(source, 1))

        def advance() -> Future[list[T]]:
            # The context carries the notices about jets, which the block around the loop gathers.
            context = copy_context()
            return reader.submit(lambda: context.run(read_next))

        waiting = advance()
        while present := waiting.result():
            waiting = advance()
            yield present[0]
