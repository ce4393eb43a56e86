"""References outside the project: two versions of weaver-core, official weights, real jets. Absent ones skip a test."""

import importlib
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
WEAVER = ROOT / ".venv" / "witness"  # `make test` installs each version into a folder of its own


def weaver_module(version: str, name: str = "weaver.nn.model.ParticleTransformer") -> ModuleType:
    """Import a module of weaver-core in a version. Two versions can be loaded side by side."""
    folder = WEAVER / version
    if not folder.is_dir():
        pytest.skip(f"weaver-core {version} is not in {folder.relative_to(ROOT)}; `make test` puts it there")
    loaded = {key: sys.modules.pop(key) for key in list(sys.modules) if key.split(".")[0] == "weaver"}
    sys.path.insert(0, str(folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the functions of torch that it uses
            return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for key in [key for key in sys.modules if key.split(".")[0] == "weaver"]:
            del sys.modules[key]
        sys.modules.update(loaded)


def shared(relative: str) -> Path:
    """Return a file beside the project that is not part of it."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"../shared/{relative} is not there")
    return path


def saved_tolerance(same: float, other: float) -> float:
    """Return how far a number may be from what weaver-core gave when its answers were saved.

    That was on a processor with AVX-512, where numpy computes cos and sinh by other code: its float32 momenta differ by
    their last bit from those of other processors, E² - p² of light constituents cancels to a few such bits, and the
    probabilities of these trainings move by percents. (So do they, by as much, from float32 to float64.)

    Parameters
    ----------
    same, other : float
        The tolerance on such a processor, and elsewhere.
    """
    try:
        return same if "avx512f" in Path("/proc/cpuinfo").read_text().split() else other
    except OSError:
        return other
