"""One bad entry in a folder takes no page down: it is named with its reason, and the others are there."""

import os
import shutil
from pathlib import Path

import pytest
from helpers.app_driver import captions, no_exception, open_page, sentences, state_of, texts
from helpers.jets import COUNTS, write_jets, write_model
from helpers.references import shared
from helpers.runs import write_run
from streamlit.testing.v1 import AppTest

from app.services import benchmarks, files
from part.errors import PartError

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}
ODD = {
    "pipe": os.mkfifo,
    "link to nowhere": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "no UTF-8": lambda path: Path(os.fsdecode(os.fsencode(path.parent) + b"/\xff" + os.fsencode(path.name))).touch(),
}


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    """Folders of this test alone, each with one sound entry, and the names that the app knows them by."""
    for name in ("data", "checkpoints", "runs", "performance"):
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.setenv(f"PARTSCOPE_{name.upper()}", str(tmp_path / name))
    write_jets(tmp_path / "data" / "good.root", COUNTS)
    write_model(tmp_path / "checkpoints" / "good.safetensors", **SMALL)
    write_run(tmp_path / "runs", "good", snapshots=1)
    return tmp_path


def all_text(app: AppTest) -> str:
    return "\n".join((captions(app), texts(app), *sentences(app), *(code.value for code in app.code)))


def open_good(page: str, **params) -> AppTest:
    return open_page(page, **({"file": "good.root", "model": "good"} | params))


@pytest.mark.parametrize("kind", ODD)
def test_odd_entries_of_all_folders_are_named(own, kind):
    ODD[kind](own / "data" / "odd.root")
    for suffix in (".safetensors", ".pt", ".json"):
        ODD[kind](own / "checkpoints" / f"odd{suffix}")
    ODD[kind](own / "runs" / "odd")
    if kind != "no UTF-8":  # by its name it is of no tab
        ODD[kind](own / "performance" / "speed-odd.json")
    app = open_good("explore")
    assert state_of(app).models == ("good",)
    assert state_of(app).file == "good.root"
    assert captions(app).count("Left out: ") == 2
    others = [("performance", "speed-odd.json")] if kind != "no UTF-8" else []
    for page, name in (("train", "odd"), *others):
        shown = all_text(open_good(page))
        assert "Left out: " in shown
        assert name in shown
        assert str(own) not in shown


@pytest.mark.slow
@pytest.mark.parametrize("page", ["compare", "bias", "sparsity", "circuits", "attribution", "intervention"])
def test_every_page_comes_up_beside_odd_entries(own, page):
    for number, make in enumerate(ODD.values()):
        make(own / "data" / f"odd{number}.root")
        make(own / "checkpoints" / f"odd{number}.json")
    (own / "checkpoints" / "deep.json").write_text("[" * 60_000)
    app = open_good(page)
    assert "deep.json is nested too deeply for a card" in captions(app)
    assert not [sentence for sentence in sentences(app) if "Choose two" not in sentence]


def test_more_files_than_are_listed_are_counted(own, monkeypatch):
    monkeypatch.setattr(files, "MAX_LISTED", 20)
    for number in range(30):
        (own / "data" / f"more{number}.root").touch()
    listed, left_out = files.list_readable()
    assert len(listed) == 20
    shipped = len([name for name in listed if not name.startswith(("more", "good"))])
    [(more, reason)] = left_out.items()
    assert more == f"{shipped + 31 - 20} more files"
    assert "?file=NAME in the URL opens them" in reason
    assert "more files than the 20 that are listed" in captions(open_good("explore"))


