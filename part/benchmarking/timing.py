"""Time models: passes that warm up, then passes that count, several models alternating.

Alternation makes times comparable, because whatever else the machine does then disturbs all models alike.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

MIN_PASSES = 3  # of fewer there is no spread
SPREAD = (0.16, 0.84)  # quantiles, as one standard deviation on either side of a normal distribution


@dataclass(frozen=True)
class Timing:
    """The seconds of each pass in the order they ran.

    Attributes
    ----------
    warmup : tuple of float
        The passes that warm up caches, allocators and kernels.
    seconds : tuple of float
        The passes that count.
    """

    warmup: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def has_spread(self) -> bool:
        """Whether there are enough passes to say how much they scatter."""
        return len(self.seconds) >= MIN_PASSES

    @property
    def spread(self) -> tuple[float, float]:
        """The times below which 16 % and 84 % of the passes are; both NaN for fewer than `MIN_PASSES`."""
        if not self.has_spread:
            return float("nan"), float("nan")
        low, high = np.quantile(self.seconds, SPREAD)
        return float(low), float(high)

    @property
    def scatter(self) -> float:
        """Half of the spread, relative to the median."""
        low, high = self.spread
        return (high - low) / (2 * self.median)

    def ratio(self, other: "Timing") -> tuple[float, float, float]:
        """Return the other's time over this one's with its spread, from the passes of the same rounds.

        What slows a whole round cancels. The spread is NaN for fewer than `MIN_PASSES` rounds.
        """
        rounds = min(len(self.seconds), len(other.seconds))
        ratios = np.array(other.seconds[:rounds]) / np.array(self.seconds[:rounds])
        low, high = np.quantile(ratios, SPREAD) if rounds >= MIN_PASSES else (np.nan, np.nan)
        return float(np.median(ratios)), float(low), float(high)


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished; a GPU computes while Python already goes on."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def time_call(function: Callable[[], object], device: torch.device) -> float:
    """Return the seconds from the call until the device has finished its work."""
    start = time.perf_counter()
    function()
    synchronize(device)
    return time.perf_counter() - start


def time_interleaved(
    passes: Mapping[str, Callable[[], float]],
    repeats: int,
    warmup: int = 2,
    budget: float = float("inf"),
    least: int = 1,
) -> dict[str, Timing]:
    """Warm up each function, then call all of them in alternation.

    Parameters
    ----------
    passes : mapping of str to callable
        Functions by name; each runs one pass and returns its seconds, see `time_call`.
    repeats : int
        Rounds that count; a round calls every function once.
    warmup : int
        Calls of each function before the rounds.
    budget : float
        Seconds for everything. Once they are spent, warming up stops and no new round begins.
    least : int
        Rounds that run in any case.

    Returns
    -------
    dict of str to Timing
        The times by name.
    """
    start = time.perf_counter()

    def is_over() -> bool:
        return time.perf_counter() - start > budget

    warm = {name: tuple(function() for _ in range(warmup) if not is_over()) for name, function in passes.items()}
    counted: dict[str, list[float]] = {name: [] for name in passes}
    for turn in range(repeats):
        if turn >= least and is_over():
            break
        for name, function in passes.items():
            counted[name].append(function())
    return {name: Timing(warm[name], tuple(counted[name])) for name in passes}


def time_one(function: Callable[[], float], repeats: int, warmup: int = 1) -> Timing:
    """Time a single function as `time_interleaved` does."""
    return time_interleaved({"only": function}, repeats, warmup)["only"]
