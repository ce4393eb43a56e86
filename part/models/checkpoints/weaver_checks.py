"""Whether keywords of weaver's ParticleTransformer agree with its tensors."""

from collections.abc import Iterator, Mapping
from typing import Any

from part.errors import PartError
from part.models.checkpoints.weaver_architecture import Seen
from part.models.checkpoints.weaver_values import block_keywords, head_layers
from part.models.config import NORMFORMER

_TOLD = (
    *("input_dim", "pf_input_dim", "sv_input_dim", "num_classes", "embed_dims", "use_conv_embed", "pair_embed_dims"),
    *("pair_input_dim", "pair_extra_dim", "num_layers", "num_cls_layers", "include_global_token", "version"),
    *("block_params", "cls_block_params"),
)
_NOT_TOLD = (
    *("use_pre_activation_pair", "remove_self_pair", "activation", "pair_input_type", "block_ids_with_attn_mask"),
    *("for_segmentation", "fc_params", "num_heads"),
)
# These have no effect on a network in evaluation, or one that `weaver_keywords.py` knows; "length" is ParticleNet's.
_OTHER = (
    *("trim", "weight_init", "fix_init", "use_amp", "compile_model", "for_inference", "pair_embed_sparse_eval"),
    "length",
)
_DEFAULT_PAIRS = {"pp": 4, "ee": 6, "xyzt": 7}
_SCALES = ("scale_attn", "scale_fc", "scale_heads", "scale_resids")  # in the order of NORMFORMER
_LAST_VERSIONS = (3.5, 3.6)

Claim = tuple[str, Any, Any]  # a keyword, what it says, and what the tensors tell


def check_keywords(seen: Seen, keywords: Mapping[str, Any], source: str) -> None:
    """Compare keywords with what tensors tell.

    Raises
    ------
    PartError
        If one is unknown or contradicts the tensors.
    """
    known = (*_NOT_TOLD, *_TOLD, *_OTHER)
    if unknown := sorted({name.partition(".")[0] for name in map(str, keywords)} - set(known)):
        raise PartError(
            f"{source}: a ParticleTransformer of weaver-core has no keyword {unknown[0]}; it has {', '.join(known)}."
        )
    version = keywords.get("version", 1)
    if isinstance(version, bool) or not isinstance(version, int | float):
        raise PartError(f"{source}: version is {version!r}; expected a number.")
    claims = [*_sizes(seen, keywords, source)]
    for kind, found in (("block_params", seen.block), ("cls_block_params", seen.class_block)):
        if found:
            claims += _blocks(found, keywords, kind, source)
    for name, said, told in claims:
        if _plain(said) != _plain(told):
            raise PartError(
                f"{source}: {name} is {said!r}, but its tensors tell {told!r}; expected the network file of the same "
                "training."
            )


def _plain(value: Any) -> Any:
    return tuple(_plain(item) for item in value) if isinstance(value, list | tuple) else value


def _sizes(seen: Seen, keywords: Mapping[str, Any], source: str) -> Iterator[Claim]:
    """Yield the claims about the network as a whole."""
    found, last = seen.fields, keywords.get("version") == _LAST_VERSIONS[1]
    told = {
        "num_classes": found["classes"],
        "embed_dims": found["embed"] if found["embed"] else None,
        "num_layers": found["layers"],
        "num_cls_layers": None if last else found["class_layers"],
        "use_conv_embed": found["conv_embed"],
        "include_global_token": None if last else found["global_token"],
    }
    if found["collections"]:
        told |= {f"{name}_input_dim": n for name, n in zip(seen.collections, found["collections"], strict=True)}
    else:
        told["input_dim"] = found["inputs"]
    for name, value in told.items():
        if value is not None and keywords.get(name) is not None:
            yield name, keywords[name], value
    if "embed_dims" in keywords and not found["embed"]:
        yield "embed_dims", keywords["embed_dims"], ()
    yield from _pairs(found, keywords)
    if "fc_params" in keywords:
        said = [(width, activation == "swiglu") for width, activation in head_layers(keywords["fc_params"], source)]
        head = [(width, activation == "swiglu") for width, activation in found["head"]]
        if said != head or keywords["fc_params"] is None:
            yield "fc_params", keywords["fc_params"], [width for width, _ in found["head"]]


def _pairs(found: Mapping[str, Any], keywords: Mapping[str, Any]) -> Iterator[Claim]:
    """Yield the claims about the pair embedding. Without any pair features weaver builds none."""
    said = keywords.get("pair_input_dim")
    if "pair_input_dim" in keywords and said is None:
        said = _DEFAULT_PAIRS.get(str(keywords.get("pair_input_type", "pp")).partition(":")[0])
    extra = keywords.get("pair_extra_dim", 0)
    if said == 0 and not extra:
        yield "pair_input_dim", said, found["pair_inputs"]
    elif "pair_embed_dims" in keywords:
        yield "pair_embed_dims", keywords["pair_embed_dims"], found["pair_embed"]
    if found["pair_embed"] is not None:
        if said is not None:
            yield "pair_input_dim", said, found["pair_inputs"]
        if "pair_extra_dim" in keywords:
            yield "pair_extra_dim", extra, found["extra_pair_features"]


def _blocks(found: Mapping[str, Any], keywords: Mapping[str, Any], kind: str, source: str) -> Iterator[Claim]:
    """Yield the claims about the particle blocks or the class blocks."""
    parts = found["normformer"]
    present = NORMFORMER if parts is True else parts or ()
    told = {
        "num_heads": found["heads"],
        "ffn_ratio": found["ffn_ratio"],
        "activation": found["ffn"] == "swiglu",
        "use_rmsnorm": found["norm"] == "rms",
        "use_bias": found["biases"],
        "use_qk_norm": found["qk_norm"],
        "headwise_attn_output_gate": found["gate"] == "head",
        "elementwise_attn_output_gate": found["gate"] == "channel",
        "layer_scale_init_values": found["layer_scale"],
        "scale_attn_mask": found["bias_scale"],
        **{name: own in present for name, own in zip(_SCALES, NORMFORMER, strict=True)},
    }
    for name, value in _said_of_blocks(keywords, kind, source).items():
        if name not in told or told[name] is None:
            continue
        if name in ("num_heads", "ffn_ratio"):
            yield name, value, told[name]
        elif (value == "swiglu" if name == "activation" else bool(value)) != told[name]:
            yield f"{name} of {kind}", value, told[name]


def _said_of_blocks(keywords: Mapping[str, Any], kind: str, source: str) -> dict[str, Any]:
    """Return the keywords of a kind of block: those of the version, of the network, and of the kind itself."""
    said: dict[str, Any] = {}
    if "version" in keywords:
        version = keywords["version"]
        said = {
            **dict.fromkeys(_SCALES, version <= 1),
            "use_rmsnorm": version > 2,
            "use_bias": version <= 2,
            **dict.fromkeys(("use_qk_norm", "elementwise_attn_output_gate"), version in _LAST_VERSIONS),
            **dict.fromkeys(("headwise_attn_output_gate", "layer_scale_init_values", "scale_attn_mask"), False),
            "activation": "swiglu" if version > 1 else keywords.get("activation", "gelu"),
        }
    if "num_heads" in keywords:
        said["num_heads"] = keywords["num_heads"]
    return said | block_keywords(keywords, kind, source)
