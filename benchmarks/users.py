"""Let many visitors use the app at the same time: python benchmarks/users.py --users 16 --minutes 10

The server runs in a process of its own with the shipped models and jets. Each visitor, see visitor.py, does one thing
after another, with pauses as long as it takes to look at a jet (exponential, 5 s on average): mostly steps to other
jets, and heads, models, files, pages, uploads of sound and of damaged jets, and loading the page again. The seed says
what each of them does. First one visitor is alone for a while, for the ratio. Printed are what became of all that
was done, the times from an action until the server has drawn its result, the memory of the server, and the errors in
its log. A jet change is right only if the drawings are those of the jet that the URL names. Studies are not run: each
takes minutes of the processors by itself, whoever asks for it.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import requests
from reliability import damaged, write_sound_files
from visitor import Visitor

from part.benchmarking.machine import describe_machine

ROOT = Path(__file__).parents[1]
# Files of jets with models that read them.
MODELS = {
    "jetclass_like.root": (
        "part-full",
        "part-kin",
        "particlenet-full",
        "linpart-landmark",
        "pairattn-full",
        "pfn-full",
    ),
    "quarkgluon_like.root": ("part-qg", "part-qg-kin", "part-kin"),
    "toplandscape_like.root": ("part-top", "part-top-finetuned", "part-kin"),
}
FILES = list(MODELS)
PAGES = ("compare", "bias", "sparsity", "atlas", "circuits", "attribution", "intervention", "performance", "train")
UNFORESEEN = "Something went wrong here"  # the guard's words for any error but PartError
# What is done, and how often of a hundred times.
ACTIONS = {"next": 45, "random": 12, "number": 5, "head": 14, "models": 5, "file": 4, "page": 9, "upload": 4, "load": 2}
JET_CHANGES = ("next", "random", "number")
# The widgets of what not all pages have.
KEYS = {
    "next": "next",
    "random": "random",
    "number": "choose_jet",
    "head": "choose_head",
    "models": "choose_models",
    "file": "choose_file",
    "upload": "upload",
}
OUTCOMES = ("drawn", "said why not", "another jet", "exception", "no answer")


class User:
    """A visitor who does one thing after another, as a seed says."""

    def __init__(self, address: str, seed: tuple[int, ...], pause: float, patience: float, files: list[bytes]):
        self.visitor, self.rng = Visitor(address, patience), np.random.default_rng(seed)
        self.pause, self.files = pause, files

    async def use(self, until: float, times: dict[str, list[float]], outcomes: dict[str, Counter]) -> None:
        """Use the app until a time, and note how long all took and what became of it."""
        first = f"file={FILES[0]}&jet={self.rng.integers(2000)}&model={self.rng.choice(MODELS[FILES[0]])}"
        while time.monotonic() < until:
            async with Visitor(self.visitor.address, self.visitor.patience) as self.visitor:
                await self._note("load", self.visitor.open(first), times, outcomes)
                while time.monotonic() < until:
                    await asyncio.sleep(self.rng.exponential(self.pause))
                    names, weights = list(ACTIONS), np.array([*ACTIONS.values()])
                    action = names[self.rng.choice(len(names), p=weights / weights.sum())]
                    if action == "load":
                        first = self.visitor.query
                        break
                    await self._act(action, times, outcomes)

    async def _act(self, action: str, times: dict, outcomes: dict) -> None:
        visitor, rng = self.visitor, self.rng
        if action in KEYS and KEYS[action] not in visitor.widgets:
            await self._note("page", visitor.go_to(""), times, outcomes)
        if action in KEYS and KEYS[action] not in visitor.widgets:
            return  # a model without heads, or jets that it cannot read
        match action:
            case "next" | "random":
                doing = visitor.choose(action, None)
            case "number" | "head":
                most = int(visitor.widgets[KEYS[action]].element.max)
                doing = visitor.choose(KEYS[action], float(rng.integers(1, most + 1)))
            case "models":
                doing = self._choose_models()
            case "file":
                doing = visitor.choose("choose_file", FILES[rng.integers(len(FILES))])
            case "page":
                doing = visitor.go_to(PAGES[rng.integers(len(PAGES))])
            case "upload":
                content = self.files[rng.integers(len(self.files))]
                is_sound = rng.random() < 0.3
                action = "upload" if is_sound else "damaged upload"
                doing = visitor.upload("upload", "mine.root", content if is_sound else damaged(content, rng))
        await self._note(action, doing, times, outcomes)
        if action == "file":
            await self._note("models", self._choose_models(), times, outcomes)

    def _choose_models(self) -> Coroutine[Any, Any, float]:
        """Choose one or two models that read the jets."""
        readable = MODELS.get(self.visitor.parameter("file"), ("part-kin",))
        chosen = self.rng.choice(readable, min(self.rng.integers(1, 3), len(readable)), replace=False)
        return self.visitor.choose("choose_models", chosen.tolist())

    async def _note(self, action: str, doing: Awaitable[float], times: dict, outcomes: dict) -> None:
        try:
            times[action].append(await doing)
        except TimeoutError:
            outcomes[action]["no answer"] += 1
            return
        said = " ".join(self.visitor.alerts)
        if UNFORESEEN in said or "Error:" in said:
            outcome = "exception"
        elif said:
            outcome = "said why not"
        else:
            outcome = "another jet" if self._shows_another_jet() else "drawn"
        outcomes[action][outcome] += 1

    def _shows_another_jet(self) -> bool:
        """Return whether a drawing is of another jet than that of the URL."""
        widget, jet = self.visitor.widgets.get("table0"), self.visitor.parameter("jet") or "0"
        key = json.loads(widget.element.json)["key"] if widget else f":{jet}/"
        return f":{jet}/" not in key


async def use_app(
    address: str, server: int, n_users: int, seconds: float, options: argparse.Namespace, files: list[bytes]
) -> tuple[dict[str, list[float]], dict[str, Counter], list[float]]:
    """Let some users use the app; return times and outcomes by action, and the server's memory in MB over time."""
    times, outcomes, memory = defaultdict(list), defaultdict(Counter), []
    until = time.monotonic() + seconds
    users = [User(address, (options.seed, i), options.pause, 60.0, files) for i in range(n_users)]
    using = asyncio.gather(*(user.use(until, times, outcomes) for user in users))
    while not using.done():
        memory.append(resident_megabytes(server))
        await asyncio.wait([using], timeout=seconds / 100)
    await using
    return times, outcomes, memory


