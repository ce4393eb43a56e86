"""Downloads end with the complete file, after any number of attempts, or with one sentence."""

import hashlib
import re
import socket
from pathlib import Path

import pytest
from helpers.file_server import CONTENT, running_server

from part.errors import PartError
from part.jets.fetch.catalogue import REMOTE_FILES, RemoteFile
from part.jets.fetch.download import fetch

MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with running_server() as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "file.bin"


def get(server, path, checksum=MD5, **options) -> bool:
    return fetch(RemoteFile("folder", f"{server.url}/file.bin", checksum), path, **options)


def write_partial(path: Path, content: bytes) -> None:
    """Write what an interrupted download leaves."""
    path.parent.mkdir(exist_ok=True)
    path.with_name("file.bin.part").write_bytes(content)


def files_beside(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir()) if path.parent.exists() else []


@pytest.mark.parametrize("behaviour", ["ranges", "no ranges", "chunked"])
def test_a_file(server, path, behaviour):
    server.behaviour, steps = behaviour, []
    assert get(server, path, progress=lambda *step: steps.append(step))
    assert path.read_bytes() == CONTENT
    assert files_beside(path) == ["file.bin"]
    if behaviour != "chunked":  # such a response has no size
        assert steps[-1] == ("Downloading file.bin", len(CONTENT), len(CONTENT))
        assert [done for _, done, _ in steps] == sorted({done for _, done, _ in steps})


def test_sha256(server, path):
    assert get(server, path, f"sha256:{hashlib.sha256(CONTENT).hexdigest()}")


def test_an_empty_file(server, path):
    server.files["file.bin"] = b""
    assert get(server, path, f"md5:{hashlib.md5(b'').hexdigest()}", progress=lambda *_: None)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("behaviour", ["breaks", "chunked breaks"])
def test_a_lost_connection_is_resumed(server, path, behaviour):
    server.behaviour = behaviour
    with pytest.raises(
        PartError, match=r"Could not download http\S+file\.bin to .*is kept, run the same command again"
    ):
        get(server, path)
    assert files_beside(path) == ["file.bin.part"]
    half = path.with_name("file.bin.part").stat().st_size
    assert 0 < half < len(CONTENT)
    server.behaviour = "ranges"
    assert get(server, path)
    assert server.range_headers == [None, f"bytes={half}-"]
    assert path.read_bytes() == CONTENT
    assert files_beside(path) == ["file.bin"]


def test_the_error_reports_the_bytes_so_far(server, path):
    server.behaviour = "breaks"
    with pytest.raises(PartError, match=r"the connection was lost after 512,000 of 1,024,000 bytes"):
        get(server, path)


@pytest.mark.parametrize("behaviour", ["no ranges", "other range"])
def test_a_server_that_sends_other_bytes_than_the_missing_ones(server, path, behaviour):
    write_partial(path, CONTENT[:1001])
    server.behaviour = behaviour
    assert get(server, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("behaviour", ["ranges", "size hidden", "no ranges"])
@pytest.mark.parametrize("more", [b"", b"and more"], ids=["complete", "too long"])
def test_nothing_is_missing(server, path, behaviour, more):
    write_partial(path, CONTENT + more)
    server.behaviour = behaviour
    assert get(server, path)
    assert path.read_bytes() == CONTENT
    complete = behaviour == "ranges" and not more
    assert len(server.range_headers) == (1 if complete or behaviour == "no ranges" else 2)


def test_a_file_with_a_wrong_checksum_is_deleted(server, path):
    server.files["file.bin"] = b"<html>Please log in</html>"
    actual = hashlib.md5(server.files["file.bin"]).hexdigest()
    with pytest.raises(PartError, match=rf"file\.bin .* md5 is {actual}, expected {MD5[4:]}; it was deleted"):
        get(server, path)
    assert files_beside(path) == []


def test_a_file_with_a_wrong_beginning_is_deleted(server, path):
    write_partial(path, b"another file")
    with pytest.raises(PartError, match="it was deleted"):
        get(server, path)
    assert files_beside(path) == []
    assert get(server, path)


def test_a_complete_file_is_kept(server, path):
    write_partial(path, b"")
    path.write_bytes(CONTENT)
    before = path.stat()
    assert not get(server, path)
    assert not get(server, path, force=True)
    assert server.range_headers == []
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_another_file_is_replaced_only_by_force(server, path):
    write_partial(path, b"")
    path.write_bytes(b"mine")
    with pytest.raises(PartError, match=r"file\.bin exists already, but its md5 is .*, expected .*use --force"):
        get(server, path)
    assert (path.read_bytes(), server.range_headers) == (b"mine", [])
    server.behaviour = "breaks"
    with pytest.raises(PartError, match="lost"):
        get(server, path, force=True)
    assert path.read_bytes() == b"mine"  # until the new file is complete
    server.behaviour = "ranges"
    assert get(server, path, force=True)
    assert path.read_bytes() == CONTENT


def test_a_folder_in_its_place(server, path):
    path.mkdir(parents=True)
    with pytest.raises(PartError, match=r"file\.bin exists already, but it cannot be read .*: move it\."):
        get(server, path, force=True)


@pytest.mark.parametrize(
    ("behaviour", "file", "answer"), [("ranges", "no.bin", "404 Not"), ("overload", "a", "503 Ser")]
)
def test_the_server_answers_with_an_error(server, path, behaviour, file, answer):
    server.behaviour = behaviour
    write_partial(path, b"kept")
    with pytest.raises(PartError, match=f"the server answered {answer}.*is kept"):
        fetch(RemoteFile("folder", f"{server.url}/{file}", MD5), path)
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
    write_partial(path, b"")
    partial = path.with_name("file.bin.part")
    partial.unlink()
    partial.symlink_to(full)
    with pytest.raises(PartError, match=r"No space left on device.*is kept"):
        get(server, path)
    assert files_beside(path) == ["file.bin.part"]


def test_a_file_in_place_of_the_folder(server, path):
    path.parent.write_text("a file")
    with pytest.raises(PartError, match=r"Could not download .*: File exists"):
        get(server, path)


@pytest.mark.parametrize("url", [True, False], ids=["URL", "folder"])
def test_a_mirror(server, path, tmp_path, url):
    folder = tmp_path / "a copy"
    folder.mkdir()
    (folder / "file.bin").write_bytes(CONTENT)
    remote = RemoteFile("folder", "http://there-is-no-such-host.invalid/file.bin", MD5)
    write_partial(path, CONTENT[:10])
    assert fetch(remote, path, mirror=f"{server.url}/" if url else str(folder))
    assert path.read_bytes() == CONTENT
    assert server.range_headers == (["bytes=10-"] if url else [])


def test_the_catalogue_is_consistent():
    remotes = [remote for files in REMOTE_FILES.values() for remote in files]
    assert len({remote.file for remote in remotes}) == len(remotes) == 20  # a mirror holds them in one folder
    assert len({(remote.folder, remote.name) for remote in remotes}) == 20
    for remote in remotes:
        assert remote.checksum is None or re.fullmatch("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", remote.checksum)
        assert remote.is_tar or remote.folder == "weights"
