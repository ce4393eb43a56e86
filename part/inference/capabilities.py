"""The capabilities of a model: whether it attends, to what, and what its attention logits are made of."""

from part.errors import PartError
from part.inference.tagger import Tagger
from part.models.config import ModelConfig

CAPABILITIES = ("attention", "particles", "qk", "bias")


def lacks(config: ModelConfig, capability: str) -> str | None:
    """Return why a model does not have a capability, or None if it has it.

    Parameters
    ----------
    config : ModelConfig
        The architecture; its `attends_to`, `has_qk` and `has_bias` decide.
    capability : str
        "attention": its particles attend to something. "particles": they attend to each other.
        "qk": the attention logits hold q·k. "bias": they hold an interaction bias of pairs of particles.

    Returns
    -------
    str or None
        A clause without a full stop, such as "a PFN has no attention between particles".
    """
    if capability not in CAPABILITIES:
        raise ValueError(f"unknown capability {capability!r}; expected one of {', '.join(CAPABILITIES)}")
    if config.attends_to is None:
        return f"a {config.model} has no attention between particles"
    if capability == "particles" and config.attends_to != "particles":
        return f"the particles of a {config.model} attend to {config.attends_to}, not to each other"
    if capability == "bias" and not config.has_bias:
        return f"a {config.model} has no interaction bias, its attention is q·k alone"
    if capability == "qk" and not config.has_qk:
        return f"a {config.model} has no q·k, its attention is the interaction bias alone"
    return None


def require(tagger: Tagger, subject: str, *capabilities: str) -> None:
    """Refuse a model that lacks one of the capabilities.

    Parameters
    ----------
    tagger : Tagger
        The model.
    subject : str
        What the caller wants of the model, as it reads after "has no", for instance "sparsity".
    *capabilities : str
        See `lacks`.

    Raises
    ------
    PartError
        With one sentence: the model's name, the subject, and the first capability that is missing.
    """
    for capability in capabilities:
        if reason := lacks(tagger.config, capability):
            raise PartError(f"{tagger.name} has no {subject}: {reason}.")


def require_classes(tagger: Tagger, subject: str) -> None:
    """Raise PartError, in one sentence, for a model whose outputs are numbers and no classes.

    `subject` is what the caller wants of the model, as it reads after "has no".
    """
    if not tagger.dataset.labels:
        numbers = ", ".join(tagger.dataset.targets)
        raise PartError(f"{tagger.name} has no {subject}: its outputs are numbers ({numbers}), not classes.")
