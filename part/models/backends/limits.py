"""What the backends cannot do: compiled code for a CPU, packed tokens and Triton kernels on a GPU."""

from torch import nn

from part.models.config import ModelConfig, ParTConfig
from part.models.linpart import LinParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.numerics.int8 import int8_scheme
from part.models.pair_attention import PairAttnConfig
from part.models.particlenet import ParticleNetConfig

BACKENDS = ("native", "native training", "packed", "flash")
VECTOR = 16  # floats in the widest vector of the compiled code
HEAD_WIDTHS = (16, 32, 64)  # channels that a head may have in the packed kernels
PAIR_WIDTHS = (16, 32, 64, 128)  # channels that their hidden layers of the pair embedding may have
# These are classes, not capabilities: a new class may override any step of ParT's forward pass, and a backend, which
# repeats that pass, would ignore it.
_PACKED = (ParTConfig, ParTNoBiasConfig)
_TRAINED = (*_PACKED, PairAttnConfig, LinParTConfig)
_KNOWN = {"packed": _PACKED, "native training": _TRAINED, "native": (*_TRAINED, ParticleNetConfig)}


def unsupported(config: ModelConfig, backend: str) -> str | None:
    """Return why a backend cannot run an architecture, or None if it can.

    Parameters
    ----------
    config : ModelConfig
        The architecture.
    backend : str
        One of `BACKENDS`, of which "flash" is limited on a GPU only; any other one runs every architecture.

    Returns
    -------
    str or None
        A clause without a full stop, such as "it has no code for gates".
    """
    if backend not in BACKENDS or (backend == "flash" and not isinstance(config, ParTConfig)):
        return None
    if isinstance(config, ParTConfig) and backend == "flash":
        return _not_flash(config)
    if type(config) not in _KNOWN[backend]:
        return f"it has no code for {config.model}, only for {', '.join(kind.model for kind in _KNOWN[backend])}"
    if not isinstance(config, ParTConfig):
        return None
    if config.has_bias and config.extra_pair_features:
        return "it has no code for extra pair features"
    if backend == "native":
        return None
    if reason := _missing_pairs(config) or _missing_steps(config):
        return f"it has no code for {reason}"
    return _not_packed(config) if backend == "packed" else _not_trained(config)


def unsupported_reason(model: nn.Module, backend: str) -> str | None:
    """Return in a sentence why a backend of `BACKENDS` cannot run a model, or None if it can."""
    reason = unsupported(model.config, backend)
    reason = reason or _rounding(model, backend)
    return reason and f"The {backend} backend cannot run this {model.config.model}: {reason}."


def _rounding(model: nn.Module, backend: str) -> str | None:
    """Return why a backend cannot compute with a model's weights as they are rounded, or None if it can."""
    linears = [getattr(block.attn, name) for block in getattr(model, "blocks", ()) for name in ("qkv", "out")]
    if any(type(linear) is not nn.Linear for linear in linears):
        return "it does not run models in training for int8"
    return "it runs models in floating point, not int8" if backend != "native" and int8_scheme(model) else None


def _first(reasons: dict[str, bool]) -> str | None:
    return next((reason for reason, applies in reasons.items() if applies), None)


def _missing_pairs(config: ParTConfig) -> str | None:
    if not config.has_bias:
        return None
    features = (config.pair_features, config.pair_inputs) != (ParTConfig.pair_features, ParTConfig.pair_inputs)
    return _first(
        {
            f"pair features other than {', '.join(ParTConfig().pair_feature_names)}": features,
            "a scale of the bias in each block": config.bias_scale,
        }
    )


def _missing_steps(config: ParTConfig) -> str | None:
    kinds = (config, config.class_block)
    return _first(
        {
            "a qk_norm": any(kind.qk_norm for kind in kinds),
            "gates": any(kind.gate != "none" for kind in kinds),
            "a global_token": config.global_token,
        }
    )


def _head_widths(config: ParTConfig) -> set[int]:
    return {config.width // kind.heads for kind in (config, config.class_block)}


def _not_flash(config: ParTConfig) -> str | None:
    fits = all(width >= 16 and width & (width - 1) == 0 for width in _head_widths(config))
    return None if fits else "its heads need a power of two of channels, 16 or more"


def _not_packed(config: ParTConfig) -> str | None:
    widths, heads = set(config.pair_embed or ()), _head_widths(config)
    other_pairs = config.has_bias and (len(widths) != 1 or not widths.issubset(PAIR_WIDTHS))
    return _first(
        {
            "it has no code for a mean over tokens in place of class blocks": not config.class_layers,
            f"it needs heads of {' or '.join(map(str, HEAD_WIDTHS))} channels": not heads.issubset(HEAD_WIDTHS),
            f"it needs hidden pair layers of one width, {' or '.join(map(str, PAIR_WIDTHS))}": other_pairs,
        }
    )


def _not_trained(config: ParTConfig) -> str | None:
    published = config.norm == "layer" and config.ffn != "swiglu" and config.biases and config.normformer is True
    uneven = config.width % (2 * VECTOR) or (config.width // config.heads) % VECTOR
    relu = config.ffn == "relu" or config.activation == "relu"
    pairs = not config.pair_activation_last or not config.self_pairs or config.biased_blocks is not None
    return _first(
        {
            "it has no code for other norms, scales and feed-forward parts than the published ones": not published,
            "it has no code for a layer scale": config.layer_scale,
            "it has no code for class blocks, or a head, of another kind": bool(
                config.in_class_blocks or config.outside_blocks
            ),
            "it has no code for a convolutional embedding, or for none": config.conv_embed or not config.embed,
            f"it needs a width in steps of {2 * VECTOR}, embedding and heads in steps of {VECTOR}": bool(
                uneven or any(width % VECTOR for width in config.embed)
            ),
            "it has no code for several collections": bool(config.collections),
            "it has no code for a mean over tokens in place of class blocks": not config.class_layers,
            "it has no code for hidden layers in the head": bool(config.head),
            "it has no code for a ReLU": relu,
            "it has no code for a bias without self-pairs or last activation, or in some blocks only": pairs,
            f"it needs pair embeddings in steps of {VECTOR}": any(w % VECTOR for w in config.pair_embed or ()),
        }
    )
