"""Only files below the data folders can be opened, and an upload's name never becomes a path."""

import hashlib
import io

import pytest

from app.services import files, uploads
from part.errors import PartError


def test_files_of_jets_below_the_folder_are_listed(jets_folder):
    (jets_folder / "deeper").mkdir(exist_ok=True)
    for name in ("deeper/more.parquet", "notes.txt", ".hidden.root"):
        (jets_folder / name).touch()
    names = files.listed()
    assert {"toys.root", "garbage.root", "deeper/more.parquet"} <= set(names)
    assert not {"notes.txt", ".hidden.root"} & set(names)


def test_a_file_is_identified_by_its_content(jets_folder):
    file = files.find("toys.root")
    assert file.sha256 == hashlib.sha256((jets_folder / "toys.root").read_bytes()).hexdigest()
    copy = jets_folder / "changing.root"
    copy.write_bytes(b"one")
    first = files.find("changing.root").sha256
    copy.write_bytes(b"another")
    assert files.find("changing.root").sha256 != first
    copy.unlink()


CLIMBING = ["", ".", "..", "../outside.root", "deeper/../../outside.root"]


@pytest.mark.parametrize("name", [*CLIMBING, "/etc/passwd", "toys.root\0", "link.root", "no.root"])
def test_nothing_outside_the_folders_can_be_opened(name):
    with pytest.raises(PartError):
        files.find(name)


def test_an_upload_is_found_by_its_content_alone(jets_folder):
    content = (jets_folder / "toys.root").read_bytes()
    name = uploads.keep_upload(io.BytesIO(content))
    assert name == uploads.UPLOAD + hashlib.sha256(content).hexdigest()[:32]
    assert files.find(name).path.read_bytes() == content
    assert uploads.keep_upload(io.BytesIO(content)) == name


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "0" * 32, "g" * 32])
def test_an_upload_that_does_not_exist_gives_one_sentence(key):
    with pytest.raises(PartError, match="upload it again"):
        files.find(uploads.UPLOAD + key)


def test_an_upload_over_the_limit_is_rejected(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UPLOAD", 3 * 2**20)
    before = sorted(uploads._folder("files").iterdir())
    with pytest.raises(PartError, match="is larger than 3 MB"):
        uploads.keep_upload(io.BytesIO(bytes(uploads.MAX_UPLOAD + 1)), "net.pt")
    assert sorted(uploads._folder("files").iterdir()) == before


def test_the_oldest_uploads_are_deleted():
    names = [uploads.keep_upload(io.BytesIO(f"upload {i}".encode())) for i in range(uploads.MAX_UPLOADS + 3)]
    assert files.find(names[-1]).uploaded
    with pytest.raises(PartError):
        files.find(names[0])


def test_a_tree_of_a_file_may_be_chosen(jets_folder):
    file, whole = files.find("toys.root:tree"), files.find("toys.root")
    assert (file.tree, file.sha256) == ("tree", whole.sha256)
    assert file.key != whole.key == whole.sha256
    assert str(file.path) == f"{whole.path}:tree"
    assert file.conceal(f"{whole.path}: damaged; try {file.path}") == "toys.root: damaged; try toys.root:tree"
    upload = uploads.keep_upload(io.BytesIO((jets_folder / "toys.root").read_bytes()))
    assert files.find(f"{upload}:tree").tree == "tree"
    for name in ("../outside.root:tree", "no.root:tree", "toys.root:", f"{uploads.UPLOAD}{'0' * 32}:tree"):
        with pytest.raises(PartError):
            files.find(name)
