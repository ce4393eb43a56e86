"""`python -m part download` as users see it, with a local server."""

import hashlib
import io

import pytest
import torch
from helpers.file_server import running_server, write_tar
from helpers.jets import COUNTS, write_jets
from helpers.models import weaver_part
from helpers.references import shared

from part.__main__ import main
from part.jets import count_jets
from part.jets.fetch.catalogue import REMOTE_FILES, RemoteFile
from part.jets.fetch.download import digest
from part.jets.finding import find_files


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with running_server() as server:
        yield server


def command(server, out, *words) -> int:
    return main(["download", *words, "--out", str(out), "--mirror", server.url])


@pytest.fixture
def top(server, tmp_path, monkeypatch):
    """Return TopLandscape with two small files in place of the real ones."""
    jets = write_jets(tmp_path / "jets.root", COUNTS).read_bytes()
    files = {f"TopLandscape/{name}_file.root": jets for name in ("train", "val")}
    server.files["TopLandscape.tar"] = tar = write_tar(files, tmp_path / "served.tar")
    (real,) = REMOTE_FILES["TopLandscape"]
    small = RemoteFile(real.folder, real.url, f"md5:{hashlib.md5(tar).hexdigest()}")
    monkeypatch.setitem(REMOTE_FILES, "TopLandscape", (small,))
    return tmp_path / "out"


def test_it_lists_all_files(capsys):
    assert main(["download"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == list(REMOTE_FILES)
    assert sum("https://" in line for line in lines) == 12 + 1 + 1 + 6
    assert "train_100M_part9" in "\n".join(lines)


def test_a_dataset(server, top, capsys):
    assert command(server, top, "TopLandscape") == 0
    output = capsys.readouterr()
    assert "TopLandscape: 2 files." in output.out
    assert "Downloading TopLandscape.tar, MB: 1 of 1" in output.err
    assert "Unpacking TopLandscape.tar" in output.err
    (file,) = find_files([str(top / "TopLandscape" / "train")])
    assert count_jets(file) == len(COUNTS)
    assert [p.name for p in top.iterdir()] == ["TopLandscape"]
    assert command(server, top, "TopLandscape") == 0
    assert "is complete already" in capsys.readouterr().out
    assert len(server.range_headers) == 1


def test_a_tar_is_kept_on_request_or_if_it_was_not_downloaded(server, top, capsys):
    assert command(server, top, "TopLandscape", "--keep-tar") == 0
    assert "TopLandscape.tar was kept" in capsys.readouterr().out
    (top / "TopLandscape" / "val" / "val_file.root").unlink()
    assert command(server, top, "TopLandscape") == 2
    assert "val_file.root is missing" in capsys.readouterr().err
    assert command(server, top, "TopLandscape", "--force") == 0
    assert sorted(p.name for p in top.iterdir()) == ["TopLandscape", "TopLandscape.tar"]
    assert len(server.range_headers) == 1


def test_resumed_after_a_break(server, top, capsys):
    server.behaviour = "breaks"
    assert command(server, top, "TopLandscape") == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("Could not download")
    assert message.endswith("TopLandscape.tar.part is kept, run the same command again to resume.")
    server.behaviour = "ranges"
    assert command(server, top, "TopLandscape") == 0
    assert server.range_headers[1] is not None


def test_published_checksums_are_verified(server, tmp_path, capsys):
    server.files["JetClass_Pythia_val_5M.tar"] = b"something else"
    assert command(server, tmp_path, "JetClass", "--part", "val") == 2
    assert "expected 7235ccb577ed85023ea3ab4d5e6160cf" in capsys.readouterr().err
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["JetNet"], "There is no JetNet; expected JetClass, QuarkGluon, TopLandscape, weights."),
        (
            ["JetClass", "--part", "train", "half"],
            "JetClass has no part half; expected some of train, val, test, tra",
        ),
        (["weights", "--part", "ParT_huge"], "weights has no part ParT_huge; expected some of ParT, ParticleNet, "),
        (["TopLandscape", "--part", "val"], "TopLandscape is a single file; leave out --part."),
    ],
)
def test_unknown_names_are_rejected(server, tmp_path, words, sentence, capsys):
    assert command(server, tmp_path, *words) == 2
    assert sentence in capsys.readouterr().err
    assert server.range_headers == []


def test_the_published_particlenets(server, tmp_path, capsys):
    for name in ("full", "kin", "kinpid"):
        file = shared(f"weights/ParticleNet_{name}.pt")
        server.files[file.name] = file.read_bytes()
    assert command(server, tmp_path, "weights", "--part", "ParticleNet") == 0
    assert capsys.readouterr().out.count("its checksum is correct") == 3
    assert len(list((tmp_path / "weights").glob("*.pt"))) == 3


def test_part_weights_are_checked_by_loading(server, tmp_path, capsys):
    buffer, path = io.BytesIO(), tmp_path / "weights" / "ParT_full.pt"
    torch.save(weaver_part("0.4.17").state_dict(), buffer)
    server.files["ParT_full.pt"] = server.files["ParT_kin.pt"] = buffer.getvalue()
    assert command(server, tmp_path, "weights", "--part", "ParT_full") == 0
    output = capsys.readouterr().out
    assert "no checksum is published" in output
    assert digest(path) in output
    assert command(server, tmp_path, "weights", "--part", "ParT_kin") == 2
    assert "holds a ParT_full, expected a ParT_kin; it was deleted" in capsys.readouterr().err
    path.write_bytes(path.read_bytes()[:-1000])
    assert command(server, tmp_path, "weights", "--part", "ParT_full") == 2
    assert "ParT_full.pt exists already, but" in capsys.readouterr().err
    assert command(server, tmp_path, "weights", "--part", "ParT_full", "--force") == 0
    assert path.read_bytes() == buffer.getvalue()
    assert [p.name for p in path.parent.iterdir()] == ["ParT_full.pt"]
