"""The values that keywords of weaver's ParticleTransformer may have, as weaver reads them."""

from collections.abc import Iterable, Mapping
from typing import Any

from part.errors import PartError

_COORDINATES = {"rect": "rectangular", "cart": "rectangular", "sph": "spherical", "cyl": "cylindrical"}
_TRAINING = ("dropout", "attn_dropout", "activation_dropout", "drop_path_rate", "for_inference", "embed_dim")
# Keywords of a block that the tensors tell.
BLOCK_KEYWORDS = (
    *("num_heads", "ffn_ratio", "activation", "use_rmsnorm", "use_bias", "use_qk_norm", "headwise_attn_output_gate"),
    *("elementwise_attn_output_gate", "layer_scale_init_values", "scale_attn_mask", "scale_attn", "scale_fc"),
    *("scale_heads", "scale_resids"),
)


def join(words: Iterable[str], conjunction: str = "and") -> str:
    """Return "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def read_flag(keywords: Mapping[str, Any], name: str, source: str) -> bool:
    """Return a keyword that is True or False, False if it is not there. Raises PartError for another value."""
    value = keywords.get(name, False)
    if value not in (True, False, 0, 1):
        raise PartError(f"{source}: {name} is {value!r}; expected True or False.")
    return bool(value)


def read_activation(value: Any, source: str) -> str:
    """Return "gelu" or "relu", which weaver takes for all that is not "gelu". Raises PartError if it is no text."""
    if not isinstance(value, str):
        raise PartError(f"{source}: activation is {value!r}; expected gelu, relu or swiglu.")
    return "gelu" if value == "gelu" else "relu"


def pair_kind(keywords: Mapping[str, Any], source: str) -> str:
    """Return the kind of pair features that `pair_input_type` means. Raises PartError if there is none such."""
    value = keywords.get("pair_input_type", "pp")
    if value in ("pp", "ee"):
        return value
    family, _, coordinates = str(value).partition(":")
    known = [name for start, name in _COORDINATES.items() if coordinates.lower().startswith(start)]
    if family != "xyzt" or (coordinates and not known):
        raise PartError(
            f"{source}: pair_input_type is {value!r}; expected pp, ee, xyzt, or xyzt: with rectangular, spherical or "
            "cylindrical."
        )
    return ":".join([family, *known])


def head_layers(value: Any, source: str) -> list[tuple[int, str]]:
    """Return width and activation of the hidden layers that `fc_params` describe. Raises PartError if it does not."""
    layers = []
    items = value if isinstance(value, list | tuple) else [] if value is None else [value]
    for item in items:
        fits = isinstance(item, list | tuple) and len(item) in (2, 3) and type(item[0]) is int
        activation = item[2] if fits and len(item) == 3 else "relu"
        if not fits or not isinstance(activation, str):
            raise PartError(f"{source}: fc_params is {value!r}; expected for each hidden layer its width and dropout.")
        layers.append((item[0], activation))
    return layers


def block_keywords(keywords: Mapping[str, Any], kind: str, source: str) -> dict[str, Any]:
    """Return the keywords of the particle blocks (`block_params`) or of the class blocks (`cls_block_params`).

    An option may give one of them alone, as "block_params.activation". Raises PartError for one that is unknown.
    """
    given = keywords.get(kind) or {}
    if not isinstance(given, Mapping):
        raise PartError(f"{source}: {kind} is {given!r}; expected keywords of a block.")
    values = {**given, **{k.removeprefix(f"{kind}."): v for k, v in keywords.items() if k.startswith(f"{kind}.")}}
    if unknown := sorted(set(map(str, values)) - {*BLOCK_KEYWORDS, *_TRAINING, "add_bias_kv"}):
        raise PartError(f"{source}: {kind} has an unknown {unknown[0]}; expected one of {', '.join(BLOCK_KEYWORDS)}.")
    return values
