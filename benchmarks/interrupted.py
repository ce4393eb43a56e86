"""Kill commands at random moments, and let them meet a full disk: python benchmarks/interrupted.py

Each command first runs undisturbed, which says how long it takes and what its results are. Then it is killed (SIGKILL)
at a moment that the seed says, half of the times in a folder that has older results, and run again. Under its final
name no file may be anything but the whole new or the whole old one, and the second run must give what the undisturbed
one gave; a training is resumed and must end with the same weights, bit for bit. Then each command runs on a disk (a
tmpfs, where this user may mount one, else a limit on the size of files) with room for a part of its results: it must
end with one sentence and exit code 2, leave older results as they were, and give the right ones once there is room.
Processes are forked from one that has imported everything, so that the moments fall into the work.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from commands import COMMANDS, Case, content
from helpers.jets import write_jets, write_model

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}
KILLED = ("old or new, then right", "half a file", "second run fails", "second run differs")
FULL = ("refused, old as it was, then right", "another error", "old changed", "half a file", "later run differs")
# What the commands import late, so that processes need not do it, and moments fall into the work.
PRELOADED = ("part.training.trainer", "part.figures.matplotlib.charts", "part.comparison.engine", "part.export")
DISK = 2**24  # bytes
TABLES = KILLED, FULL


def kill(case: Case, out: Path, seconds: float, with_old: bool) -> tuple[str, str]:
    """Kill the command after some seconds and run it again; return the outcome and what was said."""
    if with_old:
        case.run(out, 1)
    process, _ = case.start(out, 2)
    process.join(seconds)
    process.kill()
    process.join()
    if case.has_half_file(content(out)):
        return "half a file", ", ".join(content(out))
    code, said = case.run(out, 2)
    is_there = case.is_right(content(out), case.old | case.new if with_old else case.new)
    if code != 0 and not (is_there and "exists" in said):
        return "second run fails", said
    return ("old or new, then right" if is_there else "second run differs"), said


def fill(case: Case, out: Path, share: float, with_old: bool) -> tuple[str, str]:
    """Run the command with room for a share of its results, then with enough; return outcome and words."""
    if with_old:
        case.run(out, 1)
    before = content(out)
    size = max(len(value) for value in case.new.values()) if not os.path.ismount(out.parent) else 0
    with no_room_beyond(out.parent, int(share * sum(map(len, case.new.values())))):
        code, said = case.run(out, 2, int(share * size) if size else None)
    after, sentence = content(out), said.strip().splitlines()[-1:]
    if case.has_half_file(after):
        return "half a file", said
    if case.is_right(after, before | case.new):
        return "refused, old as it was, then right", "there was room"
    if code != 2 or not sentence or "Traceback" in said:
        return "another error", said
    if any(after.get(file) != value for file, value in before.items()):
        return "old changed", said
    code, said = case.run(out, 2)
    is_right = code == 0 and case.is_right(content(out), before | case.new)
    return ("refused, old as it was, then right" if is_right else "later run differs"), said


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk at a folder and say whether that was allowed."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    is_mounted = subprocess.run(words, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def no_room_beyond(folder: Path, n_bytes: int) -> Iterator[None]:
    """Fill a small disk but for some bytes; nothing happens elsewhere."""
    filler = folder / "filler"
    if os.path.ismount(folder):
        filler.write_bytes(bytes(max(shutil.disk_usage(folder).free - n_bytes, 0)))
    yield
    filler.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each command (default: 20)")
    parser.add_argument("--disks", type=int, default=10, help="full disks for each command (default: 10)")
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in PRELOADED:
        import_module(name)
    rng = np.random.default_rng(options.seed)
    outcomes: dict[str, tuple[Counter, Counter]] = {}
    with tempfile.TemporaryDirectory() as place, small_disk(Path(place) / "disk") as is_mounted:
        folder, inputs = Path(place), Path(place) / "inputs"
        inputs.mkdir()
        for number in (1, 2, 3):
            write_jets(inputs / f"{number}.root", rng.integers(2, 20, 60).tolist(), seed=number)
        for seed, name in enumerate("ab"):
            write_model(inputs / f"{name}.safetensors", seed, **SMALL)
        for name in options.commands:
            case = Case(name, inputs, folder)
            outcomes[name] = Counter(), Counter()
            ways = (folder, options.kills, kill, case.seconds), (folder / "disk", options.disks, fill, 1.0)
            for counts, (parent, count, interrupt, most) in zip(outcomes[name], ways, strict=True):
                for i in range(count):
                    out, amount = Path(tempfile.mkdtemp(dir=parent)), rng.uniform(0, most)
                    outcome, said = interrupt(case, out, amount, case.overwrites and i % 2 == 1)
                    counts[outcome] += 1
                    if outcome not in (KILLED[0], FULL[0]):
                        print(f"{name}, {amount:.2f}: {outcome}: {said}", file=sys.stderr)
                    shutil.rmtree(out)
    print(f"full disk: {'a tmpfs' if is_mounted else 'a limit on the size of files'}")
    for which, names in enumerate(TABLES):
        print(f"\n| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
        for name, counts in outcomes.items():
            print(f"| {name} | {' | '.join(str(counts[which][outcome]) for outcome in names)} |")
    is_clean = all(
        set(counts) <= {names[0]} for pair in outcomes.values() for names, counts in zip(TABLES, pair, strict=True)
    )
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
