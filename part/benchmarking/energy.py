"""Energy counters of the hardware: a GPU's own counter, or that of the processor's packages (RAPL)."""

import contextlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import torch

from part.errors import PartError

PACKAGES = Path("/sys/class/powercap")


class EnergyMeter:
    """A meter of the joules that a device uses between two readings.

    Parameters
    ----------
    device : torch.device
        A GPU has its own counter; for the CPU the packages of all processors count.
    packages : Path
        The folder of Linux's power capping interface.
    """

    def __init__(self, device: torch.device, packages: Path = PACKAGES):
        self._read = _gpu_counter(device) if device.type == "cuda" else _package_counters(packages)

    @property
    def is_available(self) -> bool:
        return self._read is not None

    def joules(self) -> float:
        """Return the joules since some moment in the past. Raise PartError without a counter."""
        if self._read is None:
            raise PartError("Nothing here counts energy.")
        return self._read()


def _gpu_counter(device: torch.device) -> Callable[[], float] | None:
    try:
        pynvml = import_module("pynvml")
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(device.index or 0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # a missing library, driver or counter each raises an error of its own
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3


def _package_counters(folder: Path) -> Callable[[], float] | None:
    """Return the sum over packages, whose names hold one number; intel-rapl:0 contains its domain intel-rapl:0:1."""
    packages = [path for path in sorted(folder.glob("*-rapl:*")) if path.name.count(":") == 1]
    counters = [_PackageCounter(path) for path in packages if _is_readable(path / "energy_uj")]
    return (lambda: sum(counter.joules() for counter in counters)) if counters else None


def _is_readable(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text()) >= 0
    return False


class _PackageCounter:
    """The counter of one package, which restarts from 0 at the end of its range."""

    def __init__(self, folder: Path):
        self._file = folder / "energy_uj"
        self._range = int((folder / "max_energy_range_uj").read_text())
        self._last, self._total = int(self._file.read_text()), 0

    def joules(self) -> float:
        now = int(self._file.read_text())
        self._total += (now - self._last) % self._range
        self._last = now
        return self._total / 1e6
