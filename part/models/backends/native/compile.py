"""Code for the CPU, compiled once for each machine by g++, where there is one, and kept among the user's caches."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

from part.errors import PartError
from part.io import atomic_write

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-shared", "-fPIC", "-std=c++17")


@cache
def compiled(name: str) -> ctypes.CDLL:
    """The code of name.cpp. Raises PartError where there is no compiler, or it fails."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        raise PartError("The native backend is compiled on first use and needs g++, which is not here; use another.")
    sources = [source.read_text() for source in [*sorted(FOLDER.glob("*.h")), FOLDER / f"{name}.cpp"]]
    known = "\n".join((*sources, *FLAGS, compiler, platform.processor(), _cpu()))
    path = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "partscope"
    path = path / f"native-{name}-{hashlib.sha256(known.encode()).hexdigest()[:16]}.so"
    if not path.exists():
        with atomic_write(path) as partial:
            command = [compiler, *FLAGS, FOLDER / f"{name}.cpp", "-o", partial]
            made = subprocess.run(command, capture_output=True, text=True)
            if made.returncode:
                raise PartError(f"The native backend could not be compiled: {made.stderr.strip().splitlines()[0]}.")
    return ctypes.CDLL(str(path))


def _cpu() -> str:
    """What tells this processor apart, so that a home shared by machines holds code for each."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))
