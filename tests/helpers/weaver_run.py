"""weaver-core's own programs: its training and prediction as a user calls them, and its loader."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from helpers.references import WEAVER, weaver_module

# What weaver-core imports and these runs do not need: compiled loops, which give the same uncompiled, and its scores.
STAND_INS = {
    "numba.py": "def njit(*args, **options):\n    return args[0] if args else lambda function: function\n",
    "sklearn/__init__.py": "",
    "sklearn/metrics.py": "def __getattr__(name):\n    return lambda *args, **options: float('nan')\n",
}


def run_weaver(folder: Path, *arguments: object, version: str = "0.5.3") -> str:
    """Call weaver's command line in a folder and return what it prints; a failure fails the test."""
    if not (WEAVER / version).is_dir():
        pytest.skip(f"weaver-core {version} is not there; `make test` installs it")
    for name, text in STAND_INS.items():
        path = folder / "stand_ins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = [str(WEAVER / version), str(folder / "stand_ins")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    program = "import sys; sys.argv[0] = 'weaver'; from weaver.train import main; main()"
    words = [sys.executable, "-c", program, *map(str, arguments), "--gpus", "", "--num-workers", "0"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def numba(monkeypatch):
    """Replace numba, with which weaver 0.5 compiles its loops; uncompiled they give the same."""
    if "numba" not in sys.modules:
        stand_in = SimpleNamespace(njit=lambda **_: lambda function: function)
        monkeypatch.setitem(sys.modules, "numba", stand_in)


def load_with_weaver(version: str, config: Path, path: Path, training: bool = False) -> dict[str, np.ndarray]:
    """Return what weaver's loader makes of a file: each input group (J, variables, length), labels and observers."""
    dataset = weaver_module(version, "weaver.utils.dataset")
    data = dataset.DataConfig(print_info=False, **yaml.safe_load(config.read_text()))
    if any(value["center"] == "auto" for value in data.preprocess_params.values()):
        data = dataset.AutoStandardizer([str(path)], data).produce()
    options = {"training": training, "mode": "train" if training else "test", "shuffle": False, "reweight": False}
    branches = data.train_load_branches if training else data.test_load_branches
    magic = {"branch_magic": data.branch_magic, "file_magic": data.file_magic}
    magic = {name: value for name, value in magic.items() if value is not None}
    table = dataset._read_files([str(path)], branches, treename=data.treename, **magic)
    out, _ = dataset._preprocess(table, data, options)
    return {name.removeprefix("_"): np.asarray(value) for name, value in out.items()}
