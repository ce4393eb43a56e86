"""The machine that a time was measured on; without it, a time cannot be compared."""

import os
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from part.errors import PartError

# The processor flags that decide how fast it multiplies matrices.
ARITHMETIC = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8", "asimd", "sve", "bf16")


@dataclass(frozen=True)
class Machine:
    """A machine's hardware and the software that runs models on it.

    Attributes
    ----------
    cpu : str
        The processor's name.
    cores : int
        The cores that this process may use.
    arithmetic : tuple of str
        The vector units the processor has, of those in `ARITHMETIC`.
    memory : int
        Bytes of main memory.
    gpu : str or None
        The GPU's name, None without one.
    gpu_memory : int
        Bytes of the GPU's memory.
    system, python : str
        Operating system and version of Python.
    torch : str
        Version of torch, with that of CUDA if it is used.
    compiler : str or None
        The compiler of the native backend, None without one.
    """

    cpu: str
    cores: int
    arithmetic: tuple[str, ...]
    memory: int
    gpu: str | None
    gpu_memory: int
    system: str
    python: str
    torch: str
    compiler: str | None

    def __str__(self) -> str:
        units = f" ({', '.join(self.arithmetic)})" if self.arithmetic else ""
        cores = f"{self.cores} core{'s' if self.cores > 1 else ''}"
        words = [f"{self.cpu}, {cores}{units}", f"{self.memory / 2**30:.0f} GiB"]
        if self.gpu:
            words.append(f"{self.gpu}, {self.gpu_memory / 2**30:.0f} GiB")
        return " · ".join((*words, f"torch {self.torch}", f"Python {self.python}", self.system))

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> "Machine":
        """Invert `to_dict`. Raise PartError for anything else."""
        names = [field.name for field in fields(cls)]
        if not isinstance(values, dict) or set(values) != set(names):
            raise PartError(f"The description of a machine should have {', '.join(names)}.")
        arguments: dict[str, Any] = {**values, "arithmetic": tuple(values["arithmetic"])}
        return cls(**arguments)


def describe_machine() -> Machine:
    """Describe the machine that this process runs on."""
    has_gpu = torch.cuda.is_available()
    properties = torch.cuda.get_device_properties(0) if has_gpu else None
    info = _cpuinfo()
    return Machine(
        info.get("model name", platform.processor() or platform.machine()),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        tuple(unit for unit in ARITHMETIC if unit in info.get("flags", info.get("Features", "")).split()),
        _memory(),
        properties.name if properties else None,
        properties.total_memory if properties else 0,
        f"{platform.system()} {platform.machine()}",
        platform.python_version(),
        torch.__version__ + (f" CUDA {torch.version.cuda}" if has_gpu else ""),
        _compiler(),
    )


def _cpuinfo() -> dict[str, str]:
    """Return what Linux reports on the first processor; an empty dict on other systems."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def _compiler() -> str | None:
    path = shutil.which(os.environ.get("CXX", "g++"))
    if path is None:
        return None
    output = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return output.splitlines()[0] if output else None


def torch_threads() -> int:
    """Return how many threads torch uses on the CPU."""
    return torch.get_num_threads()
