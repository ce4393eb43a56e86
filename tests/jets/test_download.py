"""Files come whole, after however many attempts, or are refused in one sentence."""

import hashlib
import re
import socket
from pathlib import Path

import pytest
from helpers.file_server import CONTENT, serving

from part.errors import PartError
from part.jets.fetch.download import REMOTES, Remote, fetch

MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "file.bin"


def get(server, path, checksum=MD5, **options) -> bool:
    return fetch(Remote("folder", f"{server.url}/file.bin", checksum), path, **options)


def begun(path: Path, content: bytes) -> None:
    """As an earlier attempt leaves it."""
    path.parent.mkdir(exist_ok=True)
    path.with_name("file.bin.part").write_bytes(content)


def left(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir()) if path.parent.exists() else []


@pytest.mark.parametrize("how", ["ranges", "no ranges", "chunked"])
def test_a_file(server, path, how):
    server.how, seen = how, []
    assert get(server, path, progress=lambda *step: seen.append(step))
    assert path.read_bytes() == CONTENT
    assert left(path) == ["file.bin"]
    if how != "chunked":  # which does not tell the size
        assert seen[-1] == ("Downloading file.bin", len(CONTENT), len(CONTENT))
        assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})


def test_sha256(server, path):
    assert get(server, path, f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")


def test_an_empty_file(server, path):
    server.files["file.bin"] = b""
    assert get(server, path, f"md5:{hashlib.md5(b'').hexdigest()}", progress=lambda *_: None)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("how", ["breaks", "chunked breaks"])
def test_a_lost_connection_is_resumed(server, path, how):
    server.how = how
    with pytest.raises(PartError, match=r"Could not download http\S+file\.bin to .*is kept, run the same again"):
        get(server, path)
    assert left(path) == ["file.bin.part"]
    half = path.with_name("file.bin.part").stat().st_size
    assert 0 < half < len(CONTENT)
    server.how = "ranges"
    assert get(server, path)
    assert server.asked == [None, f"bytes={half}-"]
    assert path.read_bytes() == CONTENT
    assert left(path) == ["file.bin"]


def test_the_sentence_tells_how_far_it_came(server, path):
    server.how = "breaks"
    with pytest.raises(PartError, match=r"the connection was lost after 512,000 of 1,024,000 bytes"):
        get(server, path)


@pytest.mark.parametrize("how", ["no ranges", "other range"])
def test_a_server_that_sends_something_else_than_the_rest(server, path, how):
    begun(path, CONTENT[:1001])
    server.how = how
    assert get(server, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("how", ["ranges", "coy", "no ranges"])
@pytest.mark.parametrize("more", [b"", b"and more"], ids=["complete", "too long"])
def test_nothing_is_missing(server, path, how, more):
    begun(path, CONTENT + more)
    server.how = how
    assert get(server, path)
    assert path.read_bytes() == CONTENT
    whole = how == "ranges" and not more
    assert len(server.asked) == (1 if whole or how == "no ranges" else 2)


def test_a_wrong_sum_leaves_nothing(server, path):
    server.files["file.bin"] = b"<html>Please log in</html>"
    found = hashlib.md5(server.files["file.bin"]).hexdigest()
    with pytest.raises(PartError, match=rf"file\.bin .* md5 is {found}, expected {MD5[4:]}; it was not kept"):
        get(server, path)
    assert left(path) == []


def test_a_wrong_beginning_leaves_nothing(server, path):
    begun(path, b"another file")
    with pytest.raises(PartError, match="it was not kept"):
        get(server, path)
    assert left(path) == []
    assert get(server, path)


def test_a_whole_file_is_kept(server, path):
    begun(path, b"")
    path.write_bytes(CONTENT)
    before = path.stat()
    assert not get(server, path)
    assert not get(server, path, force=True)
    assert server.asked == []
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_another_file_is_replaced_only_by_force(server, path):
    begun(path, b"")
    path.write_bytes(b"mine")
    with pytest.raises(PartError, match=r"file\.bin is there already, but its md5 is .*, expected .*use --force"):
        get(server, path)
    assert (path.read_bytes(), server.asked) == (b"mine", [])
    server.how = "breaks"
    with pytest.raises(PartError, match="lost"):
        get(server, path, force=True)
    assert path.read_bytes() == b"mine"  # until there is something better
    server.how = "ranges"
    assert get(server, path, force=True)
    assert path.read_bytes() == CONTENT


def test_a_folder_in_its_place(server, path):
    path.mkdir(parents=True)
    with pytest.raises(PartError, match=r"file\.bin is there already, but it cannot be read .*: move it\."):
        get(server, path, force=True)


@pytest.mark.parametrize(("how", "file", "answer"), [("ranges", "no.bin", "404 Not"), ("overload", "a", "503 Ser")])
def test_the_server_refuses(server, path, how, file, answer):
    server.how = how
    begun(path, b"kept")
    with pytest.raises(PartError, match=f"the server answered {answer}.*is kept"):
        fetch(Remote("folder", f"{server.url}/{file}", MD5), path)
    assert path.with_name("file.bin.part").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("mirror", "why"),
    [
        ("http://there-is-no-such-host.invalid", "[Nn]ame"),
        ("http://127.0.0.1:{free}", "refused"),
        ("gopher://127.0.0.1", "unknown url type"),
        ("http://[odd", "Invalid IPv6"),
        ("http://127.0.0.1:port", "nonnumeric port"),
        ("{tmp}/no folder", "No such file"),
    ],
)
def test_there_is_no_server(server, path, tmp_path, mirror, why):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mirror = mirror.format(free=free.getsockname()[1], tmp=tmp_path)
        with pytest.raises(PartError, match=f"Could not download .*{why}") as error:
            get(server, path, mirror=mirror)
    assert "\n" not in str(error.value)
    assert not path.exists()


def test_a_full_disk(server, path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    begun(path, b"")
    partial = path.with_name("file.bin.part")
    partial.unlink()
    partial.symlink_to(full)
    with pytest.raises(PartError, match=r"No space left on device.*is kept"):
        get(server, path)
    assert left(path) == ["file.bin.part"]


def test_a_folder_that_cannot_be_one(server, path):
    path.parent.write_text("a file")
    with pytest.raises(PartError, match=r"Could not download .*: File exists"):
        get(server, path)


@pytest.mark.parametrize("url", [True, False], ids=["URL", "folder"])
def test_a_mirror(server, path, tmp_path, url):
    folder = tmp_path / "a copy"
    folder.mkdir()
    (folder / "file.bin").write_bytes(CONTENT)
    remote = Remote("folder", "http://there-is-no-such-host.invalid/file.bin", MD5)
    begun(path, CONTENT[:10])
    assert fetch(remote, path, mirror=f"{server.url}/" if url else str(folder))
    assert path.read_bytes() == CONTENT
    assert server.asked == (["bytes=10-"] if url else [])


def test_the_table():
    remotes = [remote for parts in REMOTES.values() for remote in parts]
    assert len({remote.file for remote in remotes}) == len(remotes) == 20  # a mirror holds them beside each other
    assert len({(remote.folder, remote.name) for remote in remotes}) == 20
    for remote in remotes:
        assert remote.checksum is None or re.fullmatch("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", remote.checksum)
        assert remote.is_tar or remote.folder == "weights"
