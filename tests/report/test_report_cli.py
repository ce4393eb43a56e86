"""python -m part report: pages of models of any kind, with the numbers of the studies alone."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from helpers.jets import write_jets, write_model
from helpers.references import shared

import part
from part.__main__ import main
from part.analysis.intervention.lens import LensStudy
from part.analysis.study import study_files
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.streaming import entry_ranges
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig
from part.progress import Cancelled
from part.report import plan
from part.report.measure import measure

COUNTS = [5, 9, 3, 12, 4, 8, 6, 7, 5, 9, 6, 4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_jets(folder / "jets.root", COUNTS)
    write_jets(folder / "bare.root", COUNTS, momenta_only=True)
    write_model(folder / "alpha.safetensors", embed=(16,), pair_embed=(8,), heads=2, layers=2, class_layers=1)
    write_model(folder / "kin.safetensors", 1, "kin", embed=(16,), pair_embed=(8,), heads=2, layers=1, class_layers=1)
    save_checkpoint(folder / "pfn.safetensors", build(PFNConfig(phi=(8,), f=(8,))), FULL, JETCLASS, {})
    return folder


def report(folder, out, *more: str, model: str = "alpha", jets: str = "jets.root") -> int:
    words = ["report", "--model", str(folder / f"{model}.safetensors"), "--jets", str(folder / jets)]
    return main([*words, "--out", str(out), *more])


@pytest.fixture
def only(monkeypatch):
    """Let reports make only some of the studies, and few jets of them, which saves time."""

    def choose(*names: str) -> None:
        steps = tuple(replace(step, jets=6) for step in plan.STEPS if step.name in names)
        monkeypatch.setattr(plan, "STEPS", steps)
        monkeypatch.setattr(plan, "BATCHES", (1, 2))

    return choose


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("written") / "out"
    assert report(folder, out) == 0
    return out


def test_a_folder_has_the_page_the_numbers_and_the_figures(written):
    assert {path.name for path in written.iterdir()} == {"report.html", "numbers.json", "tables", "figures"}
    figures = {path.name for path in (written / "figures").iterdir()}
    assert {"roc.pdf", "roc.svg", "importance_accuracy.pdf", "jet1_mosaic.svg"} <= figures
    assert len(figures) == 2 * (written / "report.html").read_text().count("<img ")


def test_the_numbers_are_those_of_the_study_alone(folder, written):
    tagger = part.load_model(folder / "alpha.safetensors")
    ranges = entry_ranges([str(folder / "jets.root")], features=[tagger.features])
    content = json.loads((written / "numbers.json").read_text())
    assert content["studies"]["lens"]["rows"] == study_files(LensStudy(), tagger, ranges).rows()
    assert content["studies"]["lens"]["study"] == "LensStudy()"
    assert content["quality"]["jets"] == len(COUNTS)
    assert content["sha256 of weights"] == tagger.sha256
    assert len(content["speed"]["rows"]) == len(plan.BATCHES)


def test_the_page_says_all_of_it(written):
    page = (written / "report.html").read_text()
    titles = re.findall(r"<h2>([^<]*)</h2>", page)
    assert titles == [
        "The model",
        "The jets",
        "Performance",
        "Where its heads look",
        "Interaction bias against q·k",
        "What matters",
        "Attribution, and how faithful it is",
        "Three jets in full",
        "Costs",
        "Appendix",
    ]
    assert page.count('href="#') == len(titles)
    assert "http" not in page.replace("http-equiv", "")  # not even the names of namespaces outside of pictures
    assert "python -m part report --model" in page
    assert "Attention on true prongs" in page  # what is left out


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_without_requests_and_errors(browser, written, scheme):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    requests, problems = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    path = written / "report.html"
    page.goto(path.as_uri())
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (shade == "rgb(255, 255, 255)") == (scheme == "light")
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert problems == []
    page.close()


def test_a_pdf_has_pages(folder, tmp_path, only):
    only("importance", "lens")
    assert report(folder, tmp_path / "a.pdf", "--stop", "6") == 0
    content = (tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) >= 4
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


def test_a_model_without_attention_has_the_sections_that_fit(folder, tmp_path, capsys, only):
    only("sparsity", "attribution")
    assert report(folder, tmp_path / "a.html", model="pfn") == 0
    page = (tmp_path / "a.html").read_text()
    titles = re.findall(r"<h2>([^<]*)</h2>", page)
    assert "Where its heads look" not in titles
    assert {"Performance", "Attribution, and how faithful it is", "Three jets in full"} <= set(titles)
    assert "a PFN has no attention between particles" in page
    assert "The report is" in capsys.readouterr().out


def test_jets_without_labels_have_no_performance(folder, tmp_path, only):
    only("importance")
    assert report(folder, tmp_path / "a.html", model="kin", jets="bare.root") == 0
    page = (tmp_path / "a.html").read_text()
    assert "<h2>Performance</h2>" not in page
    assert "The jets have no labels of JetClass." in page
    assert "<h2>Jets in full</h2>" in page
    assert "Divergence from the unchanged prediction" in page


def test_bad_input_is_refused_before_the_work(folder, tmp_path, capsys):
    (tmp_path / "there.html").write_text("mine")
    for out, sentence in (
        ("there.html", "there.html exists; use --force"),
        ("report.docx", "should end in .html or .pdf, or be a folder"),
    ):
        assert report(folder, tmp_path / out, jets="absent.root") == 2
        assert sentence in capsys.readouterr().err
    assert (tmp_path / "there.html").read_text() == "mine"
    assert report(folder, tmp_path / "x.html", "--background", "nothing") == 2
    assert "nothing" in capsys.readouterr().err
    assert report(folder, tmp_path / "x.html", model="alpha", jets="bare.root") == 2
    assert not (tmp_path / "x.html").exists()


def test_the_work_can_be_cancelled(folder):
    tagger = part.load_model(folder / "alpha.safetensors")
    ranges = entry_ranges([str(folder / "jets.root")], features=[tagger.features])
    stages = []

    def cancel(stage: str, done: int, total: int) -> None:
        stages.append(stage)
        if stage == plan.STEPS[1].title:
            raise Cancelled

    with pytest.raises(Cancelled):
        measure(tagger, plan.Request("alpha", ("jets.root",)), ranges, cancel)
    assert set(stages) == set(plan.STAGES[:3])


@pytest.mark.witness
@pytest.mark.slow
def test_a_training_of_two_collections_names_its_classes(tmp_path, only):
    only("sparsity")
    training = tmp_path / "mine"
    shutil.copytree(shared("cases/weaver/two_streams"), training)
    (training / "expected.npz").unlink()
    jets = (training / "jets.root").rename(tmp_path / "jets.root")
    out = tmp_path / "out"
    assert main(["report", "--model", str(training), "--jets", str(jets), "--stop", "12", "--out", str(out)]) == 0
    page = (out / "report.html").read_text()
    assert "Interpretation of mine" in page
    assert "Attention from pf to sv" in page
    content = json.loads((out / "numbers.json").read_text())
    assert any(name.endswith("data.yaml") for name in content)
