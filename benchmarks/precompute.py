"""Make the results that pages show before anything is run: python benchmarks/precompute.py [MODEL ...]

The shipped models study the shipped jets with the options that pages start with. A result is a file,
app/precomputed/MODEL/STUDY.json; those that belong to these weights, jets and options are kept, so that an interrupted
command can be run again.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.pages.compare.state import CompareState
from app.services import attribution, comparison, files, head_matching, intervention, studies
from app.services.files import JetFile
from app.services.jets import load_sample
from app.services.models import load_tagger
from app.services.precomputed import FOLDER, key, read_about
from app.services.studies import Task
from app.state.selection import first_jet
from part.analysis.dictionary.result import DictionaryResult
from part.analysis.stored_results import BITS, dumps
from part.analysis.study import Result, study_files
from part.comparison.match_heads import HeadMatchers, HeadMatches, match_heads
from part.comparison.result import Comparison
from part.errors import PartError
from part.inference.tagger import Tagger
from part.io import atomic_write
from part.jets.streaming import entry_ranges
from part.models.checkpoints.catalogue import BUNDLED

SAMPLES = {
    "JetClass": "jetclass_like.root",
    "TopLandscape": "toplandscape_like.root",
    "QuarkGluon": "quarkgluon_like.root",
}
# The jets of each study: as many as the pages take by default, fewer where a jet takes a second or many bytes.
HEADS = ("sparsity", "atlas", "direct", "components", "topk", "bias", "importance", "patching")
JETS = dict.fromkeys((*HEADS, "irc", "lens", "probes"), 500) | {
    "bias_switch": 200,
    "attribution_jet": 1,
    "attribution": 100,
    "truth": 200,
    "physics": 200,
    "dictionary": 500,
    "similarity": 500,
    "edges": 500,
    "circuit": 300,
    "edge_circuit": 100,
}
# A study that only one model comes with, since it takes many minutes.
ONLY = {"edge_circuit": ("part-top",)}
# A search takes a second for a jet, of which in JetClass only those of two of ten classes count.
JETS_OF_MODEL = {("circuit", "part-full"): 1000, ("circuit", "part-top"): 400, ("circuit", "part-top-finetuned"): 200}
for model in ("part-qg", "part-qg-kin", "part-qg-kin-scratch", "part-qg-kinpid"):  # all of their jets count
    JETS_OF_MODEL |= {("circuit", model): 60, ("edges", model): 200}

COMPARED = CompareState().n_compared  # jets
COMPARISON_BITS = 13  # of probabilities, from which qualities are computed
LARGE = (
    "effect",
    "effect_error",
    "class_frequency",
    "correlation",
    "strengths",
)  # arrays of a dictionary, with two digits


def dataset_of(model: str) -> str:
    return json.loads((BUNDLED / f"{model}.json").read_text())["dataset"]


def tasks(model: str) -> Iterator[tuple[str, Task]]:
    """Yield the names of the studies that a model allows, each with the task that its page starts with."""
    dataset = dataset_of(model)
    file = files.find(SAMPLES[dataset])
    jet = first_jet(file.name)
    tagger = load_tagger(model, file)
    for name, usual in JETS.items():
        if model not in ONLY.get(name, (model,)):
            continue
        n_jets = JETS_OF_MODEL.get((name, model), usual)
        entries = np.array([jet]) if n_jets == 1 else np.arange(n_jets)
        try:
            yield name, studies.task(model, name, file, entries, **_options(name, tagger, file, jet))
        except PartError:  # the model has no heads, or no bias
            continue


def _options(study: str, tagger: Tagger, file: JetFile, jet: int) -> dict[str, Any]:
    """Return the options that are not the study's own defaults, where some depend on the jet that is shown first."""
    if study in ("truth", "physics"):
        return {"methods": attribution.compared_methods(tagger, ())}
    if study == "patching":
        donor = intervention.default_donor(file, jet, np.arange(len(load_sample(file))))
        clean, corrupted = intervention.class_names(file, tagger, jet, donor)
        return {"clean": clean, "corrupted": corrupted, "component": "head"}
    return {}


def about(task: Task) -> dict[str, Any]:
    """Return what a result is about."""
    return {
        "model": task.name,
        "sha256": task.model.sha256,
        "jets": task.file.name,
        "jets_key": task.file.key,
        "entries": [int(task.entries[0]), int(task.entries[-1]) + 1],
        "study": repr(task.study),
    }


def run_task(task: Task) -> Result:
    start, stop = about(task)["entries"]
    result = study_files(task.study, task.model, entry_ranges([str(task.file.path)], start, stop))
    if isinstance(result, DictionaryResult):
        return replace(result, **{name: two_digits(getattr(result, name)) for name in LARGE})
    return result


def two_digits(values: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(32 * mantissa) / 32, exponent)


def about_comparison(models: dict[str, Tagger], file: JetFile) -> dict[str, Any]:
    """Return what the comparison of some models is about."""
    names = "+".join(models)
    weights = "+".join(model.sha256 for model in models.values())
    jets = {"jets": file.name, "jets_key": file.key, "entries": [0, COMPARED]}
    return {"model": names, "sha256": weights, **jets, "study": names}


def run_comparison(models: dict[str, Tagger], file: JetFile) -> Comparison:
    job = comparison.start(file, np.arange(COMPARED), models)
    while job.is_running:
        time.sleep(0.1)
    if job.error:
        raise job.error
    # Times of this machine say nothing about that of the app, which measures its own.
    untimed = [replace(cost, single_passes=(), batch_passes=(), conditions=None) for cost in job.result.costs]
    return job.result.with_costs(untimed)


def about_heads(models: dict[str, Tagger], file: JetFile) -> dict[str, Any]:
    """Return what the matches of some models' heads are about."""
    return about_comparison(models, file) | {"study": head_matching.stored_name(models)}


def run_heads(models: dict[str, Tagger], file: JetFile) -> HeadMatches:
    dataset, entries = next(iter(models.values())).dataset, head_matching.matched_entries(np.arange(COMPARED))
    return match_heads(models, comparison.EntriesSample(file, entries, dataset))


def write(path: Path, described: dict[str, Any], measure: Callable[[], Any], bits: int = BITS) -> None:
    """Measure a result and write it, unless it is there."""
    if path.is_file() and key(read_about(path)) == key(described):
        return
    start = time.perf_counter()
    text = dumps(measure(), bits)
    dated = described | {"date": date.today().isoformat()}
    with atomic_write(path) as unfinished:
        unfinished.write_text(f'{{"about": {json.dumps(dated)},\n"result": {text}}}\n')
    seconds, size = time.perf_counter() - start, path.stat().st_size // 1000
    print(f"{path.parent.name} {path.stem}: {seconds:.0f} s, {size} kB", flush=True)


def shipped() -> list[str]:
    """Return the shipped checkpoints that have weights of their own."""
    return sorted(path.stem for path in BUNDLED.glob("*.safetensors"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="by default all shipped ones")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for model in options.models or shipped():
        for study, task in tasks(model):
            write(FOLDER / model / f"{study}.json", about(task), partial(run_task, task))
        file = files.find(SAMPLES[dataset_of(model)])
        models = comparison.comparable_models(comparison.with_partner((model,), file), file)
        described, measure = about_comparison(models, file), partial(run_comparison, models, file)
        write(FOLDER / model / "comparison.json", described, measure, COMPARISON_BITS)
        if HeadMatchers(models).is_possible:
            write(FOLDER / model / "heads.json", about_heads(models, file), partial(run_heads, models, file))


if __name__ == "__main__":
    main()
