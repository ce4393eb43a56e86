"""What a time was measured on. Without it a time means nothing on another machine."""

import os
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch

from part.errors import PartError

# Of all that a processor tells of itself, what decides how fast it multiplies matrices.
ARITHMETIC = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8", "asimd", "sve", "bf16")


@dataclass(frozen=True)
class Machine:
    """cpu: its name. cores: those that this process may use. arithmetic: the vector units that matter.

    memory: bytes. gpu: its name, or None; gpu_memory: bytes. torch: version, with that of CUDA if it has it.
    compiler: of the native backend, or None.
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
        parts = [f"{self.cpu}, {cores}{units}", f"{self.memory / 2**30:.0f} GiB"]
        if self.gpu:
            parts.append(f"{self.gpu}, {self.gpu_memory / 2**30:.0f} GiB")
        return " · ".join((*parts, f"torch {self.torch}", f"Python {self.python}", self.system))

    def to_dict(self) -> dict:
        return asdict(self)


def machine() -> Machine:
    """The one that this runs on."""
    there = torch.cuda.is_available()
    properties = torch.cuda.get_device_properties(0) if there else None
    told = _cpuinfo()
    return Machine(
        told.get("model name", platform.processor() or platform.machine()),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        tuple(unit for unit in ARITHMETIC if unit in told.get("flags", told.get("Features", "")).split()),
        _memory(),
        properties.name if properties else None,
        properties.total_memory if properties else 0,
        f"{platform.system()} {platform.machine()}",
        platform.python_version(),
        torch.__version__ + (f" CUDA {torch.version.cuda}" if there else ""),
        _compiler(),
    )


def machine_from_dict(values: dict) -> Machine:
    """The inverse of `to_dict`. Raises PartError for anything else."""
    if not isinstance(values, dict) or set(values) != {field.name for field in fields(Machine)}:
        raise PartError("The description of a machine should have " + ", ".join(f.name for f in fields(Machine)) + ".")
    return Machine(**values | {"arithmetic": tuple(values["arithmetic"])})


def _cpuinfo() -> dict[str, str]:
    """Of the first processor; on Linux alone."""
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
    told = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return told.splitlines()[0] if told else None
