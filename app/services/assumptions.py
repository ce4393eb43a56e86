"""What was assumed of models because nothing said it, and how well each other way of reading their weights does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import error_context, jets_at, load_sample
from app.services.models import join_options, load_assumed, run_on_model_thread, split_options
from part.comparison.samples import evenly_spaced
from part.inference.assumptions import accuracies, choices
from part.jets.labels import UNKNOWN

MAX_JETS = 200  # that the ways are tried on


@dataclass(frozen=True)
class Choice:
    """A keyword of a network that was assumed and can be tried.

    Attributes
    ----------
    keyword : str
        The name that weaver-core gives it.
    chosen : any
        Its value now.
    accuracies : dict
        Its possible values, the assumed one first, each with the accuracy on some jets, the other keywords as they
        are; None where it is not known.
    """

    keyword: str
    chosen: Any
    accuracies: dict[Any, float | None]


def assumed_texts(name: str, file: JetFile) -> list[str]:
    """Return what was assumed of a model on offer and cannot be tried, such as "num_heads = 8". Raises PartError."""
    model = load_assumed(name, file)
    return [f"{keyword} = {value}" for keyword, value in model.assumed.items() if keyword not in choices(model)]


def open_choices(name: str, file: JetFile) -> list[Choice]:
    """Return what was assumed of a model on offer and can be tried. Raises PartError."""
    model, chosen = load_assumed(name, file), split_options(name)[1]
    possible = choices(model)
    present = {keyword: chosen.get(keyword, values[0]) for keyword, values in possible.items()}
    known = _known().get((model.cache_key, file.for_model(model).key), [])
    return [
        Choice(
            keyword,
            present[keyword],
            {value: _accuracy(known, present | {keyword: value}) for value in values},
        )
        for keyword, values in possible.items()
    ]


def measure(name: str, file: JetFile) -> bool:
    """Try all that can be tried of a model on labelled jets of a file; return whether that was not known yet."""
    model = load_assumed(name, file)
    own = file.for_model(model)
    key = model.cache_key, own.key
    if key in _known() or not choices(model):
        return False
    sample = load_sample(own)
    truth = sample.truth_for(model.dataset)
    entries = np.flatnonzero(truth != UNKNOWN) if truth is not None else np.empty(0, int)
    chosen = entries[evenly_spaced(len(entries), MAX_JETS)] if len(entries) else entries
    with error_context(own):
        measured = run_on_model_thread(accuracies, model, jets_at(own, chosen.tolist())) if len(chosen) else []
    _known()[key] = measured
    return bool(measured)


def with_choice(name: str, file: JetFile, keyword: str, value: Any) -> str:
    """Return the name of a model with another value of a keyword. Raises PartError."""
    base, chosen = split_options(name)
    assumed = {key: values[0] for key, values in choices(load_assumed(base, file)).items()}
    options = {key: v for key, v in (chosen | {keyword: value}).items() if v != assumed.get(key)}
    return join_options(base, options)


def _accuracy(known: list[tuple[Mapping[str, Any], float]], options: Mapping[str, Any]) -> float | None:
    return next((value for tried, value in known if tried == options), None)


@cached(max_entries=1)
def _known() -> dict[tuple[str, str], list[tuple[Mapping[str, Any], float]]]:
    return {}  # only ever filled in
