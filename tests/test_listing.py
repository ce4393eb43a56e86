"""Folders are listed entry by entry: what cannot be opened is named with its reason and stops nothing else."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from helpers.jets import write_jets, write_model
from helpers.references import shared

import part
from part.errors import PartError
from part.jets.finding import find_files
from part.jets.notices import gathered
from part.listing import entries_of, left_out_sentence, walk
from part.models.checkpoints.catalogue import list_checkpoints, resolve
from part.models.checkpoints.training_files import trainings_in

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}


def _no_utf8(path: Path) -> None:
    Path(os.fsdecode(os.fsencode(path.parent) + b"/bad\xff" + os.fsencode(path.suffix))).touch()


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(path))  # the address of a socket is short


ODD = {
    "is a pipe or a device": os.mkfifo,
    "is a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "is a link to itself": lambda path: path.symlink_to(path.name),
    "has a name that is no UTF-8": _no_utf8,
}


@pytest.mark.parametrize("reason", ODD)
@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".json", ".root"])
def test_an_entry_that_cannot_be_opened_is_named(tmp_path, reason, suffix):
    (tmp_path / "good.txt").touch()
    ODD[reason](tmp_path / f"odd{suffix}")
    paths, left_out = entries_of(tmp_path)
    assert [path.name for path in paths] == ["good.txt"]
    [(name, said)] = left_out.items()
    assert said == reason
    assert name.encode().decode().endswith(suffix)
    assert len(list(walk(tmp_path))) == 2


def test_a_socket_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _socket(tmp_path / "odd.root")
    assert entries_of(tmp_path) == ([], {"odd.root": "is a pipe or a device"})


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert entries_of(tmp_path) == ([], {tmp_path.name: "cannot be listed: Permission denied"})
    assert list_checkpoints(tmp_path)[0] == {}


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    (tmp_path / "file").touch()
    for place in ("absent", "file"):
        assert entries_of(tmp_path / place) == ([], {})


def test_the_sentence_is_one_short_line():
    assert left_out_sentence({}) == ""
    assert left_out_sentence({"a": "is b"}) == "Left out: a is b."
    long = left_out_sentence({f"{i}{'n' * 500}": "r" * 5000 for i in range(90)})
    assert len(long) < 1300
    assert "85 more" in long


@pytest.mark.parametrize("reason", ODD)
@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".json"])
def test_one_bad_checkpoint_hides_no_other(tmp_path, reason, suffix):
    write_model(tmp_path / "good.safetensors", **SMALL)
    ODD[reason](tmp_path / f"odd{suffix}")
    checkpoints, left_out = list_checkpoints(tmp_path)
    assert list(checkpoints) == ["good"]
    assert list(left_out.values()) == [reason]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 60_000, "is nested too deeply for a card"),
        ("{", "is not valid JSON"),
        ("[1]", "is not a card"),
        ('{"other": 1}', ""),
    ],
    ids=["deep", "cut", "list", "other"],
)
def test_a_card_that_is_none_hides_no_other(tmp_path, content, reason):
    write_model(tmp_path / "good.safetensors", **SMALL)
    (tmp_path / "odd.json").write_text(content)
    (tmp_path / "folder.json").mkdir()
    checkpoints, left_out = list_checkpoints(tmp_path)
    assert list(checkpoints) == ["good"]
    assert left_out.pop("folder.json") == "is a folder"
    assert [text.partition(":")[0] for text in left_out.values()] == ([reason] if reason else [])


def test_trainings_are_found_beside_what_cannot_be_opened(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("net.pt", "data.yaml"):
        (tmp_path / "mine" / name).touch()
    for number, make in enumerate(ODD.values()):
        make(tmp_path / f"odd{number}.pt")
        make(tmp_path / "mine" / f"odd{number}.pt")
    (tmp_path / "circle").symlink_to(".")
    assert "mine" in trainings_in(tmp_path)


def test_optimizers_are_not_offered(tmp_path):
    for name in ("net_best_epoch_state.pt", "net_best_epoch_optimizer.pt"):
        (tmp_path / name).touch()
    assert list_checkpoints(tmp_path) == ({"net_best_epoch_state.pt": tmp_path / "net_best_epoch_state.pt"}, {})


class TestJets:
    def test_a_folder_says_what_is_left_out(self, tmp_path):
        write_jets(tmp_path / "good.root", [3, 4])
        for name in ("notes.txt", ".hidden.root", "jets.csv"):
            (tmp_path / name).touch()
        os.mkfifo(tmp_path / "pipe.root")
        said: list[str] = []
        with gathered(said.append):
            assert [path.name for path in find_files([str(tmp_path)])] == ["good.root"]
        assert len(said) == 1
        assert "pipe.root is a pipe or a device" in said[0]
        assert "jets.csv is no file of jets by its suffix" in said[0]
        assert "notes.txt" not in said[0]

    @pytest.mark.parametrize("path", ["pipe.root", "/dev/zero", "/dev/null"])
    def test_a_pipe_or_a_device_is_refused_instead_of_waited_for(self, tmp_path, path):
        os.mkfifo(tmp_path / "pipe.root")
        with pytest.raises(PartError, match="is a pipe or a device"):
            part.read_jets(tmp_path / path)
        with pytest.raises(PartError, match="is a pipe or a device"):
            resolve(tmp_path / path)

    def test_a_name_that_is_no_utf8_is_refused(self, tmp_path):
        write_jets(tmp_path / "good.root", [3, 4])
        bad = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.root")
        shutil.copy(tmp_path / "good.root", bad)
        with pytest.raises(PartError, match="is no UTF-8"):
            part.read_jets(bad)


def test_the_shared_cards_are_left_out_or_refused(tmp_path):
    shutil.copy(shared("cases/reliability/lend_deep.json"), tmp_path)
    shutil.copy(shared("cases/reliability/lend_long_name.json"), tmp_path)
    checkpoints, left_out = list_checkpoints(tmp_path)
    assert list(checkpoints) == ["lend_long_name"]
    assert left_out == {"lend_deep.json": "is nested too deeply for a card"}
    with pytest.raises(PartError):
        part.load_model(checkpoints["lend_long_name"])
