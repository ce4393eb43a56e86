"""Where the time of a forward pass goes: by operator and by module, from torch's profiler."""

import gzip
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from part.benchmarking.inputs import check_plan
from part.benchmarking.module_hooks import announced, kind
from part.benchmarking.timing import finished, of_one, one_pass
from part.inference.tagger import Tagger
from part.io import atomic_write
from part.jets.features import JetBatch

MARK = "module: "  # ahead of a module's path among the names of operators
BETWEEN = "between operators"  # Python, and what torch does not see


@dataclass(frozen=True)
class ProfilePlan:
    """Models on a batch of made-up jets of N constituents without padding (None: of a file, as they are)."""

    models: tuple[str, ...]
    batch: int = 64
    length: int | None = None
    device: str = "auto"
    threads: int = 1
    passes: int = 5

    def __post_init__(self):
        check_plan(self)


@dataclass(frozen=True)
class Part:
    """What an operator takes within a module itself, not in modules below it; of one pass, blocks apart.

    calls: how many. seconds: on the device. memory: bytes of new tensors.
    """

    module: str
    operator: str
    calls: float
    seconds: float
    memory: float


@dataclass(frozen=True)
class Profile:
    """parts: all that a pass consists of. plain: median seconds of a pass without the profiler, which slows it."""

    model: str
    parts: tuple[Part, ...]
    plain: float

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)


def profiled(name: str, tagger: Tagger, batch: JetBatch, passes: int, trace: Path | None = None) -> Profile:
    """Of forward passes after one that warms up. trace: where to write it for Perfetto, as .json.gz."""
    device = tagger.device
    plain = of_one(lambda: one_pass(lambda: tagger.logits(batch), device), passes).median
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    running = []

    def enter(path: str) -> None:
        running.append(record_function(MARK + path))
        running[-1].__enter__()

    def leave() -> None:
        running.pop().__exit__(None, None, None)

    with announced(tagger.model, enter, leave), profile(activities=activities, profile_memory=True) as told:
        for _ in range(passes):
            with record_function(MARK):
                tagger.logits(batch)
                finished(device)
    if trace is not None:
        _write_trace(told, trace)
    return Profile(name, _parts(told, passes, device), plain)


def _parts(told: profile, passes: int, device: torch.device) -> tuple[Part, ...]:
    found = defaultdict(lambda: [0, 0.0, 0])
    for event in told.events():
        if (module := _module(event)) is None:
            continue
        on_gpu = device.type == "cuda"
        mark = event.name.startswith(MARK)
        entry = found[module, BETWEEN if mark else event.name.removeprefix("aten::")]
        entry[0] += 1
        entry[1] += event.self_device_time_total if on_gpu else event.self_cpu_time_total
        entry[2] += max(event.self_device_memory_usage if on_gpu else event.self_cpu_memory_usage, 0)
    return tuple(
        Part(module, operator, calls / passes, us / 1e6 / passes, memory / passes)
        for (module, operator), (calls, us, memory) in found.items()
        if us or memory
    )


def _module(event) -> str | None:
    """The path of the module that an event is within or is; None outside a pass."""
    while event is not None and not event.name.startswith(MARK):
        event = event.cpu_parent
    return None if event is None else event.name.removeprefix(MARK)


def by_operator(profile: Profile) -> list[Part]:
    """Of all modules together, the longest first."""
    return _merged(profile, lambda part: ("", part.operator))


def by_module(profile: Profile) -> list[Part]:
    """Of each module's own operators together, equal modules of all blocks taken together."""
    return _merged(profile, lambda part: (kind(part.module), ""))


def _merged(profile: Profile, key) -> list[Part]:
    found = defaultdict(lambda: [0.0, 0.0, 0.0])
    for part in profile.parts:
        for i, value in enumerate((part.calls, part.seconds, part.memory)):
            found[key(part)][i] += value
    merged = [Part(*names, *sums) for names, sums in found.items()]
    return sorted(merged, key=lambda part: -part.seconds)


def _write_trace(told: profile, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "trace.json"
        told.export_chrome_trace(str(plain))
        with atomic_write(path) as partial, plain.open("rb") as source, gzip.open(partial, "wb") as made:
            shutil.copyfileobj(source, made)


def profile_from_dict(values: dict) -> Profile:
    """The inverse of dataclasses.asdict."""
    return Profile(values["model"], tuple(Part(**part) for part in values["parts"]), values["plain"])
