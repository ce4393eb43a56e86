"""What a report measures: which studies, on how many of the jets, and the command that makes it again."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from part.analysis.attribution.methods import unsupported_reason
from part.analysis.registry import study_class
from part.analysis.study import Study
from part.inference.tagger import Tagger
from part.jets.streaming import EntryRange

STRETCHES = 20  # of consecutive entries, of which a smaller sample consists
BATCHES = (1, 8, 64, 256)  # jets of a timed pass
TIMED_JETS = 256


@dataclass(frozen=True)
class Step:
    """A study of the report.

    Attributes
    ----------
    name : str
        Its name in `part.analysis.registry`.
    title : str
        What progress and the list of what is left out call it.
    jets : int
        The most jets that it takes; there are fewer where a jet takes long or intervals are narrow enough.
    """

    name: str
    title: str
    jets: int

    def study(self, tagger: Tagger, groups: tuple[str, ...]) -> Study:
        """Return the study with its defaults, but for methods that take a second for a jet and groups of classes."""
        options: dict[str, Any] = {}
        if self.name in ("physics", "truth"):
            options["methods"] = tuple(name for name in QUICK_METHODS if not unsupported_reason(tagger, name))
        if self.name == "importance":
            options["groups"] = groups
        return study_class(self.name)(**options)


STEPS = (
    Step("atlas", "Names of heads", 300),
    Step("sparsity", "Sparsity of heads", 500),
    Step("physics", "What heads follow", 150),
    Step("truth", "Attention on true prongs", 150),
    Step("bias", "Bias against q·k", 300),
    Step("bias_switch", "Without bias, without q·k", 300),
    Step("topk", "Fewer keys", 200),
    Step("importance", "Importance of heads and layers", 500),
    Step("lens", "Prediction by depth", 500),
    Step("attribution", "Attribution", 50),
)
QUICK_METHODS = ("occlusion", "rollout", "gradient_attention")  # of attribution, a tenth of a second for a jet
PREDICTIONS, JETS_IN_FULL, COSTS, WRITING = "Predictions", "Jets in full", "Latency", "Drawing"
STAGES = (PREDICTIONS, *(step.title for step in STEPS), JETS_IN_FULL, COSTS, WRITING)  # in this order


@dataclass(frozen=True)
class Request:
    """What a report is about, as its command says it.

    Attributes
    ----------
    model : str
        See `part.load_model`.
    jets : tuple of str
        Files, folders, globs or URLs.
    start, stop : int, optional
        The entries, counted through all files.
    training : mapping
        The arguments config, network, options and dataset of `part.load_model`, of those that were given.
    groups : tuple of str
        Groups of classes that count as one each in qualities, see `part.jets.class_groups`.
    background : str
        The class or group that rejections refer to; "" for the usual one.
    strict : bool
        Whether a jet that cannot be used is an error.
    all_jets : bool
        Whether studies take all jets, instead of as many as `STEPS` says.
    """

    model: str
    jets: tuple[str, ...]
    start: int | None = None
    stop: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    background: str = ""
    strict: bool = False
    all_jets: bool = False

    def sample(self, ranges: Sequence[EntryRange], step: Step) -> list[EntryRange]:
        """Return the jets that a study takes."""
        return list(ranges) if self.all_jets else spread(ranges, step.jets)

    @property
    def command(self) -> str:
        """The command that makes the report again."""
        words = ["python", "-m", "part", "report", "--model", self.model]
        for name in ("config", "network", "dataset"):
            words += [f"--{name}", str(self.training[name])] if self.training.get(name) else []
        for name, value in (self.training.get("options") or {}).items():
            words += ["-o", name, str(value)]
        words += ["--jets", *self.jets]
        for name, limit in (("start", self.start), ("stop", self.stop)):
            words += [] if limit is None else [f"--{name}", str(limit)]
        for group in self.groups:
            words += ["--group", group]
        words += ["--background", self.background] if self.background else []
        words += [f"--{name}".replace("_", "-") for name in ("strict", "all_jets") if getattr(self, name)]
        return shlex.join([*words, "--out", "report.html"])


def spread(ranges: Sequence[EntryRange], count: int, stretches: int = STRETCHES) -> list[EntryRange]:
    """Return about `count` entries in stretches that are evenly spaced over all ranges.

    Files are often sorted by class, so that the first entries of one are no sample of it.

    Parameters
    ----------
    ranges : sequence of EntryRange
    count : int
        How many entries; all of them if there are not more.
    stretches : int
        How many stretches; a stretch that would go on in the next file is split.
    """
    total = sum(map(len, ranges))
    if total <= count:
        return list(ranges)
    n = min(stretches, count)
    sizes = np.diff(np.linspace(0, count, n + 1).astype(int))
    first_places = np.linspace(0, total, n, endpoint=False).astype(int)
    chosen: list[EntryRange] = []
    before = 0
    for entries in ranges:
        for first, size in zip(first_places.tolist(), sizes.tolist(), strict=True):
            low, high = max(first - before, 0), min(first + size - before, len(entries))
            if low < high:
                chosen.append(replace(entries, start=entries.start + low, stop=entries.start + high))
        before += len(entries)
    return chosen


def described(tagger: Tagger) -> str:
    """Return the architecture in a few words, such as "ParT, 8 layers of 8 heads"."""
    config = tagger.config
    return f"{config.model}, {config.layers} layers of {config.heads} heads" if config.layers else config.model
