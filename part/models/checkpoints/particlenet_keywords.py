"""Keywords of weaver-core's ParticleNet: what its tensors do not tell, and whether the rest agrees with them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from part.errors import PartError
from part.models.particlenet import ParticleNetConfig

_OPEN = ("conv_params", "use_counts")  # what no tensor tells
# What has no effect in evaluation, and the number of slots that use_counts=False needs.
_WITHOUT_EFFECT = (
    *("trim", "pf_input_dropout", "sv_input_dropout", "for_inference", "use_amp", "compile_model", "length"),
)
_PUBLISHED = ParticleNetConfig()


def check_keywords(
    config: ParticleNetConfig, collections: Sequence[str], keywords: Mapping[str, Any], source: str
) -> None:
    """Compare keywords with what tensors tell.

    Parameters
    ----------
    config : ParticleNetConfig
        The architecture as far as the tensors tell it.
    collections : sequence of str
        The names of its collections, if there are several.
    keywords : mapping
        Keywords of weaver-core's network.
    source : str
        What error messages call the state dict.

    Raises
    ------
    PartError
        If a keyword is unknown or contradicts the tensors.
    """
    sizes = {f"{name}_features_dims": size for name, size in zip(collections, config.collections, strict=True)}
    told: dict[str, Any] = {
        **(sizes or {"input_dims": config.width}),
        "num_classes": config.classes,
        "use_fusion": bool(config.fusion),
        "use_fts_bn": config.input_norm,
        "for_segmentation": False,
    }
    known = (*_OPEN, *told, "fc_params", *_WITHOUT_EFFECT)
    for name, value in keywords.items():
        if name not in known:
            raise PartError(f"{source}: its ParticleNet has no keyword {_text(name)}; it has {', '.join(known)}.")
        if name in told and value is not None and value != told[name]:
            raise PartError(
                f"{source}: {name} is {_text(value)}, but its tensors tell {told[name]}; expected the network file of "
                "the same training."
            )
    if "conv_params" in keywords:
        said = [widths for _, widths in _convolutions(keywords["conv_params"], source)]
        if said != (widths := [widths for _, widths in config.convolutions]):
            raise PartError(f"{source}: conv_params have widths {_text(said)}, but its tensors have {_text(widths)}.")
    if "fc_params" in keywords and (said := _hidden(keywords["fc_params"], source)) != config.hidden_widths:
        raise PartError(f"{source}: fc_params have widths {_text(said)}, but its tensors have {config.hidden_widths}.")


def open_keywords(
    config: ParticleNetConfig, keywords: Mapping[str, Any], source: str
) -> tuple[ParticleNetConfig, dict[str, Any]]:
    """Complete an architecture by what its tensors do not tell.

    Parameters
    ----------
    config : ParticleNetConfig
        The architecture as far as the tensors tell it.
    keywords : mapping
        The keywords of weaver-core's network that are known.
    source : str
        What error messages call the state dict.

    Returns
    -------
    config : ParticleNetConfig
        The architecture.
    assumed : dict
        The keywords that were assumed, which happens for the published architecture alone.

    Raises
    ------
    PartError
        If a keyword is missing and the architecture is not the published one, or if its value is none.
    """
    if "conv_params" in keywords:
        neighbours = tuple(k for k, _ in _convolutions(keywords["conv_params"], source))
        config = replace(config, neighbours=neighbours[0] if len(set(neighbours)) == 1 else neighbours)
    assumed: dict[str, Any] = {}
    if missing := [name for name in _OPEN if name not in keywords]:
        if config.collections or replace(config, inputs=_PUBLISHED.inputs, classes=_PUBLISHED.classes) != _PUBLISHED:
            raise PartError(_what_is_missing(config, missing, source))
        published = {"conv_params": config.convolutions, "use_counts": True}
        assumed = {name: published[name] for name in missing}
    use_counts = keywords.get("use_counts", True)
    if not isinstance(use_counts, bool):
        raise PartError(f"{source}: use_counts is {use_counts!r}; expected True or False.")
    return (config if use_counts else replace(config, mean_slots=_slots(keywords, source))), assumed


def _slots(keywords: Mapping[str, Any], source: str) -> int:
    """Return the number of slots of weaver's tensors, by which it divides if it does not count the particles."""
    length = keywords.get("length")
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise PartError(
            f"{source}: with use_counts=False weaver-core averages over all slots, so their number is needed: give the "
            "data config, or -o length and the sum of the lengths of its collections."
        )
    return length


def _convolutions(value: Any, source: str) -> list[tuple[int, tuple[int, ...]]]:
    """Return the number of neighbours and the widths of each EdgeConv that conv_params describe."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [None]
    convolutions = []
    for item in items:
        pair = item if isinstance(item, list | tuple) and len(item) == 2 else (0, ())
        k, widths = pair[0], tuple(pair[1]) if isinstance(pair[1], list | tuple) else ()
        if not widths or any(type(size) is not int or size < 1 for size in (k, *widths)):
            raise PartError(
                f"{source}: conv_params is {_text(value)}; expected the number of neighbours and the widths of each "
                "EdgeConv, such as [(16, (64, 64, 64)), (16, (128, 128, 128))]."
            )
        convolutions.append((k, widths))
    return convolutions


def _hidden(value: Any, source: str) -> tuple[int, ...]:
    """Return the widths of the hidden layers that fc_params describe."""
    items = value if isinstance(value, list | tuple) else [None]
    widths = tuple(item[0] if isinstance(item, list | tuple) and len(item) == 2 else 0 for item in items)
    if not widths or any(type(width) is not int or width < 1 for width in widths):
        raise PartError(f"{source}: fc_params is {_text(value)}; expected widths and dropouts, such as [(256, 0.1)].")
    return widths


def _what_is_missing(config: ParticleNetConfig, missing: Sequence[str], source: str) -> str:
    shapes = ", ".join(f"(K, {widths})" for _, widths in config.convolutions)
    examples = {
        "conv_params": f'-o conv_params "[{shapes}]" with the number of neighbours of each EdgeConv for K',
        "use_counts": "-o use_counts True",
    }
    return (
        f"{source} is a ParticleNet whose tensors do not tell {' and '.join(missing)}, and other than the published "
        f"one: give its network file, or {' and '.join(examples[name] for name in missing)}."
    )


def _text(value: object) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
