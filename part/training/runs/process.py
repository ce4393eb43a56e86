"""The process of a training run: which one it is, whether it still runs, how it starts and how it ends.

`process.json` in a run's folder holds the process id, the time at which the system started the process, and its
command. The start time is needed because the system gives the id of an ended process to another one.
"""

import json
import os
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, TypedDict

PROC = Path("/proc")
PIDFILE = "process.json"
PROMPT = "$ "  # precedes a command in the output


class ProcessRecord(TypedDict, total=False):
    """The content of a pidfile; `plan` until the run writes its own, `stopped` once the run was requested to end."""

    pid: int
    started: str | None
    command: list[str]
    plan: dict[str, Any]
    stopped: bool


def start_time(pid: int) -> str | None:
    """Return when the system started a process, in the system's own format; None if it does not run."""
    if PROC.is_dir():
        try:
            stat = (PROC / str(pid) / "stat").read_text()
        except OSError:
            return None
        entries = stat.rpartition(")")[2].split()  # the command's name ends here; it may hold spaces and brackets
        state, started = entries[0], entries[19]
    else:
        ps = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
        state, _, started = ps.stdout.strip().partition(" ")
    return None if state[:1] in ("", "Z", "X") else started.strip()


def write_pidfile(folder: Path, pid: int, command: list[str], config: dict[str, Any] | None = None) -> None:
    """Record the process that trains in a run's folder, unless it is recorded already.

    Parameters
    ----------
    folder : Path
        The run's folder.
    pid : int
        The process id.
    command : list of str
        The words of its command line.
    config : dict, optional
        The choices of the run, by the keys of `plan.json`, which the process has not written yet.
    """
    recorded = read_pidfile(folder)
    if recorded.get("pid") == pid and is_alive(recorded):
        return
    record: ProcessRecord = {"pid": pid, "started": start_time(pid), "command": command}
    save_record(folder, record | {"plan": config} if config else record)


def read_pidfile(folder: Path) -> ProcessRecord:
    """Return the recorded process of a run's folder; {} if there is none."""
    try:
        record = json.loads((folder / PIDFILE).read_text()) if os.path.isfile(folder / PIDFILE) else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def save_record(folder: Path, record: ProcessRecord) -> None:
    """Write a pidfile atomically."""
    partial = folder / f".{PIDFILE}.part"
    partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    partial.replace(folder / PIDFILE)


def is_alive(record: ProcessRecord) -> bool:
    """Return whether the recorded process still runs, and not another one with its id."""
    pid = record.get("pid")
    return isinstance(pid, int) and record.get("started") is not None and start_time(pid) == record["started"]


def launch(folder: Path, command: list[str], cwd: Path, config: dict[str, Any]) -> None:
    """Start a process that outlives this one; its command and output are appended to the run's log/output.txt."""
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
    write_pidfile(folder, process.pid, command, config)
    threading.Thread(target=process.wait, daemon=True).start()  # reaps the process, so that it leaves no zombie


def terminate(folder: Path, record: ProcessRecord, grace: float) -> threading.Thread:
    """Ask a process to end, and kill it after `grace` seconds; returns the thread that does so."""
    save_record(folder, record | {"stopped": True})
    _signal(record, signal.SIGTERM)

    def insist() -> None:
        deadline = time.monotonic() + grace
        while is_alive(record) and time.monotonic() < deadline:
            time.sleep(0.1)
        _signal(record, signal.SIGKILL)
        while is_alive(record):  # ends soon, since no process can ignore this signal
            time.sleep(0.01)

    thread = threading.Thread(target=insist, daemon=True)
    thread.start()
    return thread


def _signal(record: ProcessRecord, number: signal.Signals) -> None:
    """Send a signal to a process, and to its children if it leads a process group of its own."""
    if not is_alive(record):
        return
    pid = int(record["pid"])
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:  # the process ended in the meantime
        return
