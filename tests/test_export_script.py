"""The script beside an exported figure, run as a user would run it."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.export import file_sha256, make, origin, render
from part.figures.view import View


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("script")
    write_jets(folder / "jets.root", [20, 9])
    write_model(folder / "toy.safetensors", embed=(24,), pair_embed=(8,), heads=3, layers=2, class_layers=1)
    return folder


@pytest.fixture(scope="module")
def figure(folder):
    """A figure of jet 1 by view, from files named relative to their folder."""
    tagger = part.load_model(folder / "toy.safetensors", device="cpu")

    def of_view(view):
        source = origin(tagger, "toy.safetensors", "jets.root", 1, view, file_sha256(folder / "jets.root"))
        return make(tagger, part.read_jets(folder / "jets.root", 1, 2), source)

    return of_view


@pytest.mark.slow
@pytest.mark.parametrize(
    "view",
    [
        View("matrix", "scores_qk", layer=1, head=2, order="species", query=3),
        View("display", layer=1, head=1, edges=7),
    ],
)
def test_the_script_reproduces_the_figure(figure, folder, tmp_path, view):
    """The script runs as a user would run it, in the folder of the files."""
    export = figure(view)
    (tmp_path / "reproduce.py").write_bytes(render(export, "py"))
    for name in ("jets.root", "toy.safetensors", "toy.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    done = run_script(tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "reproduced" / export.stem
    reproduced, before = np.load(path.with_suffix(".npz")), np.load(io.BytesIO(render(export, "npz")))
    assert reproduced.keys() == before.keys()
    for name in before:
        assert reproduced[name].tobytes() == before[name].tobytes(), name
    assert path.with_suffix(".png").read_bytes() == render(export, "png")


@pytest.mark.slow
def test_the_script_refuses_other_jets(figure, folder, tmp_path):
    (tmp_path / "reproduce.py").write_bytes(render(figure(View("prediction")), "py"))
    for name in ("toy.safetensors", "toy.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    write_jets(tmp_path / "jets.root", [20, 9], seed=1)
    done = run_script(tmp_path)
    assert done.returncode != 0
    assert "jets.root is not the file this figure was made from" in done.stderr
    assert not (tmp_path / "reproduced").exists()


@pytest.mark.slow
def test_the_script_says_what_it_lacks_and_takes_another_place(figure, folder, tmp_path):
    (tmp_path / "reproduce.py").write_bytes(render(figure(View("prediction")), "py"))
    done = run_script(tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("There is no toy.safetensors here; say where it is with --model.")
    done = run_script(tmp_path, "--model", str(folder / "toy.safetensors"))
    assert done.stderr.startswith("There is no jets.root here; say where it is with --jets.")
    assert "Traceback" not in done.stderr
    done = run_script(tmp_path, "--model", str(folder / "toy.safetensors"), "--jets", str(folder / "jets.root"))
    assert done.returncode == 0, done.stderr
    alone = subprocess.run([sys.executable, "-S", "reproduce.py"], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert "this script needs ParTScope" in alone.stderr


def run_script(folder: Path, *options: str) -> subprocess.CompletedProcess:
    root = str(Path(part.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "reproduce.py", "reproduced", *options],
        cwd=folder,
        env={"PYTHONPATH": root, "PATH": "", "HOME": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
