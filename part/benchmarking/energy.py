"""Energy that the hardware says it has used: a GPU's own counter, or that of the processor's packages (RAPL)."""

import contextlib
from pathlib import Path

import torch

PACKAGES = Path("/sys/class/powercap")


class Meter:
    """Counts joules of a device between two readings; `there` says whether it can."""

    def __init__(self, device: torch.device, packages: Path = PACKAGES):
        self._read = _gpu(device) if device.type == "cuda" else _packages(packages)

    @property
    def there(self) -> bool:
        return self._read is not None

    def joules(self) -> float | None:
        """Since some moment in the past; None where nothing counts them."""
        return None if self._read is None else self._read()


def _gpu(device: torch.device):
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(device.index or 0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # no library, no driver, or a card without a counter: each says so in its own way
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3


def _packages(folder: Path):
    """A package is named by one number, its parts by two: intel-rapl:0 holds intel-rapl:0:1. AMD's are named alike."""
    found = [place for place in sorted(folder.glob("*-rapl:*")) if place.name.count(":") == 1]
    counters = [_Counter(place) for place in found if _readable(place / "energy_uj")]
    return (lambda: sum(counter.joules() for counter in counters)) if counters else None


def _readable(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text()) >= 0
    return False


class _Counter:
    """One package, whose counter starts again from 0 at its range."""

    def __init__(self, place: Path):
        self._file = place / "energy_uj"
        self._range = int((place / "max_energy_range_uj").read_text())
        self._last, self._total = int(self._file.read_text()), 0

    def joules(self) -> float:
        now = int(self._file.read_text())
        self._total += (now - self._last) % self._range
        self._last = now
        return self._total / 1e6
