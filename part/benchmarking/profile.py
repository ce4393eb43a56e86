"""The time and memory of a forward pass by operator and by module, from torch's profiler."""

import gzip
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from part.benchmarking.conditions import Conditions, Watch
from part.benchmarking.inputs import check_plan
from part.benchmarking.module_hooks import generic_path, module_hooks
from part.benchmarking.timing import Timing, synchronize, time_call, time_one
from part.inference.tagger import Tagger
from part.io import atomic_write
from part.jets.features import JetBatch

MARK = "module: "  # precedes a module's path among the names of operators
BETWEEN_OPERATORS = "between operators"  # time in Python and in code that torch does not record


@dataclass(frozen=True)
class ProfilePlan:
    """The plan of a profile.

    Attributes
    ----------
    models : tuple of str
        Names or checkpoints, as for `load_model`.
    batch : int
        Jets of a pass.
    length : int or None
        Constituents of random jets without padding; None takes the jets of a file.
    device : str
        See `load_model`.
    threads : int
        Threads of the CPU.
    passes : int
        Passes that are averaged.
    """

    models: tuple[str, ...]
    batch: int = 64
    length: int | None = None
    device: str = "auto"
    threads: int = 1
    passes: int = 5

    def __post_init__(self):
        check_plan(self)


@dataclass(frozen=True)
class ProfileEntry:
    """The cost of one operator within one module, per pass.

    Attributes
    ----------
    module : str
        Path of the module that calls the operator itself; operators of the modules below it are not included.
    operator : str
        Name of the operator.
    calls : float
        Calls per pass.
    seconds : float
        Time on the device per pass.
    memory : float
        Bytes of new tensors per pass.
    """

    module: str
    operator: str
    calls: float
    seconds: float
    memory: float


@dataclass(frozen=True)
class Profile:
    """The profile of one model.

    Attributes
    ----------
    model : str
        The model's name.
    entries : tuple of ProfileEntry
        Everything that a pass consists of.
    unprofiled_seconds : float
        Median time of a pass without the profiler, which slows it.
    unprofiled_passes : tuple of float
        The seconds of each of those passes; empty in files of earlier versions.
    conditions : Conditions or None
        What the machine did meanwhile; None in files of earlier versions.
    """

    model: str
    entries: tuple[ProfileEntry, ...]
    unprofiled_seconds: float
    unprofiled_passes: tuple[float, ...] = ()
    conditions: Conditions | None = None

    @property
    def timing(self) -> Timing:
        """The passes without the profiler, of files of earlier versions their median alone."""
        return Timing((), self.unprofiled_passes or (self.unprofiled_seconds,))

    @property
    def seconds(self) -> float:
        """The time of a pass under the profiler."""
        return sum(entry.seconds for entry in self.entries)


def profile_passes(name: str, tagger: Tagger, batch: JetBatch, passes: int, trace: Path | None = None) -> Profile:
    """Profile forward passes.

    Parameters
    ----------
    name : str
        The model's name in the result.
    tagger : Tagger
        The model.
    batch : JetBatch
        The jets, on the model's device.
    passes : int
        Passes that are averaged, after the same number without the profiler.
    trace : Path, optional
        File (.json.gz) for a trace that ui.perfetto.dev opens.

    Returns
    -------
    Profile
    """
    device = tagger.device
    with Watch(device) as watch:
        unprofiled = time_one(lambda: time_call(lambda: tagger.logits(batch), device), passes)
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    running = []

    def enter(path: str) -> None:
        running.append(record_function(MARK + path))
        running[-1].__enter__()

    def leave() -> None:
        running.pop().__exit__(None, None, None)

    with module_hooks(tagger.model, enter, leave), profile(activities=activities, profile_memory=True) as profiler:
        for _ in range(passes):
            with record_function(MARK):
                tagger.logits(batch)
                synchronize(device)
    if trace is not None:
        _write_trace(profiler, trace)
    return Profile(name, _entries(profiler, passes, device), unprofiled.median, unprofiled.seconds, watch.conditions)


def _entries(profiler: profile, passes: int, device: torch.device) -> tuple[ProfileEntry, ...]:
    sums = defaultdict(lambda: [0, 0.0, 0])
    for event in profiler.events():
        if (module := _module(event)) is None:
            continue
        on_gpu = device.type == "cuda"
        is_mark = event.name.startswith(MARK)
        entry = sums[module, BETWEEN_OPERATORS if is_mark else event.name.removeprefix("aten::")]
        entry[0] += 1
        entry[1] += event.self_device_time_total if on_gpu else event.self_cpu_time_total
        entry[2] += max(event.self_device_memory_usage if on_gpu else event.self_cpu_memory_usage, 0)
    return tuple(
        ProfileEntry(module, operator, calls / passes, us / 1e6 / passes, memory / passes)
        for (module, operator), (calls, us, memory) in sums.items()
        if us or memory
    )


def _module(event) -> str | None:
    """Return the path of the innermost module around an event; None outside a pass."""
    while event is not None and not event.name.startswith(MARK):
        event = event.cpu_parent
    return None if event is None else event.name.removeprefix(MARK)


def by_operator(profile: Profile) -> list[ProfileEntry]:
    """Sum over the modules, the longest operator first."""
    return _merge(profile, lambda entry: ("", entry.operator))


def by_module(profile: Profile) -> list[ProfileEntry]:
    """Sum over the operators of each module, and over the same module of all blocks, the longest first."""
    return _merge(profile, lambda entry: (generic_path(entry.module), ""))


def _merge(profile: Profile, key: Callable[[ProfileEntry], tuple[str, str]]) -> list[ProfileEntry]:
    sums = defaultdict(lambda: [0.0, 0.0, 0.0])
    for entry in profile.entries:
        for i, value in enumerate((entry.calls, entry.seconds, entry.memory)):
            sums[key(entry)][i] += value
    merged = [ProfileEntry(*names, *values) for names, values in sums.items()]
    return sorted(merged, key=lambda entry: -entry.seconds)


def _write_trace(profiler: profile, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        uncompressed = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(uncompressed))
        with atomic_write(path) as partial, uncompressed.open("rb") as source, gzip.open(partial, "wb") as target:
            shutil.copyfileobj(source, target)
