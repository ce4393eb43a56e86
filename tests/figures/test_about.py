"""Every kind of chart has an explanation, which is short and whole."""

import json
import re
from pathlib import Path

import pytest

from part.analysis.stored_results import loads
from part.figures.about import MAX_WORDS, TEXTS, explain
from part.figures.studies import study_charts

STORED = sorted((Path(__file__).parents[2] / "app" / "precomputed").glob("*/*.json"))
MODELS = ("part-full", "part-top", "pfn-full")


@pytest.mark.parametrize("kind", TEXTS)
def test_an_explanation_is_short_and_whole(kind):
    text, paper = TEXTS[kind]
    assert len(explain(kind).split()) <= MAX_WORDS
    assert re.match(r"[A-Z0-9½|]|exp\(", text)
    assert text.endswith(".")
    assert "  " not in text
    assert re.fullmatch(r"(arXiv:\d{4}\.\d{4,5})?", paper)


def test_what_is_not_known_is_not_explained():
    assert explain("") == ""
    with pytest.raises(KeyError):
        explain("a kind that does not exist")


@pytest.mark.parametrize(
    "path",
    [path for path in STORED if path.parent.name in MODELS and path.stem not in ("comparison", "heads")],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_every_chart_of_a_study_is_explained_and_says_something_whole(path):
    charts = study_charts(path.stem, loads(json.loads(path.read_text())["result"]))
    assert charts
    assert {chart.about for chart in charts.values()} <= set(TEXTS)
    for chart in charts.values():
        assert re.fullmatch(r"([A-Z|].*[^ ]\.)?", chart.sentence), chart.sentence
        assert not re.search(r"\b(nan|inf|None)\b", chart.sentence)
        assert "  " not in chart.sentence
