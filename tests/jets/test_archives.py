"""Tars become folders of jets atomically, as `train` expects them."""

import pytest
from helpers.file_server import write_tar

from part.errors import PartError
from part.jets.fetch.archives import is_unpacked, unpack
from part.jets.fetch.catalogue import RemoteFile
from part.jets.finding import find_files

REMOTE = RemoteFile("set", "http://there-is-no-such-host.invalid/set.tar", None)


@pytest.mark.parametrize("above", ["", "./", "Pythia/val_5M/"])
def test_files_are_where_train_looks(tmp_path, above):
    tar, folder, steps = tmp_path / "set.tar", tmp_path / "set", []
    write_tar({f"{above}{name}.root": name.encode() for name in "ab"}, tar)
    assert unpack(tar, folder, lambda *step: steps.append(step)) == 2
    assert [p.read_text() for p in find_files([str(folder)])] == ["a", "b"]
    assert len(steps) == 2
    assert is_unpacked(REMOTE, folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set", "set.tar"]


def test_splits_are_kept_apart(tmp_path):
    names = ("train_file_0", "train_file_1", "test_file_0")
    write_tar({f"QuarkGluon/{name}.parquet": b"" for name in names}, tmp_path / "set.tar")
    unpack(tmp_path / "set.tar", tmp_path / "set")
    assert [p.name for p in find_files([str(tmp_path / "set" / "train")])] == [f"{n}.parquet" for n in names[:2]]
    assert [p.name for p in find_files([str(tmp_path / "set" / "test")])] == ["test_file_0.parquet"]
    with pytest.raises(PartError, match="No jets"):
        find_files([str(tmp_path / "set")])


@pytest.mark.parametrize("name", ["../escaped", "/../../escaped", "a/../../../escaped"])
def test_members_outside_of_the_folder_are_rejected(tmp_path, name):
    write_tar({"good": b"", name: b"bad"}, tmp_path / "set.tar")
    with pytest.raises(PartError, match=r"Could not unpack .*set\.tar into .*outside the destination"):
        unpack(tmp_path / "set.tar", tmp_path / "set")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["set.tar"]


@pytest.mark.parametrize("content", ["no tar", "", "cut", "empty"])
def test_a_damaged_tar_leaves_nothing(tmp_path, content):
    tar = tmp_path / "set.tar"
    content_of_tar = write_tar({} if content == "empty" else {"a": bytes(4000), "b": bytes(4000)}, tar)
    tar.write_bytes({"cut": content_of_tar[:6000], "empty": content_of_tar}.get(content, content.encode()))
    with pytest.raises(PartError, match="Could not unpack"):
        unpack(tar, tmp_path / "set")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["set.tar"]


def test_the_remains_of_a_killed_run_are_deleted(tmp_path):
    (tmp_path / ".set.unpack" / "half").mkdir(parents=True)
    write_tar({"a": b"", "b": b""}, tmp_path / "set.tar")
    assert unpack(tmp_path / "set.tar", tmp_path / "set") == 2
    assert not (tmp_path / ".set.unpack").exists()


def test_a_folder_whose_replacement_failed_is_restored(tmp_path):
    (tmp_path / ".set.old").mkdir()
    (tmp_path / ".set.old" / "a").write_text("a")
    (tmp_path / "set.tar").write_text("no tar")
    with pytest.raises(PartError, match="Could not unpack"):
        unpack(tmp_path / "set.tar", tmp_path / "set")
    assert [p.name for p in (tmp_path / "set").iterdir()] == ["a"]
    assert not (tmp_path / ".set.old").exists()


def test_a_folder_that_changed(tmp_path):
    tar, folder = tmp_path / "set.tar", tmp_path / "set"
    write_tar({"a": b"original", "b": b""}, tar)
    unpack(tar, folder)
    (folder / "a").write_text("short")
    with pytest.raises(PartError, match=r"set/a is missing or was changed; use --force to download set\.tar again"):
        is_unpacked(REMOTE, folder)
    assert not is_unpacked(REMOTE, folder, force=True)
    unpack(tar, folder)
    assert (folder / "a").read_text() == "original"
    (folder / "mine").write_text("notes")
    assert is_unpacked(REMOTE, folder)
    (folder / "b").unlink()
    with pytest.raises(PartError, match=r"holds mine, which is not from set\.tar"):
        is_unpacked(REMOTE, folder, force=True)


def test_a_folder_from_elsewhere(tmp_path):
    (tmp_path / "set").mkdir()
    assert not is_unpacked(REMOTE, tmp_path / "set")
    (tmp_path / "set" / "mine").write_text("")
    with pytest.raises(PartError, match="holds mine"):
        is_unpacked(REMOTE, tmp_path / "set")
    with pytest.raises(PartError, match="mine is a file"):
        is_unpacked(REMOTE, tmp_path / "set" / "mine", force=True)
