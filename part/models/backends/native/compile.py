"""Compile the C++ sources with g++, once for each machine, and keep the libraries among the user's caches.

`python -m part.models.backends.native.compile` does so ahead of time.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from part.errors import PartError

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-shared", "-fPIC", "-std=c++17")
LIBRARIES = ("forward", "particlenet", "gradients")  # for inference of ParT and of ParticleNet, and for training
NO_COMPILER = "compiled code needs g++, or the compiler that $CXX names, once, which is not here"
COMPILING = "code for this processor is being compiled, once, in the background"
STALE = 600  # seconds after which a compilation is taken to have been interrupted
_compilers: list[subprocess.Popen] = []  # that this process started; nobody waits for them


def ready_libraries() -> tuple[str, ...]:
    """Return the names of the libraries that are compiled."""
    paths = {name: _library_path(name) for name in LIBRARIES}
    return tuple(name for name, path in paths.items() if path is not None and path.exists())


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
    path = _library_path(name)
    if path is None:
        raise PartError(f"The native backend cannot run: {NO_COMPILER}.")
    if not path.exists():
        _compile(name, path)
    return ctypes.CDLL(str(path))


def missing_reason(name: str) -> str | None:
    """Return why a library is not there, or None if it is; where nothing prevents it, start to compile it.

    Nobody waits: another process compiles, and goes on if this one ends.

    Parameters
    ----------
    name : str
        One of `LIBRARIES`.

    Returns
    -------
    str or None
        A clause without a full stop, such as `NO_COMPILER` or `COMPILING`.
    """
    path = _library_path(name)
    if path is None:
        return NO_COMPILER
    if path.exists():
        return None
    with suppress(OSError):
        return f"the compiler failed: {_failure(path).read_text()}"
    try:
        _start_compiling(name, path)
    except OSError as error:
        return f"compiled code cannot be kept in {path.parent}: {error.strerror}"
    return COMPILING


def _start_compiling(name: str, path: Path) -> None:
    """Start a process that compiles a library, unless there is one. Raises OSError if the cache cannot be written."""
    lock = path.with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if time.time() - lock.stat().st_mtime > STALE:
            lock.unlink()
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        return
    nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    path_here = os.pathsep.join(filter(None, (str(FOLDER.parents[3]), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", __spec__.name, name]
    environment = os.environ | {"PYTHONPATH": path_here}  # whether the package is installed or not
    _compilers.append(subprocess.Popen(command, start_new_session=True, env=environment, **nowhere))


def _compile(name: str, path: Path) -> None:
    """Compile a library. Raises PartError, with the first line that the compiler printed, if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")  # others may compile the same at this time
    command = [_compiler() or "g++", *FLAGS, FOLDER / f"{name}.cpp", "-o", partial]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        message = (process.stderr.strip() or f"exit code {process.returncode}").splitlines()[0]
        _failure(path).write_text(message)
        raise PartError(f"The native backend could not be compiled: {message}.")
    partial.replace(path)


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX", "g++"))


def _library_path(name: str) -> Path | None:
    """Return where the library of this machine is, or will be; None without a compiler."""
    compiler = _compiler()
    if compiler is None:
        return None
    hashed = "\n".join((_sources(name), *FLAGS, compiler, platform.processor(), _cpu_description()))
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "partscope"
    return folder / f"native-{name}-{hashlib.sha256(hashed.encode()).hexdigest()[:16]}.so"


def _failure(path: Path) -> Path:
    """Return the file that says why a library could not be compiled."""
    return path.with_suffix(".failed")


@cache
def _sources(name: str) -> str:
    return "\n".join(source.read_text() for source in [*sorted(FOLDER.glob("*.h")), FOLDER / f"{name}.cpp"])


@cache
def _cpu_description() -> str:
    """Return what identifies the processor, since machines of different kinds may share one home directory."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))


def main(names: list[str]) -> None:
    """Compile libraries that are not there, by default all."""
    for name in names or LIBRARIES:
        path = _library_path(name)
        if path is not None and not path.exists():
            try:
                _compile(name, path)
            finally:
                path.with_suffix(".lock").unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1:])
