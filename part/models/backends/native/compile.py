"""Compile the C++ sources with g++, once for each machine, and keep the libraries among the user's caches."""

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
def load_library(name: str) -> ctypes.CDLL:
    """Return the library of `name`.cpp, compiling it unless the cache holds it already.

    The cache is `$XDG_CACHE_HOME/partscope` (by default `~/.cache/partscope`). A library's file name carries a hash of
    the sources, flags, compiler and processor, so a change in any of them compiles anew.

    Parameters
    ----------
    name : str
        "forward" for inference or "gradients" for training.

    Raises
    ------
    PartError
        If there is no compiler, or it fails; the first line that it printed is quoted.
    """
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        raise PartError("The native backend is compiled on first use and needs g++, which is not here; use another.")
    sources = [source.read_text() for source in [*sorted(FOLDER.glob("*.h")), FOLDER / f"{name}.cpp"]]
    hashed = "\n".join((*sources, *FLAGS, compiler, platform.processor(), _cpu_description()))
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "partscope"
    path = folder / f"native-{name}-{hashlib.sha256(hashed.encode()).hexdigest()[:16]}.so"
    if not path.exists():
        with atomic_write(path) as partial:
            command = [compiler, *FLAGS, FOLDER / f"{name}.cpp", "-o", partial]
            process = subprocess.run(command, capture_output=True, text=True)
            if process.returncode:
                raise PartError(f"The native backend could not be compiled: {process.stderr.strip().splitlines()[0]}.")
    return ctypes.CDLL(str(path))


def _cpu_description() -> str:
    """Return what identifies the processor, since machines of different kinds may share one home directory."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))