class TestRuns:
    BAD = {  # noqa: RUF012
        "plan.json": ["[" * 60_000, "{", '{"name": "r"}', '{"dataset": "x", "model": 1}', '{"epochs": "x"}'],
        "process.json": ["[" * 60_000, '{"pid": "x", "plan": [1]}', '{"plan": {"model": 1}}'],
    }

    @pytest.mark.parametrize("name", BAD)
    def test_files_of_other_content_hide_no_other_run(self, own, name):
        for number, content in enumerate(self.BAD[name]):
            folder = own / "runs" / f"bad{number}"
            folder.mkdir()
            (folder / name).write_text(content)
        app = open_good("train")
        assert "good" in texts(app)
        assert "Left out: bad" in captions(app)

    def test_the_shared_runs(self, own):
        shutil.copytree(shared("cases/reliability/runs"), own / "runs", dirs_exist_ok=True)
        shown = captions(open_good("train"))
        for said in (
            "card_epochs_done_text has 'x' for training.epochs_done in its card",
            "card_held_out_list has [1] for held_out in its card",
            "plan_epochs_text has 'x' for epochs in its plan.json",
            "plan_only_a_name has no dataset in its plan.json",
        ):
            assert said in shown
        app = open_good("train", run="attention_other_arrays")
        assert sentences(app) == [
            "The attention of epoch 0 of the run attention_other_arrays cannot be read: it has other arrays."
        ]


class TestMeasurements:
    @pytest.mark.parametrize("content", ["[" * 60_000, "{}", '{"format": "ParTScope performance 1"}'])
    def test_one_that_is_none_is_named(self, own, content):
        (own / "performance" / "speed-1.json").write_text(content)
        assert benchmarks.listed("speed") == ["speed"]  # the one that ships
        assert "speed-1.json holds no measurement" in captions(open_good("performance"))
        with pytest.raises(PartError, match="holds no measurement"):
            benchmarks.parse(content.encode(), "speed-1.json")

    def test_the_shared_one(self, own):
        shutil.copy(shared("cases/reliability/performance/speed-1.json"), own / "performance")
        assert "speed-1.json holds no measurement" in captions(open_good("performance"))


class TestLinks:
    def test_a_model_that_is_not_here_is_named(self, own):
        app = open_page("explore", file="good.root", model="of-a-colleague")
        assert "This view needs the model of-a-colleague, which is not here; part-full is shown" in sentences(app)[0]

    @pytest.mark.parametrize("name", ["file", "model", "run", "where", "group", "tab", "results"])
    def test_a_parameter_of_5000_letters_is_refused_in_a_short_sentence(self, own, name):
        for page in ("explore", "train") if name == "run" else ("explore",):
            shown = all_text(open_good(page, **{name: "x" * 5000}))
            assert "x" * 300 not in shown

    def test_paths_of_5000_letters_in_the_form(self, own):
        app = open_page("train")
        app.text_input(key="new_train").set_value("x/" * 2500)
        app.text_input(key="new_val").set_value("y" * 5000)
        no_exception(app.run())
        assert "No jets at" in texts(app)
        assert "y" * 300 not in texts(app)
        assert "x/" * 150 not in texts(app)

    @pytest.mark.parametrize("option", ["--lr=nan", "--seed=-1", "--dropout=5", "--clip=nan", "--memory=nan"])
    def test_the_form_refuses_numbers_that_cannot_be(self, own, option):
        write_jets(own / "data" / "other.root", COUNTS, seed=1)
        app = open_page("train")
        for key, name in (("new_train", "good"), ("new_val", "other")):
            app.text_input(key=key).set_value(str(own / "data" / f"{name}.root"))
        no_exception(app.run())
        assert not app.button(key="start_run").disabled
        app.text_input(key="new_more").set_value(option)
        no_exception(app.run())
        assert app.button(key="start_run").disabled
        assert f"{option[2:].partition('=')[0]} is " in texts(app)


class TestPlaces:
    """A page names no folder of the server."""

    def test_a_damaged_model(self, own):
        (own / "checkpoints" / "bad.pt").write_bytes(b"PK" + bytes(100))
        app = open_good("explore", model="bad.pt")
        assert sentences(app)[0].startswith("bad.pt is ")
        assert str(own) not in all_text(app)

    def test_a_run(self, own):
        (own / "runs" / "good" / "log" / "output.txt").write_text(f"$ part train --out={own / 'runs'}\n")
        app = open_good("train")
        assert "part train --out=" in texts(app)
        assert str(own) not in all_text(app)


def test_the_complaint_of_a_page_goes_with_the_page(own):
    app = open_page("explore", file="good.root", model="of-a-colleague")
    assert sentences(app)
    app.switch_page("app/pages/performance/page.py")
    assert sentences(app.run()) == []
