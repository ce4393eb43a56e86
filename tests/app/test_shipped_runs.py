"""The trainings that come with the project on the page Train, and the example that a click trains."""

from helpers.app_driver import canvases, captions, no_exception, open_page, sentences, texts
from helpers.runs import write_run

import part
from app.services import runs, shipped_runs
from part.training.arguments import parse_arguments
from part.training.recipes import config_from_options


def test_a_shipped_training_shows_its_stages_its_final_attention_and_what_was_not_kept():
    app = open_page("train", run="shipped/part-full")
    page = texts(app)
    for text in ("shipped", "20.72 M jets seen", "1 × H100", "Attention after the last epoch", "t→bqq′"):
        assert text in page, text
    assert "Of its curves only this picture was kept, and its attention after the last epoch alone" in captions(app)
    assert {"partscope_mosaic", "partscope_matrix"} <= set(canvases(app))
    assert sentences(app) == []


def test_a_run_of_ones_own_may_have_the_name_of_a_shipped_one(runs_folder):
    write_run(runs_folder, "part-full")
    assert "finished" in texts(open_page("train", run="part-full"))
    assert "Stages of the training" in texts(open_page("train", run="shipped/part-full"))


def test_models_without_attention_say_so_in_their_shipped_trainings():
    assert "do not attend to each other" in texts(open_page("train", run="shipped/pfn-full"))


def test_one_click_trains_an_example_on_shipped_jets(runs_folder, started):
    app = open_page("train")
    no_exception(app.button(key="start_example").click().run())
    [(folder, argv, config)] = started
    assert folder == runs_folder / "example"
    assert config["layers"] == 2
    counts = {}
    for name in ("train", "val"):
        [path] = config[name]
        jets = part.read_jets(path)
        counts[name] = len(jets), int(jets["jet_isTop"].to_numpy().sum())
    assert counts == {"train": (1600, 800), "val": (400, 200)}
    assert runs.check_arguments([*argv[:-1], f"--out={runs_folder}", "--name=other"]).layers == 2


def test_the_example_that_ships_is_the_one_that_a_click_trains(runs_folder):
    [recorded, *_] = shipped_runs.shipped_runs()
    again = parse_arguments(shipped_runs.example_arguments())
    own = config_from_options(again).to_dict()
    places = ("train", "val", "out", "workers")
    assert {k: v for k, v in recorded.config.items() if k not in places} == {
        k: v for k, v in own.items() if k not in places
    }
    assert runs.snapshot_epochs(recorded) == list(range(7))
