"""The page Train without a browser: existing runs, the form and the command that it makes, and its errors."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from helpers.app_driver import canvases, in_url, no_exception, open_page, sentences, state_of, texts
from helpers.runs import write_run, write_snapshot
from streamlit.testing.v1 import AppTest

from app.pages.train.state import TrainState
from app.services import files, runs
from app.services import models as backend
from part.errors import PartError
from part.training.runs import process


def open_train(**params) -> AppTest:
    return open_page("train", **params)


def command(app: AppTest) -> list[str]:
    return shlex.split(app.get("code")[0].value)


def fill(app: AppTest, jets_folder: Path, **values) -> AppTest:
    jets = {"train": str(jets_folder / "toys.root"), "val": str(jets_folder / "bare.root")}
    for name, value in (jets | values).items():
        field = next(f for f in [*app.text_input, *app.number_input, *app.selectbox] if f.key.startswith(f"new_{name}"))
        field.set_value(value)
    return no_exception(app.run())


def test_without_runs_there_is_the_recorded_example_and_the_form(jets_folder):
    app = open_train()
    page = texts(app)
    for text in ("<b>example</b>", "recorded", "Accuracy: 0.9075", "Attention after epoch 6", "top"):
        assert text in page, text
    assert len(app.get("plotly_chart")) == 4
    assert sentences(app) == []
    fill(app, jets_folder)
    assert not app.button(key="start_run").disabled


def test_a_finished_run_shows_its_curves_attention_and_card(runs_folder):
    write_run(runs_folder, "older")
    run = write_run(runs_folder, "whole", snapshots=3)
    os.utime(run / "plan.json", (2e9, 2e9))
    app = open_train()
    assert sentences(app) == []
    assert in_url(app, "run") == ["whole"]
    page = texts(app)
    for text in ("2 runs of yours", "finished", "Accuracy: 0.6000", "Attention after epoch 2", "t→bqq′", "40 960"):
        assert text in page, text
    assert len(app.get("plotly_chart")) == 4  # the last one says how heads settle
    assert {"partscope_table", "partscope_mosaic", "partscope_matrix"} <= set(canvases(app))
    assert not [button for button in app.button if button.key in ("stop", "resume")]
    assert not app.get("page_link")


def test_a_card_shows_results_with_their_intervals_and_the_previous_training(runs_folder):
    path = write_run(runs_folder, "whole") / "whole.json"
    card = json.loads(path.read_text())
    ends = {"accuracy": [0.79, 0.83], "rejection_Hgg_50%": [75.8, None], "rejection_Hbb_50%": [None, None]}
    counts = {"rejection_Hbb_50%": {"passing": 0, "background": 50, "above": 17.2}}
    counts |= {"rejection_Hgg_50%": {"passing": 2, "background": 200}}
    card["held_out"] = {"jets": 500, "accuracy": 0.81, "rejection_Hgg_50%": 100, "rejection_Hbb_50%": None}
    card["held_out"] |= {"intervals": ends, "background_counts": counts}
    card["training"]["before"] = {"command": "python -m part train once", "jets_seen": 3, "seconds": 77}
    path.write_text(json.dumps(card))
    page = texts(open_train())
    for text in (
        "0.81 [0.79, 0.83]",
        "100 [75.8, ∞] (2 of 200)",
        "&gt; 17 at 95 % (0 of 50)",
        "python -m part train once",
    ):
        assert text in page, text
    assert "intervals" not in page
    assert "seconds 77" not in page


def test_the_url_chooses_the_run_and_another_page_keeps_it(runs_folder):
    write_run(runs_folder, "first")
    write_run(runs_folder, "second")
    for name in ("first", "second"):
        app = open_train(run=name)
        assert f"<b>{name}</b>" in texts(app)
        assert state_of(app, TrainState).run == name
    app = open_train(run="third")
    assert sentences(app) == ["There is no run third; second is shown instead."]


def test_the_scrubber_goes_through_the_epochs_and_follows_the_last(runs_folder):
    run = write_run(runs_folder, "whole", snapshots=3)
    app = open_train()
    app.select_slider(key="choose_epoch").set_value(0).run()
    assert "Attention before the first step" in texts(no_exception(app))
    write_snapshot(run, 3)
    assert "Attention before the first step" in texts(no_exception(app.run()))
    app.select_slider(key="choose_epoch").set_value(3).run()
    write_snapshot(run, 4)
    assert "Attention after epoch 4" in texts(no_exception(app.run()))


def test_unreadable_attention_gives_one_sentence(runs_folder):
    run = write_run(runs_folder, "whole", snapshots=2)
    (run / "attention" / "epoch_001.npz").write_bytes(b"no")
    assert sentences(open_train()) == ["The run whole has no attention of epoch 1."]


def test_a_failed_run_shows_its_reason(runs_folder):
    run = write_run(runs_folder, "failed", done=0, epochs=3)
    process.write_pidfile(run, 0, [])
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
    ((folder, argv, config),) = started
    assert (folder, argv) == (runs_folder / "part-kin", words)
    assert (config["val_jets"], config["epochs"], config["name"]) == (100, 3, "part-kin")
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
        ({"more": "--slots 4"}, "ParT has no slots"),
        ({"more": "--start-from nowhere"}, "There is no checkpoint nowhere"),
        ({"train": "nowhere/*.root"}, "No jets at nowhere/*.root"),
        (
            {"train": "data_samples", "val": "data_samples/*.root"},
            "jetclass_like.root is among the training files",
        ),
        ({"train": ""}, "Enter the jets to train on and to validate on"),
        ({"batch": 100, "more": "--micro-batch 32"}, "cannot be divided evenly"),
        ({"name": "a/b"}, "no name for a run"),
        ({"name": "taken"}, "There is a run taken already"),
    ],
)
def test_invalid_choices_are_refused_in_one_sentence(jets_folder, runs_folder, values, sentence):
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
    ((_, argv, config),) = started
    assert config["train"] == (str(odd),)
    assert argv[4] == str(odd)


@pytest.mark.parametrize("model", runs.architectures())
@pytest.mark.parametrize("dataset", runs.dataset_names())
def test_the_form_starts_with_the_published_recipe(dataset, model, jets_folder):
    published = runs.published_values(dataset, model)
    form = {name: published[name] for name in ("epochs", "jets_per_epoch", "batch_size", "lr")}
    jets = {"train": "data_samples", "val": str(jets_folder / "toys.root"), "name": "toy"}
    argv = runs.form_arguments({"dataset": dataset, "model": model, "features": "kin"} | jets | form)
    config = runs.check_arguments(argv)
    assert {name: getattr(config, name) for name in form} == form
    assert not [word for word in argv if word.startswith(("--lr", "--batch", "--epochs", "--jets"))]


def test_one_run_at_a_time_unless_more_are_allowed(jets_folder, runs_folder, started):
    process.write_pidfile(write_run(runs_folder, "now", done=1, epochs=3), os.getpid(), [])
    app = fill(open_train(), jets_folder)
    assert app.button(key="start_run").disabled
    app.checkbox(key="new_together").check().run()
    app.button(key="start_run").click().run()
    assert len(started) == 1


def test_a_run_that_began_meanwhile_is_reported(jets_folder, runs_folder, started):
    app = fill(open_train(), jets_folder)
    process.write_pidfile(write_run(runs_folder, "now", done=1, epochs=3), os.getpid(), [])
    app.button(key="start_run").click().run()
    assert "The run now is still training" in sentences(app)[0]
    assert started == []


def test_a_missing_lightning_gives_one_sentence(monkeypatch, runs_folder, started):
    write_run(runs_folder, "whole")
    monkeypatch.setitem(sys.modules, "lightning", None)
    app = open_train()
    assert "Training needs Lightning: pip install lightning." in texts(app)
    assert "finished" in texts(app)
    with pytest.raises(PartError, match="needs Lightning"):
        runs.start(["JetClass", "ParT", "--train", "a", "--val", "b"], allow_concurrent=False)


def test_a_checkpoint_is_on_offer_in_explore_and_is_never_stale(runs_folder, models_folder):
    run = write_run(runs_folder, "whole")
    for source in ("alpha", "beta"):
        for suffix in (".safetensors", ".json"):
            shutil.copy(models_folder / f"{source}{suffix}", run / f"whole{suffix}")
        assert "runs/whole" in backend.model_names()
        file = files.find("toys.root")
        assert backend.load_tagger("runs/whole", file).sha256 == backend.load_tagger(source, file).sha256
    app = open_train()
    [link] = app.get("page_link")
    assert state_of(open_page(link.proto.page, **parse_qs(link.proto.query_string))).models == ("runs/whole",)
