"""Some commands are killed and meet a full disk; benchmarks/interrupted.py does the same with all, and more often."""

import subprocess
import sys

import pytest
from helpers.references import ROOT

COMMANDS = ("predict", "convert")


@pytest.mark.slow
def test_killed_commands_and_full_disks_leave_whole_files_and_can_be_run_again():
    words = ["--kills", "2", "--disks", "2", "--commands", *COMMANDS]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "benchmarks/interrupted.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line]
    counted = [row for row in rows if row[-1].isdigit()]
    assert [row[0] for row in counted] == [*COMMANDS, *COMMANDS]
    assert [sum(map(int, row[1:])) for row in counted] == [2] * 4
