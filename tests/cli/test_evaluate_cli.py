"""python -m part evaluate: the published numbers, by one process or several."""

import json
import re

import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.analysis.statistics.binomial import wilson
from part.analysis.statistics.bootstrap import interval, replicas
from part.analysis.statistics.calibration import reliability
from part.analysis.statistics.metrics import auc, measure, per_class, rejection, rejection_counts
from part.jets.datasets import JETCLASS, TOPLANDSCAPE

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    for i in range(3):
        write_jets(folder / f"{i}.root", [8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 3, seed=i)
    write_jets(folder / "bare.root", [5, 6], momenta_only=True)
    write_model(folder / "toy.safetensors", **SMALL)
    return folder


def words(folder, *more):
    return [
        "evaluate",
        "--model",
        str(folder / "toy.safetensors"),
        "--jets",
        str(folder / "[0-9].root"),
        *map(str, more),
    ]


def test_the_numbers_are_the_librarys(folder, tmp_path, capsys):
    assert main(words(folder, "--out", tmp_path / "a.json")) == 0
    content, printed = json.loads((tmp_path / "a.json").read_text()), capsys.readouterr().out
    tagger = part.load_model(folder / "toy.safetensors")
    jets = [part.read_jets(folder / f"{i}.root") for i in range(3)]
    probabilities = np.concatenate([tagger.predict(chunk) for chunk in jets])
    truth = np.tile(np.arange(10), 9)
    classes = content.pop("classes")
    assert content.pop("calibration_error") == pytest.approx(reliability(probabilities, truth).expected_error, abs=1e-5)
    drawn = replicas(probabilities[None], truth, JETCLASS, 200)
    for name, (low, high) in content.pop("intervals").items():
        ends = interval(drawn[name][0]) if name != "accuracy" else wilson(round(content[name] * 90), 90)
        assert (low, high) == tuple(pytest.approx(e, abs=0.06) if np.isfinite(e) else None for e in ends), name
        assert content[name] is None or low <= content[name]
    counts = content.pop("background_counts")
    assert content == measure(probabilities, truth, JETCLASS)
    assert counts == rejection_counts(probabilities, truth, JETCLASS)
    for name, count in counts.items():
        assert count["background"] == 9
        assert content[name] == (round(9 / count["passing"], 1) if count["passing"] else None)
        assert ("above" in count) == (count["passing"] == 0)
    assert classes == per_class(probabilities, truth, JETCLASS)
    assert re.search(rf"accuracy +{content['accuracy']}  95 %: 0\.\d+ to 0\.\d+\n", printed)
    assert printed.count("\nTbl ") == 1


def test_some_entries_of_all_files_are_evaluated(folder, tmp_path):
    assert main(words(folder, "--start", 10, "--stop", 40, "--out", tmp_path / "some.json")) == 0
    assert json.loads((tmp_path / "some.json").read_text())["jets"] == 30


@pytest.mark.slow
def test_bad_input_ends_with_one_sentence(folder, tmp_path, capsys):
    (tmp_path / "there.json").write_text("{}")
    for more, sentence in (
        (["--out", str(tmp_path / "there.json")], "use --force"),
        (["--replicas", "1"], "--replicas is 1; expected 0 for no intervals"),
        (["--card", "config"], "cannot hold results under 'config'"),
        (["--card", "a/b"], "cannot hold results under 'a/b'"),
        (["--jets", str(folder / "bare.root")], "bare.root has no labels of JetClass"),
    ):
        assert main([*words(folder), *more]) == 2
        assert sentence in capsys.readouterr().err
    assert (tmp_path / "there.json").read_text() == "{}"


def test_a_card_keeps_results_by_name(folder, tmp_path):
    model = write_model(tmp_path / "toy.safetensors", **SMALL)
    jets = str(folder / "0.root")
    for more in ([], ["real"]):
        given = ["evaluate", "--model", str(model), "--jets", jets, "--replicas", "0", "--card", *more]
        assert main(given) == 0
    card = part.load_model(model).card
    assert card["held_out"] == card["real"]
    assert card["real"]["files"] == ["0.root"]
    assert card["real"]["intervals"] == {}
    assert {count["background"] for count in card["real"]["background_counts"].values()} == {3}
    assert main(["convert", str(model), str(tmp_path / "half.safetensors"), "--half", "--note", "A toy."]) == 0
    content = json.loads((tmp_path / "half.json").read_text())
    assert content["note"] == "A toy."
    assert not {"held_out", "real"} & content.keys()


def test_each_class_has_its_own_numbers():
    labels = np.array([0, 0, 0, 1, 1, 2])
    probabilities = np.array(
        [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.7, 0.1, 0.2]]
    )
    quality = per_class(np.pad(probabilities, ((0, 0), (0, 7))), labels, JETCLASS)
    assert list(quality) == ["QCD", "Hbb", "Hcc"]
    assert quality["QCD"] == {
        "jets": 3,
        "efficiency": 0.66667,
        "efficiency_interval": [0.20766, 0.93851],
        "purity": 0.5,
        "purity_interval": [0.15004, 0.84996],
        "auc": round(auc(probabilities[:, 0], labels == 0), 5),
    }
    assert (quality["Hcc"]["efficiency"], quality["Hcc"]["efficiency_interval"]) == (0.0, [0.0, 0.79345])
    assert (quality["Hcc"]["purity"], quality["Hcc"]["purity_interval"], quality["Hcc"]["auc"]) == (None, None, 1.0)


def test_datasets_with_one_signal_have_the_rejections_of_their_papers():
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 500)
    score = rng.random(1000) + 0.2 * (labels == 0)
    probabilities = np.stack((score, 1.2 - score), 1) / 1.2
    quality = measure(probabilities, labels, TOPLANDSCAPE)
    assert quality["rejection_Top_30%"] == round(rejection(probabilities, labels, 0, 1, 0.3), 1)
    assert quality["rejection_Top_50%"] == round(rejection(probabilities, labels, 0, 1, 0.5), 1)


def test_an_interruption_ends_with_one_sentence_and_no_file(folder, tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("part.cli.evaluate._score", interrupt)
    assert main(words(folder, "--out", tmp_path / "a.json")) == 130
    assert capsys.readouterr().err == "Interrupted; no file was left incomplete.\n"
    assert not (tmp_path / "a.json").exists()
