"""Attributions of single jets, and how they are shared among prongs.

Shapes: N particles.
"""

from collections.abc import Mapping

import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import error_context, jets_at
from app.services.models import run_on_model_thread
from part.analysis.attribution.methods import METHODS, attribute, unsupported_reason
from part.analysis.attribution.target import requested_target
from part.analysis.attribution.task import Attribution, AttributionTask, make_task
from part.analysis.truth.single_jet import JetProngs, jet_prongs
from part.inference.capabilities import require_classes
from part.inference.tagger import Tagger

TITLES = {name: method.title for name, method in METHODS.items()}
SLOW = ("shapley",)  # these only Run computes
CHEAP = ("smoothgrad", "occlusion", "rollout", "gradient_attention")  # of which a sample's jet takes a part of a second
BY_INPUT = ("integrated", "integrated_momenta", "smoothgrad", "smoothgrad_momenta")


def check(model: Tagger) -> None:
    """Raise PartError for a model whose outputs are no classes."""
    require_classes(model, "class to explain")


def unsupported(model: Tagger) -> dict[str, str | None]:
    """Return for each method why the model does not support it, or None if it does."""
    return {method: unsupported_reason(model, method) for method in METHODS}


def compared_methods(model: Tagger, requested: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the requested methods that a model supports, or without any the cheap ones."""
    supported = [name for name, reason in unsupported(model).items() if reason is None]
    chosen = tuple(name for name in supported if name in requested)
    return chosen or tuple(name for name in supported if name in CHEAP)


@cached(max_entries=32)
def _jet_task(file: JetFile, entry: int, model: Tagger, target_class: str, contrast_class: str) -> AttributionTask:
    jet = jets_at(file, [entry])
    with error_context(file):
        target = requested_target(model, target_class, contrast_class)
        return run_on_model_thread(make_task, model, jet, target)


def describe_target(
    file: JetFile, entry: int, model: Tagger, target_class: str, contrast_class: str
) -> tuple[str, float]:
    """Return the title and the value of the number of a jet that is attributed to its particles.

    Parameters
    ----------
    file, entry, model
        The jet and the model.
    target_class, contrast_class : str
        The class that is explained, "" for the predicted one, and the class it is compared with, "" for all others.

    Raises
    ------
    PartError
        If the model cannot take the jet.
    """
    task = _jet_task(file, entry, model, target_class, contrast_class)
    return task.target.title(model.dataset), run_on_model_thread(lambda: task.value)


@cached(max_entries=128)
def attribute_jet(
    file: JetFile, entry: int, model: Tagger, target_class: str, contrast_class: str, method: str
) -> Attribution:
    """Return a jet's attributions by one of the quick methods; the other parameters are those of `describe_target`."""
    task = _jet_task(file, entry, model, target_class, contrast_class)
    return run_on_model_thread(attribute, task, method)


def prong_shares(file: JetFile, entry: int, importance: Mapping[str, np.ndarray], match: str) -> JetProngs | None:
    """Return the shares of a jet's prongs in importances (N,) by name, None if its prongs are not known."""
    return jet_prongs(jets_at(file, [entry]), importance, match)
