"""The methods of attribution by name, and which of them a model supports."""

from collections.abc import Callable
from typing import NamedTuple

from part.analysis.attribution.attention import attention_rollout, gradient_attention
from part.analysis.attribution.gradients import (
    integrated_gradients,
    integrated_gradients_momenta,
    smoothgrad,
    smoothgrad_momenta,
)
from part.analysis.attribution.perturbation import occlusion, shapley
from part.analysis.attribution.task import Attribution, AttributionTask
from part.errors import PartError
from part.inference.capabilities import lacks
from part.inference.tagger import Tagger
from part.models.numerics.int8 import int8_scheme


class Method(NamedTuple):
    """A method of attribution and what it needs of a model.

    Attributes
    ----------
    title : str
        The name on charts.
    attribute : callable
        From an AttributionTask to an Attribution.
    gradients, momenta, attention : bool
        Whether the method differentiates the model, varies four-momenta apart from the inputs, or follows the
        attention between particles.
    """

    title: str
    attribute: Callable[[AttributionTask], Attribution]
    gradients: bool = False
    momenta: bool = False
    attention: bool = False


METHODS: dict[str, Method] = {
    "integrated": Method("IG, inputs", integrated_gradients, gradients=True),
    "integrated_momenta": Method("IG, momenta", integrated_gradients_momenta, gradients=True, momenta=True),
    "smoothgrad": Method("SmoothGrad, inputs", smoothgrad, gradients=True),
    "smoothgrad_momenta": Method("SmoothGrad, momenta", smoothgrad_momenta, gradients=True, momenta=True),
    "occlusion": Method("Occlusion", occlusion),
    "shapley": Method("Shapley", shapley),
    "rollout": Method("Rollout", attention_rollout, attention=True),
    "gradient_attention": Method("Grad × attention", gradient_attention, gradients=True, attention=True),
}


def attribute(task: AttributionTask, method: str) -> Attribution:
    """Attribute the target of a task to the particles of its jet.

    Parameters
    ----------
    task : AttributionTask
        The task that `part.analysis.attribution.task.make_task` returns.
    method : str
        A name in `METHODS`.

    Returns
    -------
    Attribution

    Raises
    ------
    PartError
        If the method is unknown or the model does not support it.
    """
    check_method(task.tagger, method)
    return METHODS[method].attribute(task)


def check_method(tagger: Tagger, method: str) -> None:
    """Raise PartError for a method that is unknown or that a model does not support."""
    if method not in METHODS:
        raise PartError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
    if reason := unsupported_reason(tagger, method):
        raise PartError(reason)


def unsupported_reason(tagger: Tagger, method: str) -> str | None:
    """Return in one sentence why a model does not support a method, or None if it does."""
    needs = METHODS[method]
    if needs.gradients and int8_scheme(tagger.model):
        return f"{tagger.name} computes in int8, which has no gradients."
    if needs.momenta and lacks(tagger.config, "bias"):  # the bias is the only use of four-momenta
        return f"{tagger.name} sees four-momenta only through its inputs."
    if needs.attention and (reason := lacks(tagger.config, "particles")):
        return f"{tagger.name} has no attention to follow: {reason}."
    return None


def supported_methods(tagger: Tagger) -> tuple[str, ...]:
    """Return the methods that a model supports."""
    return tuple(method for method in METHODS if unsupported_reason(tagger, method) is None)