def resident_megabytes(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def start_server(port: int, log: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with log.open("w") as file:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    while True:
        try:
            requests.get(f"http://localhost:{port}/_stcore/health", timeout=1)
            return server
        except requests.RequestException:
            time.sleep(0.2)


def jet_times(times: dict[str, list[float]]) -> np.ndarray:
    return np.array([seconds for name in JET_CHANGES for seconds in times[name]])


def report(times: dict[str, list[float]], outcomes: dict[str, Counter], memory: list[float]) -> None:
    print(f"| | {' | '.join(OUTCOMES)} | median | p95 | longest |\n|---|{'---|' * (len(OUTCOMES) + 3)}")
    for name in sorted(outcomes):
        counts = " | ".join(str(outcomes[name][outcome]) for outcome in OUTCOMES)
        print(f"| {name} | {counts} | {spread(times[name])} |")
    print(f"| all jet changes |{' |' * len(OUTCOMES)} {spread(jet_times(times))} |")
    quarters = [memory[int(share * (len(memory) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)]
    print(f"\nmemory of the server at each quarter of the time: {', '.join(f'{value:.0f}' for value in quarters)} MB")


def spread(seconds) -> str:
    middle, high, longest = np.quantile(seconds, (0.5, 0.95, 1)) if len(seconds) else [np.nan] * 3
    return f"{middle:.2f} s | {high:.2f} s | {longest:.2f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--alone", type=float, default=1.0, help="minutes of one user before (default: 1)")
    parser.add_argument("--pause", type=float, default=5.0, help="mean seconds between a user's actions (default: 5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8767)
    options = parser.parse_args()
    print(f"{describe_machine()}; load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sound").mkdir()
        sound = write_sound_files(Path(folder) / "sound")
        files = [sound[kind][0].read_bytes() for kind in ("TTree", "RNTuple", "HDF5", "npz", "parquet")]
        log = Path(folder) / "log.txt"
        server = start_server(options.port, log)
        address = f"localhost:{options.port}"
        try:
            alone, _, _ = asyncio.run(use_app(address, server.pid, 1, 60 * options.alone, options, files))
            minutes = 60 * options.minutes
            times, outcomes, memory = asyncio.run(use_app(address, server.pid, options.users, minutes, options, files))
        finally:
            server.terminate()
            server.wait(10)
        errors = re.findall(r"^.*\b(?:[A-Z]\w*Error|Exception)\b.*$", log.read_text(), re.MULTILINE)
    print(f"{options.users} users for {options.minutes:g} minutes, a pause of {options.pause:g} s; one alone before\n")
    report(times, outcomes, memory)
    medians = np.median(jet_times(alone)), np.median(jet_times(times))
    print(f"a jet change of one user alone: {spread(jet_times(alone))}; ratio of medians {medians[1] / medians[0]:.1f}")
    print(f"{sum(map(len, times.values()))} actions; lines of errors in the log: {len(errors)}")
    print("\n".join(errors[:10]), file=sys.stderr)
    bad = sum(counts[name] for counts in outcomes.values() for name in ("another jet", "exception", "no answer"))
    return 1 if bad or errors else 0


if __name__ == "__main__":
    sys.exit(main())
