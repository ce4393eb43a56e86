"""python -m part compare and predict: the numbers are those of the library, whatever the files and chunks."""

import csv
import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.analysis.statistics.divergence import attention_change, jensen_shannon
from part.analysis.statistics.metrics import measure
from part.benchmarking.cost import Cost
from part.comparison.result import build_comparison
from part.comparison.summary import summary
from part.comparison.text import text_table
from part.jets.datasets import JETCLASS, TOPLANDSCAPE
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig
from part.models.pfn import PFNConfig

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}
COUNTS = ([8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 3, [14, 3, 22] * 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    for i, counts in enumerate(COUNTS):
        write_jets(folder / f"{i}.root", counts, seed=i)
    write_jets(folder / "bare.root", [5, 6], momenta_only=True)
    for seed, name in enumerate(("alpha", "beta")):
        write_model(folder / f"{name}.safetensors", seed, **SMALL)
    write_model(folder / "deep.safetensors", 2, **SMALL | {"layers": 3})
    write_model(folder / "kin.safetensors", 3, "kin", **SMALL)
    features = part.load_model(folder / "alpha.safetensors").features
    save_checkpoint(folder / "pfn.safetensors", build(PFNConfig()), features, JETCLASS, {})
    top = build(ParTConfig(**SMALL | {"classes": 2}))
    save_checkpoint(folder / "top.safetensors", top, features, TOPLANDSCAPE, {})
    return folder


@pytest.fixture(autouse=True, scope="module")
def small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("part.jets.streaming.CHUNK", 7)
        yield


def command(folder, out, models: list[str], jets: list[str], *more: str) -> list[str]:
    names = [str(folder / f"{name}.safetensors") for name in models]
    return ["compare", "--models", *names, "--jets", *(str(folder / j) for j in jets), "--out", str(out), *more]


@pytest.fixture(scope="module")
def command_output(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    models = ["alpha", "beta", "deep", "pfn"]
    assert main(command(folder, out, models, ["0.root", "1.root"], "--attention-jets", "20", "--replicas", "30")) == 0
    return (
        out,
        json.loads((out / "summary.json").read_text()),
        [part.load_model(folder / f"{m}.safetensors") for m in models],
    )


@pytest.fixture(scope="module")
def jets(folder):
    return [part.read_jets(folder / f"{i}.root") for i in range(2)]


def test_the_summary_holds_what_the_library_measures(command_output, jets):
    _, content, taggers = command_output
    truth = np.concatenate([np.arange(30) % 10, np.arange(15) % 10])
    for tagger, row in zip(taggers, content["models"], strict=True):
        p = np.concatenate([tagger.predict(j) for j in jets])
        assert measure(p, truth, JETCLASS).items() <= row.items()
        assert row["accuracy_low"] - 1e-5 <= row["accuracy"] <= row["accuracy_high"] + 1e-5
        assert row["parameters"] == tagger.n_parameters
        assert content["sha256"][tagger.name] == tagger.sha256
        confusion = np.array(content["confusion"][tagger.name])
        assert confusion.sum(1).tolist() == np.bincount(truth).tolist()
        assert np.trace(confusion) / 45 == pytest.approx(row["accuracy"], abs=1e-5)
    assert content["models"][1]["accuracy_gain"] == pytest.approx(
        content["models"][1]["accuracy"] - content["models"][0]["accuracy"], abs=1e-5
    )


def test_the_table_has_a_row_for_each_jet(command_output, jets, folder):
    out, content, taggers = command_output
    rows = pq.read_table(out / "per_jet.parquet")
    assert rows["file"].to_pylist() == [str(folder / "0.root")] * 30 + [str(folder / "1.root")] * 15
    assert rows["entry"].to_pylist() == [*range(30), *range(15)]
    p = np.stack([np.concatenate([t.predict(j) for j in jets]) for t in taggers])
    np.testing.assert_allclose(rows["divergence"], jensen_shannon(p), atol=1e-5)
    np.testing.assert_allclose(rows["score_beta_Hcc"], p[1, :, 2], atol=1e-5)
    assert rows["class_pfn"].to_pylist() == p[3].argmax(1).tolist()
    first = content["most_different"][0]
    place = int(np.argmax(rows["divergence"]))
    assert (first["file"], first["entry"]) == (rows["file"][place].as_py(), rows["entry"][place].as_py())


def test_attention_is_compared_head_by_head_on_some_of_every_file(command_output, jets):
    _, content, taggers = command_output
    result = content["attention"][0]
    assert (result["first"], result["second"], result["jets"]) == ("alpha", "beta", 20)
    total = None
    for sample in (jets[0][:14], jets[1][:6]):
        first, second = (t.trace(sample) for t in taggers[:2])
        change = attention_change(first.pattern, second.pattern, first.mask)
        total = change if total is None else total + change
    np.testing.assert_allclose(result["jensen_shannon"], total.mean_divergence, rtol=1e-3)
    np.testing.assert_allclose(result["argmax_flip_rate"], total.flip_rate, atol=2e-3)


def test_incomparable_heads_have_a_reason(command_output):
    _, content, _ = command_output
    assert content["attention"][1]["none"].startswith("alpha has 2 × 3 heads, deep 3 × 3")
    assert (
        content["attention"][2]["none"] == "pfn has no attention to compare: a PFN has no attention between particles."
    )


def test_the_csv_has_a_row_for_each_model(command_output):
    out, content, _ = command_output
    with (out / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["alpha", "beta", "deep", "pfn"]
    assert float(rows[2]["macro_auc"]) == content["models"][2]["macro_auc"]
    assert rows[0]["accuracy_gain"] == ""


def test_a_model_and_its_copy_differ_in_nothing(folder, tmp_path, capsys):
    for end in (".safetensors", ".json"):
        (tmp_path / f"copy{end}").write_bytes((folder / f"alpha{end}").read_bytes())
    models = ["--models", str(folder / "alpha.safetensors"), str(tmp_path / "copy.safetensors")]
    assert main(["compare", *models, "--jets", str(folder / "1.root"), "--out", str(tmp_path / "out")]) == 0
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    copy = content["models"][1]
    assert (copy["agreement_with_first"], copy["logit_drift_from_first"]) == (1, 0)
    assert (copy["accuracy_gain_low"], copy["accuracy_gain_high"]) == (0, 0)
    assert np.abs(content["attention"][0]["jensen_shannon"]).max() == 0
    assert content["outcomes"][0]["only first"] == 0
    captured = capsys.readouterr()
    assert "Jets: 15 of 15" in captured.err
    assert captured.out.splitlines()[0].split() == ["alpha", "copy"]


def test_without_labels_there_is_no_quality(folder, tmp_path, capsys):
    models = ["--models", *(str(folder / f"{m}.safetensors") for m in ("kin", "kin"))]
    assert main(["compare", *models, "--jets", str(folder / "bare.root"), "--out", str(tmp_path)]) == 2
    assert "1 different models to compare; expected 2 to 4" in capsys.readouterr().err
    write_model(tmp_path / "kin2.safetensors", 4, "kin", **SMALL)
    models[2] = str(tmp_path / "kin2.safetensors")
    assert main(["compare", *models, "--jets", str(folder / "bare.root"), "--out", str(tmp_path)]) == 0
    content = json.loads((tmp_path / "summary.json").read_text())
    assert "accuracy" not in content["models"][0]
    assert "confusion" not in content
    assert "No labels" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("models", "jets", "more", "message"),
    [
        (["alpha"], ["0.root"], [], "1 different models to compare"),
        (["alpha", "top"], ["0.root"], [], "top tells the classes of TopLandscape apart, alpha those of JetClass"),
        (["alpha", "beta"], ["bare.root"], [], "part_charge"),
        (["alpha", "beta"], ["no.root"], [], "No jets at"),
        (["alpha", "beta"], ["0.root"], ["--start", "30"], "start 30 is beyond"),
        (
            ["alpha", "beta"],
            ["0.root"],
            ["--replicas", "1"],
            "--replicas is 1; expected 0 for no intervals",
        ),
        (["alpha", "beta"], ["0.root"], ["--attention-jets", "0"], "expected 1 or more"),
        (["alpha", "kin"], ["0.root", "bare.root"], [], "bare.root"),
    ],
)
def test_bad_input_ends_with_one_sentence_and_no_files(folder, tmp_path, capsys, models, jets, more, message):
    assert main(command(folder, tmp_path / "out", models, jets, *more)) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("Jets", "Models"))]
    assert message in error[-1]
    assert not list(tmp_path.glob("out/*"))


def test_results_are_overwritten_only_by_force(folder, tmp_path, capsys):
    (tmp_path / "summary.csv").write_text("mine")
    assert main(command(folder, tmp_path, ["alpha", "beta"], ["1.root"])) == 2
    assert "use --force" in capsys.readouterr().err
    assert main(command(folder, tmp_path, ["alpha", "beta"], ["1.root"], "--force", "--replicas", "0")) == 0
    assert "mine" not in (tmp_path / "summary.csv").read_text()
    assert "accuracy_low" not in (tmp_path / "summary.csv").read_text()


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_predict_takes_several_files_and_writes_by_suffix(folder, jets, tmp_path, suffix):
    out = tmp_path / f"scores.{suffix}"
    files = [str(folder / "0.root"), str(folder / "1.root")]
    model = str(folder / "alpha.safetensors")
    assert (
        main(["predict", "--model", model, "--jets", *files, "--start", "25", "--stop", "40", "--out", str(out)]) == 0
    )
    rows = (pq.read_table if suffix == "parquet" else pyarrow.csv.read_csv)(out)
    assert rows["entry"].to_pylist() == [*range(25, 30), *range(10)]
    assert rows["file"].to_pylist() == files[:1] * 5 + files[1:] * 10
    assert rows["label"].to_pylist() == [*range(5, 10), *range(10)]
    tagger = part.load_model(model)
    expected = np.concatenate((tagger.predict(jets[0][25:]), tagger.predict(jets[1][:10])))
    np.testing.assert_allclose(rows["score_Zqq"], expected[:, 6], atol=1e-5)


def test_predict_refuses_another_suffix(folder, tmp_path, capsys):
    out = tmp_path / "scores.txt"
    model, jets = str(folder / "alpha.safetensors"), str(folder / "0.root")
    assert main(["predict", "--model", model, "--jets", jets, "--out", str(out)]) == 2
    assert "should end in .parquet or .csv" in capsys.readouterr().err


def test_a_rejection_without_background_is_more_than_there_is_background():
    truth = np.repeat([0, 1], 7)
    perfect, blind = np.eye(10)[truth], np.full((14, 10), 0.1)
    cost = Cost(1, 1, 1.0, 1.0, 1)
    result = build_comparison(
        ["a", "b"], JETCLASS, np.stack((perfect, blind)), truth, [cost] * 2, [None, "no"], 1, replicas=10
    )
    (line,) = [line for line in text_table(result).splitlines() if "Hbb" in line]
    none, all_pass = line.split("%", 1)[1].split("  ")[-2:]
    assert (none.strip(), all_pass.strip()) == ("> 2.9 at 95 % (0 of 7)", "1.0 [1.0, 1.0] (7 of 7)")
    rows = summary(result)["models"]
    assert rows[0]["rejection_Hbb_50%_above"] == pytest.approx(1 / (1 - 0.05 ** (1 / 7)), rel=1e-3)
    assert (rows[1]["rejection_Hbb_50%_passing"], rows[1]["rejection_Hbb_50%_background"]) == (7, 7)
    assert "ms_a_jet_alone" not in rows[0]  # these models were not timed
    assert summary(result)["models"][0]["rejection_Hbb_50%"] is None
