"""What traces, results and models show in a notebook: safe HTML with everything in it."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis.intervention.lens import LensStudy
from part.analysis.sparsity.study import SparsityStudy
from part.analysis.study import study_jets
from part.figures.matplotlib.thumbnail import MAX_TILE, heads_png
from part.notebook.results import STUDIES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    write_jets(folder / "jets.root", [5, 9, 3, 7])
    path = folder / "<i>toy.safetensors"
    write_model(path, embed=(16,), pair_embed=(8,), heads=2, layers=2, class_layers=1)
    return part.load_model(path), part.read_jets(folder / "jets.root")


def check(text: str, most: int) -> None:
    assert len(text) < most
    assert "<script" not in text
    assert all(url.startswith("data:image/") for url in re.findall(r'src="([^"]*)"', text))
    assert "http" not in text


def test_a_model_says_what_it_is_and_is_escaped(toys):
    text = toys[0]._repr_html_()
    check(text, 10_000)
    assert "&lt;i&gt;toy" in text
    assert "<i>toy" not in text
    assert "ParT, 2 blocks of 2 heads" in text
    assert "H→bb" in text


def test_a_trace_of_one_jet_has_its_prediction_and_a_picture(toys):
    tagger, jets = toys
    trace = tagger.trace(jets)
    several, one = trace._repr_html_(), trace.jet(1)._repr_html_()
    check(several, 10_000)
    check(one, 60_000)
    assert "<img" not in several
    assert "4 × 2 × 2 × 9 × 9" in several
    best = int(trace.probabilities[1].argmax())
    assert f"Most probable: class {best} with {trace.probabilities[1].max():.3f}" in one
    assert 'src="data:image/png;base64,' in one


def test_a_trace_without_attention_has_no_picture(toys):
    tagger, jets = toys
    trace = replace(tagger.trace(jets).jet(0), pattern=None)
    assert "<img" not in trace._repr_html_()


@pytest.mark.parametrize("study", [LensStudy(), SparsityStudy(untrained=False)])
def test_a_result_has_a_chart_and_the_first_rows(toys, study):
    result = study_jets(study, *toys)
    text = result._repr_html_()
    check(text, 300_000)
    assert 'src="data:image/svg+xml;base64,' in text
    first = next(value for value in result.rows()[0].values() if isinstance(value, float))
    assert f"{first:.4g}" in text


def test_every_result_of_a_study_has_its_charts():
    shown = set()
    for path in (ROOT / "part" / "analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(getattr(b, "id", "") == "ShownInNotebooks" for b in node.bases):
                shown.add(node.name)
    assert shown == set(STUDIES)
    for name in STUDIES.values():
        assert (ROOT / "part" / "figures" / "studies" / f"{name}.py").is_file()


def test_pixels_are_those_of_the_strongest_weights():
    pattern = np.zeros((1, 2, 3 * MAX_TILE, 3 * MAX_TILE), np.float32)
    pattern[0, 1, -1, -1] = 1.0
    content, width = heads_png(pattern)
    assert content.startswith(b"\x89PNG")
    assert width == 2 * MAX_TILE + 2
