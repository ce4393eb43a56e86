"""How long work will take, about: from its last run on this machine, or else from a quick measure of the models."""

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from app.services.caching import cached
from app.services.files import JetFile, performance_folder
from app.services.jets import jets_at, load_sample
from app.services.models import run_on_model_thread
from part.analysis.study import Study
from part.errors import PartError
from part.inference.tagger import Tagger
from part.io import atomic_write

TRIED = 8  # jets of the quick measure
MAX_KEPT = 500  # rates
# How many times as long as a prediction a study takes for a jet, measured with part-full on 20 jets on one thread.
RELATIVE_COST = {
    "BiasStudy": 19.0,
    "BiasAblationStudy": 55.0,
    "SparsityStudy": 22.0,
    "ComponentsStudy": 10.0,
    "ImportanceStudy": 69.0,
    "PatchingStudy": 6.5,
    "LensStudy": 3.6,
    "IRCStudy": 17.0,
    "TopKStudy": 53.0,
    "AttributionStudy": 650.0,
    "JetAttributionStudy": 920.0,
    "AtlasStudy": 86.0,
    "DirectStudy": 20.0,
    "MeanAttentionStudy": 15.0,
    "ProbesStudy": 6.0,
    "TruthStudy": 110.0,
    "PhysicsStudy": 150.0,
    "CircuitStudy": 300.0,
    "EdgeCircuitStudy": 1500.0,
}
CORRUPTED = 2.0  # how many times as long a search takes whose replaced heads give what they give in another jet
_lock = threading.Lock()


def estimate(study: Study, model: Tagger, file: JetFile, entries: np.ndarray) -> float | None:
    """Return about how many seconds a study of some entries will take; None where nothing tells."""
    relative = RELATIVE_COST.get(type(study).__name__)
    if relative and hasattr(study, "contrast"):
        relative *= share_taken(study, model, file, entries)
        if type(study).__name__ == "CircuitStudy" and study.replacement == "corrupted":
            relative *= CORRUPTED
    return estimate_jets(study_key(study, model), relative, (model,), file, entries)


def share_taken(study: Any, model: Tagger, file: JetFile, entries: np.ndarray) -> float:
    """Return the share of the jets that a search takes: those of two classes, up to its own limit."""
    truth = load_sample(file).truth_for(model.dataset)
    if truth is None or not len(entries):
        return 0.0
    counts = [int(np.isin(truth[entries], group.members).sum()) for group in study.contrast(model)]
    most = getattr(study, "per_class", None)
    taken = counts if most is None else [min(count, most * study.samples) for count in counts]
    return sum(taken) / len(entries)


def estimate_jets(
    key: str, relative: float | None, models: Iterable[Tagger], file: JetFile, entries: np.ndarray
) -> float | None:
    """Return about how many seconds some work on jets will take; None where nothing tells.

    The first question about a model runs it on a few of the jets.

    Parameters
    ----------
    key : str
        What `keep_rate` was told of the last run.
    relative : float or None
        How many times as long as a prediction the work takes for a jet, where there was none.
    models, file, entries
        The models that do the work, and the jets.
    """
    rate = kept_rate(key)
    if rate is None and relative:
        try:
            rate = relative * sum(seconds_per_jet(model, file, entries) for model in models)
        except PartError:  # the work itself says why
            return None
    return rate and rate * len(entries)


def kept_rate(key: str) -> float | None:
    """Return what was kept of the last run of some work on this machine."""
    return _rates().get(key)


def keep_rate(key: str, seconds: float) -> None:
    """Keep how long some work took, for a jet or in all, for the next estimate on this machine."""
    with _lock:
        rates = _rates()
        rates.pop(key, None)
        rates[key] = seconds
        for old in list(rates)[:-MAX_KEPT]:
            del rates[old]
        try:
            _path().parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(_path()) as partial_file:
                partial_file.write_text(json.dumps(rates, indent=0))
        except OSError:  # it serves this process all the same
            return


def study_key(study: Study, model: Tagger) -> str:
    """Return what the rate of a study is kept by."""
    return f"{study!r} {model.cache_key}"


def models_key(work: str, models: Mapping[str, Tagger]) -> str:
    """Return what the rate of some work of several models is kept by."""
    return " ".join((work, *(model.cache_key for model in models.values())))


def _path() -> Path:
    return performance_folder() / "study-rates.json"


def _rates() -> dict[str, float]:
    return _read_rates(_path())


@cache
def _read_rates(path: Path) -> dict[str, float]:
    try:
        kept = json.loads(path.read_text()) if os.path.isfile(path) else {}
    except (OSError, ValueError):
        kept = {}
    kept = kept if isinstance(kept, dict) else {}
    return {key: rate for key, rate in kept.items() if isinstance(rate, float) and 0 < rate < 1e6}


def seconds_per_jet(model: Tagger, file: JetFile, entries: np.ndarray) -> float:
    """Return the seconds of a prediction for a jet, measured on a few. Raises PartError if it cannot take them."""
    return _seconds_per_jet(model, file, entries[:TRIED])


@cached(max_entries=32)
def _seconds_per_jet(model: Tagger, file: JetFile, _entries: np.ndarray) -> float:
    jets = jets_at(file.for_model(model), _entries.tolist())
    return run_on_model_thread(partial(_time, model, jets)) / len(jets)


def _time(model: Tagger, jets) -> float:
    model.predict(jets)  # warms up
    begun = time.perf_counter()
    model.predict(jets)
    return time.perf_counter() - begun
