"""Two visitors use the real server over its protocol; benchmarks/users.py lets 16 do so for ten minutes."""

import socket
import subprocess
import sys

import pytest
from helpers.references import ROOT

OUTCOMES = ("drawn", "said why not", "another jet", "exception", "no answer")


@pytest.mark.slow
def test_no_visitor_sees_an_exception_or_anothers_jet():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["--users", "2", "--minutes", "0.3", "--alone", "0.1", "--pause", "0.3", "--port", port]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "benchmarks/users.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line]
    counts = {
        row[0]: dict(zip(OUTCOMES, map(int, row[1:6]), strict=True))
        for row in rows
        if len(row) > 6 and row[1].isdigit()
    }
    assert counts["load"]["drawn"]
