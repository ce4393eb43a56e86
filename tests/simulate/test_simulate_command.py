"""Invalid arguments of the command, and its progress."""

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from part.__main__ import main
from part.cli.simulate import RateReporter
from part.errors import PartError
from part.simulate.events import import_pythia
from part.simulate.samples import SAMPLES, parse_classes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--classes", "QCD,Hxx"], "JetClass has no class 'Hxx'"),
        (["--classes", ""], "JetClass has no class ''"),
        (["--jets", "0"], "--jets is 0; it must be 1 or more"),
        (["--seed", "-1"], "--seed is -1; it must be 0 or more"),
        (["--workers", "0"], "--workers is 0; it must be 1 or more"),
    ],
)
def test_wrong_arguments_end_with_one_sentence(arguments, message, tmp_path, capsys):
    assert main(["simulate", "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_is_rejected(pythia, tmp_path, capsys):
    (tmp_path / "out").touch()
    assert main(["simulate", "--out", str(tmp_path / "out")]) == 2
    assert "expected a folder" in capsys.readouterr().err


def test_without_pythia_the_error_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(PartError, match="needs Pythia 8: pip install pythia8mc"):
        import_pythia()


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))
def test_classes_are_the_datasets_and_named_once(sample):
    assert parse_classes("all", sample) == sample.dataset.classes
    first, second = sample.dataset.classes[:2]
    assert parse_classes(f"{second}, {first},{second}", sample) == (second, first)
    assert [process.label for process in sample.processes] == list(sample.dataset.classes)


def test_the_classes_of_all_samples_have_numbers_and_files_of_their_own():
    numbers = [sample.first_class + i for sample in SAMPLES.values() for i in range(len(sample.processes))]
    assert sorted(numbers) == list(range(14))
    files = {sample.file_name(label, 1) for sample in SAMPLES.values() for label in sample.dataset.classes}
    assert len(files) == 14


def test_progress_names_jets_rate_and_time_left(monkeypatch):
    clock = iter([0.0, 10.0, 40.0, 100.0])
    monkeypatch.setattr("part.cli.simulate.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    report = RateReporter(100, stream)
    for n_jets in (10, 40, 100):  # at 10 s it is too early for a line
        report(n_jets)
    lines = stream.getvalue().splitlines()
    assert lines == ["40 of 100 jets, 1 jets/s, 60 s left", "100 of 100 jets, 1 jets/s, 0 s left"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_a_command_that_is_killed_takes_its_workers_with_it(pythia, tmp_path):
    command = [sys.executable, "-m", "part", "simulate", "--classes", "QCD,Hbb", "--jets", "100000", "--workers", "2"]
    process = subprocess.Popen([*command, "--out", str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        workers = wait_for(lambda: children(process.pid) if len(children(process.pid)) >= 3 else None)
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(running(pid) for pid in workers))


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(text) for text in tasks.read_text().split()] if tasks.exists() else []


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(condition):
    for _ in range(600):
        if result := condition():
            return result
        time.sleep(0.1)
    raise AssertionError("the condition was not met within a minute")
