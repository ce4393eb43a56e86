"""Whether the machine was quiet while something was timed, and so whether a time may be quoted."""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import torch

from part.benchmarking.timing import MIN_PASSES, Timing

LOAD_MARGIN = 0.5  # processes above the number of cores, since the load is a mean over a minute
MIN_SHARE = 0.9  # of a core that a process gets which waits for nothing else
MAX_EXTRA_SHARE = 0.3  # of a core beyond the threads of a measurement, for the interpreter and the page
MAX_SCATTER = 0.1  # of the median, half of the range that holds 68 % of the passes


@dataclass(frozen=True)
class Conditions:
    """What else a machine did while something was timed.

    Attributes
    ----------
    load : float or None
        Processes that ran or waited for a core, averaged over a minute; the larger one of before and after. None
        where the system does not say.
    cores : int
        Cores of the machine.
    threads : int
        Threads that the measurement used.
    cpu_share : float or None
        Cores that this process had on average; None on a GPU, for which it may well wait.
    when : str
        When the measurement began, in ISO 8601 to the second.
    """

    load: float | None
    cores: int
    threads: int
    cpu_share: float | None
    when: str

    def __post_init__(self):
        numbers = (self.load or 0.0, self.cores, self.threads, self.cpu_share or 0.0)
        if not (isinstance(self.when, str) and all(isinstance(number, int | float) for number in numbers)):
            raise TypeError("conditions are numbers and a date")

    @property
    def busy(self) -> str:
        """What says that the machine was busy, "" if nothing does."""
        reasons = []
        if self.load is not None and self.load > self.cores + LOAD_MARGIN:
            reasons.append(f"load {self.load:.1f} on {self.cores} core{'s' if self.cores > 1 else ''}")
        if self.cpu_share is not None and self.cpu_share < MIN_SHARE:
            reasons.append(f"this process had {100 * self.cpu_share:.0f} % of a core")
        if self.cpu_share is not None and self.cpu_share > self.threads + MAX_EXTRA_SHARE:
            reasons.append(f"this process also did other work, on {self.cpu_share:.1f} cores")
        return ", ".join(reasons)


@dataclass(frozen=True)
class Verdict:
    """Whether times may be quoted, and a sentence that says why or why not."""

    quotable: bool
    sentence: str


def judge(timings: Iterable[Timing], conditions: Iterable[Conditions | None] = ()) -> Verdict:
    """Judge times by their scatter, their number, and what else the machine did.

    Parameters
    ----------
    timings : iterable of Timing
        The times of one measurement.
    conditions : iterable of Conditions or None
        What the machine did meanwhile; None where nobody looked.

    Returns
    -------
    Verdict
    """
    timings, known = [t for t in timings if t.seconds], [c for c in conditions if c is not None]
    few, scatters = sum(not t.has_spread for t in timings), [t.scatter for t in timings if t.has_spread]
    wide = [scatter for scatter in scatters if scatter > MAX_SCATTER]
    reasons = []
    if busy := next((c.busy for c in known if c.busy), ""):
        reasons.append(f"the machine was busy ({busy})")
    if wide:
        most = f"{100 * MAX_SCATTER:.0f} %, up to {100 * max(wide):.0f} %"
        reasons.append(f"the passes of {_count(len(wide), timings)} scatter by more than {most}")
    if few:
        reasons.append(
            f"{_count(few, timings)} {'is' if few == 1 < len(timings) else 'are'} of fewer than {MIN_PASSES} passes"
        )
    if reasons:
        return Verdict(False, f"Do not quote these times: {'; '.join(reasons)}.")
    loads = [c.load for c in known if c.load is not None]
    load = f"load {max(loads):.1f} on {known[0].cores} cores" if loads else "load not recorded"
    return Verdict(True, f"Passes scatter by {100 * max(scatters, default=0.0):.0f} % at most, {load}.")


def _count(number: int, timings: Sequence[Timing]) -> str:
    return "all times" if number == len(timings) else f"{number} of {len(timings)} times"


class Watch:
    """A context manager that watches the machine while something is timed; `conditions` holds what it saw."""

    def __init__(self, device: torch.device):
        self._on_gpu = device.type == "cuda"

    def __enter__(self) -> Self:
        self._when = datetime.now().astimezone().isoformat(timespec="seconds")
        self._load, self._wall, self._cpu = _load(), time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        loads = [load for load in (self._load, _load()) if load is not None]
        self.conditions = Conditions(
            max(loads) if loads else None,
            os.cpu_count() or 1,
            torch.get_num_threads(),
            None if self._on_gpu or not wall else cpu / wall,
            self._when,
        )


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):  # not on all systems
        return None
