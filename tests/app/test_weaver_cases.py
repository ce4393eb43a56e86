"""Explore shows weaver-core's own probabilities for whole trainings and their files."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import sentences, state_of, texts
from helpers.references import saved_tolerance, shared

pytestmark = pytest.mark.filterwarnings("ignore:Left out")
CASES = ("edge_conv_streams", "flavour", "lepton_collider", "many_classes", "two_streams")


@pytest.fixture(params=CASES)
def case(request, tmp_path, monkeypatch) -> Path:
    """A folder of models with one training, and beside it its jets."""
    folder = shared(f"cases/weaver/{request.param}")
    models, jets = tmp_path / "models" / request.param, tmp_path / "data"
    shutil.copytree(folder, models, ignore=shutil.ignore_patterns("jets.*", "expected.npz"))
    jets.mkdir()
    for path in folder.glob("jets.*"):
        shutil.copy(path, jets / f"case{path.suffix}")
    monkeypatch.setenv("PARTSCOPE_CHECKPOINTS", str(tmp_path / "models"))
    monkeypatch.setenv("PARTSCOPE_DATA", str(jets))
    return folder


@pytest.mark.parametrize("position", [0, -1])
def test_explore_shows_the_probabilities_of_weaver_core(case, visit, position):
    expected = np.load(case / "expected.npz")
    entry, probabilities = int(expected["entries"][position]), expected["probabilities"][position]
    (name,) = (path.name for path in case.glob("jets.*"))
    app = visit(file=name.replace("jets", "case"), model=case.name, jet=str(entry))
    assert sentences(app) == []
    assert state_of(app).jet == entry
    bars = texts(app).split('<div class="bars"')[1]
    shown = [float(text.split("</em>")[0]) for text in bars.split("<em>")[1:]]
    strongest = np.sort(probabilities)[::-1][: len(shown) - 1]
    np.testing.assert_allclose(np.sort(shown)[::-1][: len(strongest)], strongest, atol=saved_tolerance(6e-4, 0.02))
