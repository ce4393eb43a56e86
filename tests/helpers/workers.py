"""Functions that workers of a cluster import from here, one of which kills its process."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from part.inference.worker_tasks import ChunkFunction


@dataclass(frozen=True)
class DyingOnce:
    """A function that kills the process in which it is called for the second range of jets, but only once.

    Attributes
    ----------
    flag : Path
        A file that exists once this has happened; it names the process.
    function : callable
        What is called otherwise.
    always : bool
        Whether the process dies each time instead.
    """

    flag: Path
    function: ChunkFunction
    always: bool = False

    def __call__(self, taggers, chunk) -> Any:
        if chunk.entries.start > 0 and (self.always or not self.flag.exists()):
            self.flag.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return self.function(taggers, chunk)


def describe(taggers, chunk) -> tuple[int, str, int, int]:
    """Return the process, what the model is, and the threads that it uses; and how many jets it has."""
    import torch

    return os.getpid(), taggers[0].cache_key, torch.get_num_threads(), len(chunk.jets)
