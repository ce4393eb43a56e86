"""About how long a measurement of speed will take: as its last run on this machine, or else from the models' speed."""

from collections.abc import Sequence

import numpy as np

from app.services import estimates
from app.services.files import JetFile
from app.services.jets import load_sample
from app.services.models import load_tagger
from part.errors import PartError

START = 8.0  # seconds until a process of its own has loaded the models
WARMUP, LEAST = 2, 3  # passes of each point
BUDGET = 10.0  # seconds of a point of a sweep
PROFILED = 3.0  # how many times as long a pass takes that is profiled


def measurement_key(tab: str, models: Sequence[str], options: Sequence[str]) -> str:
    """Return what the duration of a measurement is kept by."""
    return " ".join(("bench", tab, *models, *options))


def estimate(
    tab: str, models: Sequence[str], options: Sequence[str], file: JetFile, entries: np.ndarray
) -> float | None:
    """Return about how many seconds a measurement takes; None where nothing tells.

    Parameters
    ----------
    tab, models, options
        See `benchmarks.start`.
    file, entries
        Jets on which the models are tried.
    """
    known = estimates.kept_rate(measurement_key(tab, models, options))
    if known is not None or not len(entries):
        return known
    try:
        taggers = [load_tagger(model, file) for model in models]
        jet = sum(estimates.seconds_per_jet(tagger, file, entries) for tagger in taggers)
    except PartError:  # the measurement itself says why
        return None
    passes = _numbers(options, "--repeats") or _numbers(options, "--passes")
    if tab not in ("speed", "growth"):
        return START + PROFILED * (WARMUP + passes[0]) * _numbers(options, "--batch")[0] * jet
    typical = float(np.mean(load_sample(file).n[entries[: estimates.TRIED]]))
    total = START
    for length in _numbers(options, "--lengths") or [typical]:
        for batch in _numbers(options, "--batches"):
            once = jet * batch * (length / typical) ** 1.5
            total += once * (WARMUP + min(passes[0], max(LEAST, BUDGET / once)))
    return total


def _numbers(options: Sequence[str], name: str) -> list[float]:
    """Return the numbers that follow the name of an option."""
    if name not in options:
        return []
    rest = list(options[options.index(name) + 1 :])
    end = next((i for i, text in enumerate(rest) if text.startswith("--")), len(rest))
    return [float(text) for text in rest[:end]]
