"""How long something takes: passes that warm up, then passes that count, several things taking turns.

Turns make times comparable: whatever else goes on in the machine disturbs all of them alike.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Timing:
    """Seconds of each pass, in order: of those that warm up, and of those that count."""

    warmup: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        low, high = np.quantile(self.seconds, (0.25, 0.75))
        return float(low), float(high)


def finished(device: torch.device) -> None:
    """Wait for a device that works on while Python does."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def one_pass(function: Callable[[], object], device: torch.device) -> float:
    """Seconds until the device has done it."""
    start = time.perf_counter()
    function()
    finished(device)
    return time.perf_counter() - start


def in_turns(
    passes: Mapping[str, Callable[[], float]], repeats: int, warmup: int = 2, budget: float = float("inf")
) -> dict[str, Timing]:
    """Call each of `passes`, which tell their seconds, `warmup` times and then all of them in turns.

    repeats: rounds that count. budget: seconds for all of it; when they are over, it ends with the round, the first
    at least, and does not warm up any more.
    """
    begun = time.perf_counter()

    def over() -> bool:
        return time.perf_counter() - begun > budget

    warm = {name: tuple(function() for _ in range(warmup) if not over()) for name, function in passes.items()}
    counted = {name: [] for name in passes}
    for turn in range(repeats):
        if turn and over():
            break
        for name, function in passes.items():
            counted[name].append(function())
    return {name: Timing(warm[name], tuple(counted[name])) for name in passes}


def of_one(function: Callable[[], float], repeats: int, warmup: int = 1) -> Timing:
    """The same of one thing."""
    return in_turns({"it": function}, repeats, warmup)["it"]
