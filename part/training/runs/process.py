"""The process of a training run: who it is, whether it still runs, how it starts and how it ends.

A run's folder says who trains there: `process.json` holds pid, the time at which the system started it, and the
command. Numbers of processes are given away again, so a pid alone says nothing.
"""

import json
import os
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path

PROC = Path("/proc")
FILE = "process.json"
PROMPT = "$ "  # ahead of a command in the output


def started(pid: int) -> str | None:
    """When the system started a process, in its own terms; None if there is none, or if it has ended."""
    if PROC.is_dir():
        try:
            told = (
                (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            )  # the name before may hold anything
        except OSError:
            return None
        state, time_of_start = told[0], told[19]
    else:
        asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
        state, _, time_of_start = asked.stdout.strip().partition(" ")
    return None if state[:1] in ("", "Z", "X") else time_of_start.strip()


def sign(folder: Path, pid: int, command: list[str], plan: dict | None = None) -> None:
    """Write down that a process trains in a run's folder, unless that is written.

    plan: what it will write itself, once it has come so far.
    """
    before = read(folder)
    if before.get("pid") == pid and alive(before):
        return
    write(folder, {"pid": pid, "started": started(pid), "command": command} | ({"plan": plan} if plan else {}))


def read(folder: Path) -> dict:
    """What is signed in a run's folder; {} if nothing is."""
    try:
        signed = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return signed if isinstance(signed, dict) else {}


def write(folder: Path, process: dict) -> None:
    partial = folder / f".{FILE}.part"
    partial.write_text(json.dumps(process, indent=2, ensure_ascii=False) + "\n")
    partial.replace(folder / FILE)


def alive(process: dict) -> bool:
    """Whether the process of a `process.json` still runs, and not another one under its number."""
    pid = process.get("pid")
    return isinstance(pid, int) and process.get("started") is not None and started(pid) == process["started"]


def launch(folder: Path, command: list[str], cwd: Path, plan: dict) -> None:
    """Start a command that outlives us; itself and what it says are added to log/output.txt in the run's folder."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    with (folder / "log" / "output.txt").open("ab") as output:
        output.write(f"{PROMPT}{shlex.join(command)}\n".encode())
        output.flush()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    sign(folder, process.pid, command, plan)
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves the list of processes


def end(folder: Path, process: dict, grace: float) -> threading.Thread:
    """Ask a process to end, and after `grace` seconds make it; returns the thread that sees to it."""
    write(folder, process | {"stopped": True})
    _signal(process, signal.SIGTERM)

    def insist() -> None:
        patience = time.monotonic() + grace
        while alive(process) and time.monotonic() < patience:
            time.sleep(0.1)
        _signal(process, signal.SIGKILL)
        while alive(process):  # not for long: nothing can refuse
            time.sleep(0.01)

    thread = threading.Thread(target=insist, daemon=True)
    thread.start()
    return thread


def _signal(process: dict, number: signal.Signals) -> None:
    """To the process and its children if it leads a group of its own, else to it alone."""
    if not alive(process):
        return
    pid = int(process["pid"])
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:  # it ended a moment ago
        return
