"""Commands that run in processes of their own, and what their undisturbed runs give, for `interrupted.py`."""

import contextlib
import io
import json
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import safetensors.torch
import uproot

from part.__main__ import main as run_command

Process = multiprocessing.get_context("fork").Process
# What is written into {out} depends on {n}, which is 1 for older results and 2 for those that are interrupted.
COMMANDS = {
    "predict": "predict --model {in}/a.safetensors --jets {in}/{n}.root --out {out}/x.parquet --force",
    "study": "study topk --model {in}/a.safetensors --jets {in}/{n}.root --out {out} --force",
    "compare": "compare --models {in}/a.safetensors {in}/b.safetensors --jets {in}/{n}.root --out {out} --force "
    "--replicas 20 --attention-jets 8",
    "export": "export --model {in}/a.safetensors --jets {in}/{n}.root --out {out} --format png,pdf,npz,json --force",
    "convert": "convert {in}/a.safetensors {out}/x.safetensors --note {n}",
    "simulate": "simulate QuarkGluon --jets 3 --seed {n} --out {out}",
    "train": "train JetClass PFN kin --train {in}/{n}.root --val {in}/3.root --name x --out {out} --batch-size 16 "
    "--epochs 3 --jets-per-epoch 48 --val-jets 20 --precision fp32 --calibration-jets 20 --memory 0 --workers 0",
}


class Case:
    """A command, with what its undisturbed runs give.

    Attributes
    ----------
    name : str
        The command.
    old, new : dict
        The content of the files that it writes, for the two values of {n}.
    varying : set of str
        Files that differ from run to run, since they hold a date.
    seconds : float
        How long it takes.
    """

    def __init__(self, name: str, inputs: Path, folder: Path):
        self.name, self.inputs = name, inputs
        results = []
        for number in (1, 2, 2):
            out = Path(tempfile.mkdtemp(dir=folder))
            started = time.monotonic()
            code, said = self.run(out, number)
            self.seconds = time.monotonic() - started
            assert code == 0, (name, said)
            results.append(content(out))
        self.old, self.new, again = results
        assert self.new.keys() == again.keys(), name
        self.varying = {file for file in self.new if self.new[file] != again[file]}

    @property
    def overwrites(self) -> bool:
        return "--force" in COMMANDS[self.name]

    def start(self, out: Path, number: int, limit: int | None = None) -> tuple[Process, Connection]:
        """Start the command in a process of its own; return it, and the pipe of its exit code and its words."""
        words = COMMANDS[self.name].format_map({"out": out, "n": number, "in": self.inputs}).split()
        if self.name == "train" and (out / "x" / "plan.json").exists():
            words.append("--resume")
        here, there = multiprocessing.Pipe(duplex=False)
        process = Process(target=work, args=(words, there, limit))
        process.start()
        there.close()
        return process, here

    def run(self, out: Path, number: int, limit: int | None = None) -> tuple[int, str]:
        """Run the command to its end; return its exit code and what it said on stderr."""
        process, pipe = self.start(out, number, limit)
        try:
            return pipe.recv()
        except EOFError:
            return -1, "died"
        finally:
            process.join()

    def is_right(self, found: dict[str, bytes], expected: dict[str, bytes]) -> bool:
        """Return whether results are those expected; of files that vary, whether they are whole."""
        return found.keys() == expected.keys() and all(
            found[file] == expected[file] or (file in self.varying and is_whole(file, found[file])) for file in expected
        )

    def has_half_file(self, found: dict[str, bytes]) -> bool:
        """Return whether a file is neither the old one nor the new one; a training has the weights of each epoch."""
        return not all(
            value in (self.old.get(file), self.new.get(file))
            or ((file in self.varying or self.name == "train") and is_whole(file, value))
            for file, value in found.items()
            if file in self.new
        )


def work(words: list[str], pipe: Connection, limit: int | None) -> None:
    """Run a command as the command line does, with its files limited to some bytes."""
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # FastJet prints who wrote it
    if limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            code = run_command(words)
        except BaseException:  # what a user would see as a traceback
            code = 1
            traceback.print_exc(file=said)
    pipe.send((code, said.getvalue()))


def content(out: Path) -> dict[str, bytes]:
    """Return the results below a folder; of a training the weights, since its other files tell times."""
    paths = [path for path in sorted(out.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    if (out / "x").is_dir():
        paths = [path for path in paths if path.suffix == ".safetensors"]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def is_whole(name: str, value: bytes) -> bool:
    """Return whether a file that holds a date can be read to its end."""
    try:
        match Path(name).suffix:
            case ".json":
                return bool(json.loads(value))
            case ".npz":
                return all(array is not None for array in np.load(io.BytesIO(value)).values())
            case ".parquet":
                return len(pq.read_table(io.BytesIO(value))) > 0
            case ".csv":
                return value.count(b"\n") > 1 and value.endswith(b"\n")
            case ".safetensors":
                return bool(safetensors.torch.load(value))
            case ".pdf":
                return value.startswith(b"%PDF") and value.rstrip().endswith(b"%%EOF")
            case ".root":
                return len(uproot.open(io.BytesIO(value))["tree"].arrays()) > 0
    except Exception:
        return False
    return False
