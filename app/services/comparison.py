"""Comparisons of models.

A comparison is a job; it is found again by the content of file and weights and by the entries. Probabilities and costs
of its models are kept, so that another comparison on the same jets need not compute them again.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from app.services import estimates, jobs, precomputed
from app.services.caching import cached, digest
from app.services.classes import find_group
from app.services.files import JetFile
from app.services.jets import batches, error_context, jets_at, kept_entries, load_sample
from app.services.jobs import Job
from app.services.models import FIRST_MODEL, load_tagger, run_on_model_thread
from app.services.precomputed import Precomputed
from part.benchmarking.cost import BATCH
from part.comparison import text
from part.comparison.engine import STAGES, Cache, run_comparison
from part.comparison.models import ATTENTION_JETS, MIN_MODELS, check_comparable
from part.comparison.result import Comparison
from part.comparison.samples import SampleBatch, evenly_spaced
from part.comparison.summary import comparison_bytes
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import MergedClasses, merge_classes
from part.jets.schema import Dataset
from part.models.numerics.precision import parse_model_name

PARTNERS = {  # of shipped models; others are compared with the first one
    "part-full": "linpart-landmark",
    "part-top": "part-top-finetuned",
    "part-top-finetuned": "part-top",
    "part-qg": "part-qg-kin",
    "part-qg-kin": "part-qg-kin-scratch",
    "part-qg-kinpid": "part-qg",
    "part-qg-kin-scratch": "part-qg-kin",
}
ClassesKey = tuple[str, tuple[int, ...]] | None
RELATIVE_COST = 3.0  # of a jet, in predictions by each model: also traces, passes that are timed, and the bootstrap
BATCH_SIZE = 64  # jets that a model takes in one turn


@dataclass(frozen=True, eq=False)
class EntriesSample:
    """Entries of a file as a sample, see `part.comparison.samples.Sample`."""

    file: JetFile
    entries: np.ndarray
    dataset: Dataset

    def __len__(self) -> int:
        return len(self.entries)

    def batches(self, size: int | None = None) -> Iterator[SampleBatch]:
        truth = load_sample(self.file).truth_for(self.dataset)
        for rows, jets in batches(self.file, self.entries, size or BATCH_SIZE):
            labels = None if truth is None else truth[self.entries[rows]]
            yield SampleBatch(rows, jets, labels, error_context=partial(error_context, self.file))


def can_compare(names: tuple[str, ...]) -> bool:
    """Return whether these are enough models."""
    return len(names) >= MIN_MODELS


def with_partner(names: tuple[str, ...], file: JetFile) -> tuple[str, ...]:
    """Return the models that are compared: a single one has a partner, where one is comparable.

    In bfloat16 that is the model itself in float32, else another shipped one.
    """
    if len(names) != 1:
        return names
    stem, _ = parse_model_name(names[0])
    partner = stem if stem != names[0] else PARTNERS.get(stem, FIRST_MODEL)
    try:
        comparable_models(pair := (names[0], partner), file)
    except PartError:
        return names
    return pair


def comparable_models(names: tuple[str, ...], file: JetFile) -> dict[str, Tagger]:
    """Return models on offer by name. Raises PartError if they cannot be compared."""
    models = {name: load_tagger(name, file) for name in names}
    check_comparable(models)
    return models


def merge(dataset: Dataset, groups: Sequence[str], background: str) -> MergedClasses | None:
    """Return the classes that are compared, None for all of them; groups that are none of these models' do not count.

    Raises PartError if two groups share a class.
    """
    own = [text for text in groups if find_group(dataset, text)]
    background = background if find_group(dataset, background) else ""
    return merge_classes(dataset, own, background) if own or background else None


def find(
    file: JetFile, entries: np.ndarray, models: dict[str, Tagger], merged: MergedClasses | None = None
) -> Job | None:
    """Return the comparison of these models on these jets, if it was started or is precomputed.

    merged are the classes, None for all of them.
    """
    file, entries = own_jets(file, entries, models)
    started = jobs.find(_key(file, entries, models, merged))
    made = None if started else _find_precomputed(file, entries, models, merged)
    return started or (jobs.finished("Comparison", made.result, made.date) if made else None)


def _find_precomputed(
    file: JetFile, entries: np.ndarray, models: dict[str, Tagger], merged: MergedClasses | None
) -> Precomputed | None:
    """Return the comparison of shipped models on these jets, if it was made beforehand."""
    if merged or any(model.precision != "fp32" for model in models.values()):
        return None
    weights = "+".join(model.sha256 for model in models.values())
    made = precomputed.find(weights, file.key, "+".join(models))
    return made if made and made.covers(entries) else None


def start(file: JetFile, entries: np.ndarray, models: dict[str, Tagger], merged: MergedClasses | None = None) -> Job:
    """Start a comparison, or return the one that is running or finished."""
    file, entries = own_jets(file, entries, models)
    key = _key(file, entries, models, merged)
    return jobs.start(key, "Comparison", partial(_run, file, entries, models, merged))


def estimate(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> float | None:
    """Return about how many seconds a comparison takes; None where nothing tells."""
    file, entries = own_jets(file, entries, models)
    return estimates.estimate_jets(
        estimates.models_key("compare", models), RELATIVE_COST, models.values(), file, entries
    )


def own_jets(file: JetFile, entries: np.ndarray, models: dict[str, Tagger]) -> tuple[JetFile, np.ndarray]:
    """Return the file as all of the models read it, and those of the entries that are jets then."""
    own = file.for_model(next(iter(models.values())))
    return own, kept_entries(own, entries)


def _key(file: JetFile, entries: np.ndarray, models: dict[str, Tagger], merged: MergedClasses | None) -> tuple:
    weights = tuple((name, model.cache_key) for name, model in models.items())
    return "compare", file.key, digest(entries), weights, classes_key(merged)


def classes_key(merged: MergedClasses | None) -> ClassesKey:
    """Return what identifies the classes that are compared, None for all of them."""
    return None if merged is None else (repr(merged.dataset), tuple(merged.index.tolist()))


def _run(
    file: JetFile, entries: np.ndarray, models: dict[str, Tagger], merged: MergedClasses | None, job: Job
) -> Comparison:
    def progress(stage: str, done: int, total: int) -> None:
        count = f"{done:,} of {total:,}".replace(",", " ")
        job.report(f"{stage}: {count}", (STAGES.index(stage) + done / total) / len(STAGES))

    dataset = next(iter(models.values())).dataset
    few = entries[evenly_spaced(len(entries), ATTENTION_JETS)]
    cache, begun = _cache(file, entries), time.perf_counter()
    is_new = not cache
    with error_context(file):
        result = run_comparison(
            models,
            EntriesSample(file, entries, dataset),
            EntriesSample(file, few, dataset),
            jets_at(file, entries[:BATCH].tolist()),
            batch_size=BATCH_SIZE,
            progress=progress,
            execute=run_on_model_thread,
            cache=cache,
            merged=merged,
        )
    if is_new:  # else most of it was known
        rate = (time.perf_counter() - begun) / len(entries)
        estimates.keep_rate(estimates.models_key("compare", models), rate)
    return result


@cached(max_entries=16)
def _cache(file: JetFile, entries: np.ndarray) -> Cache:
    return {}


def measure_title(name: str, titles: Mapping[str, str]) -> str:
    """Return the title of a measure; titles are those of classes by their names."""
    return text.measure_title(name, titles)


def measure_text(comparison: Comparison, m: int, name: str) -> str:
    """Return a measure of a model with its interval."""
    return text.measure_text(comparison, m, name)


def gain_text(comparison: Comparison, m: int, name: str) -> str:
    """Return a measure of a model minus the first model's, with its interval."""
    return text.gain_text(comparison, m, name)


def export(
    comparison: Comparison,
    shown_name: str,
    entries: np.ndarray,
    kind: str,
    told: Mapping[str, Any] | None = None,
    columns: Mapping[str, np.ndarray] | None = None,
) -> bytes:
    """Return the results as a file: "json" all but the jets, "csv" a row per model, "parquet" a row per jet.

    shown_name is the jets' file as the user knows it; told is what else the JSON says first, such as the filters, and
    columns are other numbers of the jets.
    """
    provenance = {"jets": shown_name, "entries": entries.tolist(), **(told or {})}
    return comparison_bytes(comparison, kind, provenance, {"entry": entries.tolist(), **(columns or {})})
