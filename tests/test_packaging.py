"""The wheel alone, away from the checkout: it reads jets, loads part-full, predicts and traces."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = """
import sys
import part
assert "site-packages" in part.__file__, part.__file__
jets = part.read_jets(sys.argv[1], stop=3)
tagger = part.load_model("part-full", device="cpu")
assert tagger.predict(jets).shape == (3, 10)
print(tagger.backend)
assert part.load_model("part-flash", device="cpu").trace(jets).jet(0).pattern.shape[:2] == (8, 8)
print(part.__version__, len(tagger.card))
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """An environment that holds the wheel alone; its dependencies are those of the tests, without the checkout."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    command = [sys.executable, "-m", "pip", "--python", str(folder), "install", "-q", "--no-deps", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def run(environment: Path, *command: str) -> subprocess.CompletedProcess:
    # Packages come along, but not the editable install: `.pth` files count in an environment's own folder only.
    variables = os.environ | {"PYTHONPATH": sysconfig.get_path("purelib")}
    return subprocess.run(command, cwd=environment, env=variables, capture_output=True, text=True)


def test_the_wheel_predicts_and_traces_away_from_the_checkout(environment):
    jets = str(ROOT / "data_samples" / "jetclass_like.root")
    result = run(environment, str(environment / "bin" / "python"), "-c", SCRIPT, jets)
    assert result.returncode == 0, result.stderr
    backend, version, entries = result.stdout.split()
    assert version == "0.2.0"
    assert backend == ("fused" if shutil.which("g++") is None else "native")
    assert int(entries) > 3


def test_the_console_script_is_the_command_line(environment):
    result = run(environment, str(environment / "bin" / "partscope"), "models")
    assert result.returncode == 0, result.stderr
    assert "part-full" in result.stdout
    assert "part-kin" not in result.stdout


def test_the_wheel_holds_the_library_and_one_model_with_its_dictionary(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"part", "partscope-0.2.0.dist-info"}
    weights = {name.removeprefix("part/bundled/") for name in names if name.endswith(".safetensors")}
    assert weights == {"part-full.safetensors", "dictionaries/part-full-layer6.safetensors"}
    assert {"part/py.typed", "part/models/backends/native/forward.cpp"} <= set(names)
    assert {"part/figures/canvas/display.js", "part/export/interactive/page.html"} <= set(names)


def test_a_model_that_is_not_in_the_wheel_is_refused_by_name(environment):
    jets = str(ROOT / "data_samples" / "jetclass_like.root")
    command = ("predict", "--model", "part-kin", "--jets", jets, "--out", "scores.csv")
    result = run(environment, str(environment / "bin" / "partscope"), *command)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "part-kin" in result.stderr
    assert "part-full" in result.stderr
