"""Intervals of rates: Wilson's for one (JASA 22 (1927) 209), Newcombe's for a difference (Stat. Med. 17 (1998) 873).

Both stay within their limits and have a width where no jet, or every jet, passes.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics.running_mean import Z95

LIMIT_LEVEL = 0.95  # of one-sided limits


@dataclass(frozen=True, eq=False)
class Rate:
    """How many of some jets pass, in any number of places.

    Attributes
    ----------
    passed, total : ndarray
        Numbers of jets, of shapes that broadcast.
    """

    passed: np.ndarray
    total: np.ndarray

    @property
    def value(self) -> np.ndarray:
        """The rate, NaN where there are no jets."""
        return _divide(self.passed, self.total)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Wilson's 95 % interval, NaN where there are no jets."""
        return wilson(self.passed, self.total)

    @property
    def inverse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """1 / rate with its interval, such as a background rejection.

        It is infinite where no jet passes; the lower end is then the limit of `limit_of_none`.
        """
        low, high = self.interval
        none = np.asarray(self.passed) == 0
        with np.errstate(divide="ignore"):
            least = np.where(none, 1 / limit_of_none(self.total), 1 / high)
            return 1 / self.value, least, 1 / np.where(none, 0.0 * low, low)


def wilson(passed: np.ndarray, total: np.ndarray, z: float = Z95) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's interval of passed / total, by default of 95 %; NaN where the total is 0."""
    rate, total = _divide(passed, total), np.asarray(total, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (rate + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z / (1 + z**2 / total) * np.sqrt(rate * (1 - rate) / total + z**2 / (4 * total**2))
    low, high = centre - half, centre + half
    # Rounding must not exclude a rate of 0 or 1 from its own interval.
    return np.where(rate == 0, 0.0, low), np.where(rate == 1, 1.0, high)


def limit_of_none(total: np.ndarray | int) -> np.ndarray:
    """Return the rate that is excluded at 95 % confidence if none of so many jets passes, about 3 / total.

    This is the one-sided limit of Clopper and Pearson (Biometrika 26 (1934) 404); NaN where there are no jets.
    """
    total = np.asarray(total, float)
    return 1 - np.power(1 - LIMIT_LEVEL, np.divide(1, total, out=np.full(total.shape, np.nan), where=total > 0))


def newcombe(first: Rate, second: Rate) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % interval of second - first, of independent jets."""
    (low1, high1), (low2, high2) = first.interval, second.interval
    change = second.value - first.value
    down = np.hypot(second.value - low2, high1 - first.value)
    up = np.hypot(high2 - second.value, first.value - low1)
    return change - down, change + up


def _divide(passed: np.ndarray, total: np.ndarray) -> np.ndarray:
    passed, total = np.broadcast_arrays(np.asarray(passed, float), np.asarray(total, float))
    return np.divide(passed, total, out=np.full(passed.shape, np.nan), where=total > 0)
