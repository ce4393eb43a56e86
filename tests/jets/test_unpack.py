"""Tars become folders that train takes, whole or not at all."""

import pytest
from helpers.file_server import tar_of

from part.errors import PartError
from part.jets.fetch.archives import unpack, unpacked
from part.jets.fetch.download import Remote
from part.jets.streaming import find_files

REMOTE = Remote("set", "http://there-is-no-such-host.invalid/set.tar", None)


@pytest.mark.parametrize("above", ["", "./", "Pythia/val_5M/"])
def test_files_are_where_train_looks(tmp_path, above):
    tar, folder, seen = tmp_path / "set.tar", tmp_path / "set", []
    tar_of({f"{above}{name}.root": name.encode() for name in "ab"}, tar)
    assert unpack(tar, folder, lambda *step: seen.append(step)) == 2
    assert [p.read_text() for p in find_files([str(folder)])] == ["a", "b"]
    assert len(seen) == 2
    assert unpacked(REMOTE, folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set", "set.tar"]


def test_splits_are_kept_apart(tmp_path):
    names = ("train_file_0", "train_file_1", "test_file_0")
    tar_of({f"QuarkGluon/{name}.parquet": b"" for name in names}, tmp_path / "set.tar")
    unpack(tmp_path / "set.tar", tmp_path / "set")
    assert [p.name for p in find_files([str(tmp_path / "set" / "train")])] == [f"{n}.parquet" for n in names[:2]]
    assert [p.name for p in find_files([str(tmp_path / "set" / "test")])] == ["test_file_0.parquet"]
    with pytest.raises(PartError, match="No jets"):
        find_files([str(tmp_path / "set")])


@pytest.mark.parametrize("name", ["../escaped", "/../../escaped", "a/../../../escaped"])
def test_members_that_lead_elsewhere(tmp_path, name):
    tar_of({"good": b"", name: b"bad"}, tmp_path / "set.tar")
    with pytest.raises(PartError, match=r"Could not unpack .*set\.tar into .*outside the destination"):
        unpack(tmp_path / "set.tar", tmp_path / "set")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["set.tar"]


@pytest.mark.parametrize("content", ["no tar", "", "cut", "empty"])
def test_damage_leaves_nothing(tmp_path, content):
    tar = tmp_path / "set.tar"
    whole = tar_of({} if content == "empty" else {"a": bytes(4000), "b": bytes(4000)}, tar)
    tar.write_bytes({"cut": whole[:6000], "empty": whole}.get(content, content.encode()))
    with pytest.raises(PartError, match="Could not unpack"):
        unpack(tar, tmp_path / "set")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["set.tar"]


def test_what_a_killed_run_left_goes(tmp_path):
    (tmp_path / ".set.unpack" / "half").mkdir(parents=True)
    tar_of({"a": b"", "b": b""}, tmp_path / "set.tar")
    assert unpack(tmp_path / "set.tar", tmp_path / "set") == 2
    assert not (tmp_path / ".set.unpack").exists()


def test_a_folder_that_was_to_be_replaced_comes_back(tmp_path):
    (tmp_path / ".set.old").mkdir()
    (tmp_path / ".set.old" / "a").write_text("a")
    (tmp_path / "set.tar").write_text("no tar")
    with pytest.raises(PartError, match="Could not unpack"):
        unpack(tmp_path / "set.tar", tmp_path / "set")
    assert [p.name for p in (tmp_path / "set").iterdir()] == ["a"]
    assert not (tmp_path / ".set.old").exists()


def test_a_folder_that_changed(tmp_path):
    tar, folder = tmp_path / "set.tar", tmp_path / "set"
    tar_of({"a": b"as it was", "b": b""}, tar)
    unpack(tar, folder)
    (folder / "a").write_text("short")
    with pytest.raises(PartError, match=r"set/a is gone or was changed; use --force to download set\.tar again"):
        unpacked(REMOTE, folder)
    assert not unpacked(REMOTE, folder, force=True)
    unpack(tar, folder)
    assert (folder / "a").read_text() == "as it was"
    (folder / "mine").write_text("notes")
    assert unpacked(REMOTE, folder)
    (folder / "b").unlink()
    with pytest.raises(PartError, match=r"holds mine, which is not from set\.tar"):
        unpacked(REMOTE, folder, force=True)


def test_a_folder_from_elsewhere(tmp_path):
    (tmp_path / "set").mkdir()
    assert not unpacked(REMOTE, tmp_path / "set")
    (tmp_path / "set" / "mine").write_text("")
    with pytest.raises(PartError, match="holds mine"):
        unpacked(REMOTE, tmp_path / "set")
    with pytest.raises(PartError, match="mine is a file"):
        unpacked(REMOTE, tmp_path / "set" / "mine", force=True)
