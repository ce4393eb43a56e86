"""The page Train without a browser: runs that lie there, the form and the command it makes, what it refuses."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest
from helpers.runs import write_look, write_run
from streamlit.testing.v1 import AppTest

from app.services import files
from app.services import models as backend
from app.services import runs as training
from part.training.runs import process, runs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs_folder(tmp_path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def started(monkeypatch) -> list:
    """What would have been started: (folder, arguments, plan)."""
    seen = []
    monkeypatch.setattr(runs, "_launch", lambda *given: seen.append(given) or process.sign(given[0], 0, [], given[2]))
    return seen


def open_train(**params) -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60)
    app.switch_page("app/pages/train/page.py")
    for name, value in params.items():
        app.query_params[name] = value
    return calm(app.run())


def calm(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].value
    return app


def in_url(app: AppTest, name: str) -> list[str]:
    value = app.query_params[name]
    return value if isinstance(value, list) else [value]


def sentences(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in calm(app).error]


def texts(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def canvases(app: AppTest) -> set[str]:
    return {element.proto.component_name for element in app.get("bidi_component")}


def command(app: AppTest) -> list[str]:
    return shlex.split(app.get("code")[0].value)


def fill(app: AppTest, jets_folder: Path, **values) -> AppTest:
    jets = {"train": str(jets_folder / "toys.root"), "val": str(jets_folder / "bare.root")}
    for name, value in (jets | values).items():
        field = next(f for f in [*app.text_input, *app.number_input, *app.selectbox] if f.key.startswith(f"new_{name}"))
        field.set_value(value)
    return calm(app.run())


def test_without_runs_there_is_the_form(jets_folder):
    app = open_train()
    assert "There is no run yet" in texts(app)
    assert sentences(app) == []
    fill(app, jets_folder)
    assert not app.button(key="start_run").disabled


def test_a_finished_run_shows_its_curves_attention_and_card(runs_folder):
    write_run(runs_folder, "older")
    run = write_run(runs_folder, "whole", looks=3)
    os.utime(run / "plan.json", (2e9, 2e9))
    app = open_train()
    assert sentences(app) == []
    assert in_url(app, "run") == ["whole"]
    page = texts(app)
    for text in ("2 runs", "finished", "Accuracy: 0.6000", "Attention after epoch 2", "t→bqq′", "40 960"):
        assert text in page, text
    assert len(app.get("plotly_chart")) == 3
    assert {"partscope_runs", "partscope_mosaic", "partscope_matrix"} <= canvases(app)
    assert not [button for button in app.button if button.key in ("stop", "resume", "open_run")]


def test_a_card_tells_results_with_their_intervals_and_the_training_before(runs_folder):
    path = write_run(runs_folder, "whole") / "whole.json"
    card = json.loads(path.read_text())
    ends = {"accuracy": [0.79, 0.83], "rejection_Hgg_50%": [75.8, None], "rejection_Hbb_50%": [None, None]}
    card["held_out"] = {"jets": 500, "accuracy": 0.81, "rejection_Hgg_50%": 100, "rejection_Hbb_50%": None}
    card["held_out"]["intervals"] = ends
    card["training"]["before"] = {"command": "python -m part train once", "jets_seen": 3, "seconds": 77}
    path.write_text(json.dumps(card))
    page = texts(open_train())
    for told in ("0.81 [0.79, 0.83]", "100 [75.8, ∞]", "python -m part train once"):
        assert told in page, told
    assert "intervals" not in page
    assert "seconds 77" not in page


def test_the_url_chooses_the_run_and_another_page_keeps_it(runs_folder):
    write_run(runs_folder, "first")
    write_run(runs_folder, "second")
    for name in ("first", "second"):
        app = open_train(run=name)
        assert f"<b>{name}</b>" in texts(app)
        assert app.session_state["selection"].run == name
    app = open_train(run="third")
    assert sentences(app) == ["There is no run third; this is another."]


def test_the_scrubber_goes_through_the_epochs_and_follows_the_last(runs_folder):
    run = write_run(runs_folder, "whole", looks=3)
    app = open_train()
    app.select_slider(key="choose_epoch").set_value(0).run()
    assert "Attention before the first step" in texts(calm(app))
    write_look(run, 3)
    assert "Attention before the first step" in texts(calm(app.run()))
    app.select_slider(key="choose_epoch").set_value(3).run()
    write_look(run, 4)
    assert "Attention after epoch 4" in texts(calm(app.run()))


def test_attention_that_cannot_be_read_is_one_sentence(runs_folder):
    run = write_run(runs_folder, "whole", looks=2)
    (run / "attention" / "epoch_001.npz").write_bytes(b"no")
    assert sentences(open_train()) == ["The run whole has no attention of epoch 1."]


def test_a_failed_run_says_why(runs_folder):
    run = write_run(runs_folder, "failed", done=0, epochs=3)
    process.sign(run, 0, [])
    (run / "log" / "output.txt").write_text("$ python -m part train\njets.root has no labels.\n")
    app = open_train()
    assert sentences(app) == ["jets.root has no labels."]
    assert [button for button in app.button if button.key == "resume"]


def test_the_form_starts_the_command_that_it_shows(jets_folder, runs_folder, started):
    app = fill(open_train(), jets_folder, more="--val-jets 100 --start-from part-full", epochs=3)
    train, val = (str(jets_folder / f"{name}.root") for name in ("toys", "bare"))
    words = ["JetClass", "ParT", "kin", "--train", train, "--val", val, "--name=part-kin", "--epochs=3"]
    words += [f"--out={runs_folder}", "--val-jets", "100", "--start-from", "part-full"]
    assert command(app) == ["python", "-m", "part", "train", *words]
    app.button(key="start_run").click().run()
    ((folder, argv, plan),) = started
    assert (folder, argv) == (runs_folder / "part-kin", words)
    assert (plan["val_jets"], plan["epochs"], plan["name"]) == (100, 3, "part-kin")
    assert in_url(app, "run") == ["part-kin"]
    assert "--name=part-kin-2" in command(app)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"more": "--bogus 3"}, "unrecognized arguments: --bogus 3"),
        ({"more": "--seed x"}, "argument --seed: invalid int value"),
        ({"more": "--resume"}, "neither --resume nor --dry-run"),
        ({"more": "--out=/tmp"}, "--out cannot lead elsewhere"),
        ({"more": "--seed '1"}, "cannot be split into words"),
        ({"more": "--help"}, "unrecognized arguments: --help"),
        ({"more": "--slots 4"}, "only LinParT has"),
        ({"more": "--start-from nowhere"}, "There is no checkpoint nowhere"),
        ({"train": "nowhere/*.root"}, "No jets at nowhere/*.root"),
        (
            {"train": "data_samples", "val": "data_samples/*.root"},
            "data_samples/jetclass_like.root is among the training",
        ),
        ({"train": ""}, "Say which jets to train and to validate on"),
        ({"batch": 100, "more": "--micro-batch 32"}, "cannot be dealt out evenly"),
        ({"name": "a/b"}, "no name for a run"),
        ({"name": "taken"}, "There is a run taken already"),
    ],
)
def test_what_cannot_go_is_refused_in_one_sentence(jets_folder, runs_folder, values, sentence):
    write_run(runs_folder, "taken")
    app = fill(open_train(), jets_folder, **values)
    assert sentence in texts(app)
    assert app.button(key="start_run").disabled
    assert app.get("code") == []


def test_shell_characters_are_only_characters(jets_folder, started, tmp_path):
    odd = tmp_path / "a; touch $(b) & c"
    odd.mkdir()
    shutil.copy(jets_folder / "toys.root", odd / "x.root")
    app = fill(open_train(), jets_folder, train=shlex.quote(str(odd)))
    app.button(key="start_run").click().run()
    ((_, argv, plan),) = started
    assert plan["train"] == (str(odd),)
    assert argv[4] == str(odd)


@pytest.mark.parametrize("model", training.MODELS)
@pytest.mark.parametrize("dataset", training.DATASETS)
def test_what_the_form_opens_with_is_the_published_recipe(dataset, model, jets_folder):
    form = {name: training.usual(dataset, model)[name] for name in ("epochs", "jets_per_epoch", "batch_size", "lr")}
    jets = {"train": "data_samples", "val": str(jets_folder / "toys.root"), "name": "toy"}
    argv = training.arguments({"dataset": dataset, "model": model, "features": "kin"} | jets | form)
    plan = training.plan_of(argv)
    assert {name: getattr(plan, name) for name in form} == form
    assert not [word for word in argv if word.startswith(("--lr", "--batch", "--epochs", "--jets"))]


def test_one_run_at_a_time_unless_asked_otherwise(jets_folder, runs_folder, started):
    process.sign(write_run(runs_folder, "now", done=1, epochs=3), os.getpid(), [])
    app = fill(open_train(), jets_folder)
    assert app.button(key="start_run").disabled
    app.checkbox(key="new_together").check().run()
    app.button(key="start_run").click().run()
    assert len(started) == 1


def test_a_run_that_began_meanwhile_is_told(jets_folder, runs_folder, started):
    app = fill(open_train(), jets_folder)
    process.sign(write_run(runs_folder, "now", done=1, epochs=3), os.getpid(), [])
    app.button(key="start_run").click().run()
    assert "The run now is still training" in sentences(app)[0]
    assert started == []


def test_a_missing_lightning_is_one_sentence(monkeypatch, runs_folder, started):
    write_run(runs_folder, "whole")
    monkeypatch.setattr(training.importlib.util, "find_spec", lambda name: None)
    app = open_train()
    assert "Training needs lightning, which is not installed here" in texts(app)
    assert "finished" in texts(app)
    with pytest.raises(training.BadInput, match="needs lightning"):
        training.start(["JetClass", "ParT", "--train", "a", "--val", "b"], together=False)


def test_a_checkpoint_is_on_offer_in_explore_and_is_never_stale(runs_folder, models_folder):
    run = write_run(runs_folder, "whole")
    for source in ("alpha", "beta"):
        for suffix in (".safetensors", ".json"):
            shutil.copy(models_folder / f"{source}{suffix}", run / f"whole{suffix}")
        assert "runs/whole" in backend.model_names()
        file = files.find("toys.root")
        assert backend.tagger("runs/whole", file).sha256 == backend.tagger(source, file).sha256
    app = open_train()
    app.button(key="open_run").click().run()
    assert calm(app).session_state["selection"].models == ("runs/whole",)
