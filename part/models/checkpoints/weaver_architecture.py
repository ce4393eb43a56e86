"""The architecture that the tensors of a weaver ParticleTransformer tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from part.errors import PartError
from part.models.config import NORMFORMER


@dataclass(frozen=True)
class Seen:
    """What the tensors tell of an architecture.

    Attributes
    ----------
    is_old : bool
        Whether they have the layout of 0.4.
    collections : tuple of str
        The names of the collections that have an embedding; () if there is the one embedding of weaver's ParT, or none.
    fields : dict
        Fields of ParTConfig.
    block, class_block : dict
        Fields of the particle and of the class blocks; `heads` may be None, `ffn` is "swiglu" or None.
    outside : dict
        Fields of pair embedding, last norm and head.
    """

    is_old: bool
    collections: tuple[str, ...]
    fields: Mapping[str, Any]
    block: Mapping[str, Any]
    class_block: Mapping[str, Any]
    outside: Mapping[str, Any]

    @property
    def has_pairs(self) -> bool:
        return self.fields["pair_embed"] is not None


def seen_architecture(state: Mapping[str, Tensor], is_old: bool, collections: tuple[str, ...], source: str) -> Seen:
    """Return what tensors, by this project's names, tell of the architecture.

    Raises
    ------
    PartError
        If a tensor is missing that every network of the kind has, or the network classifies no jets.
    """

    def size(key: str, axis: int = 0) -> int:
        if key not in state:
            raise PartError(f"{source}: there is no {key} (our name), which every ParT has.")
        if state[key].ndim <= axis:
            raise PartError(f"{source}: {key} (our name) has shape {tuple(state[key].shape)}, too few axes.")
        return state[key].shape[axis]

    def count(pattern: str) -> int:
        return 1 + max((int(m[1]) for key in state if (m := re.match(pattern, key))), default=-1)

    def widths(place: str, leaf: str) -> tuple[int, ...]:
        return tuple(size(f"{place}.{k}.{leaf}") for k in range(count(rf"{re.escape(place)}\.(\d+)")))

    class_layers, width = count(r"class_blocks\.(\d+)"), size("blocks.0.attn.out.weight")
    _check_classifier(state, is_old, class_layers, source)
    several = len(collections) > 1
    place = "embed.collections.0" if several else "embed"
    is_convolution = f"{place}.layers.0.linear.weight" in state
    inputs = tuple(size(f"embed.collections.{i}.norm.weight") for i in range(len(collections))) if several else ()
    pair = widths("pair_embed.layers", "linear.weight") or widths("pair_embed.extra.layers", "linear.weight")
    extra = size("pair_embed.extra.norm.weight") if "pair_embed.extra.norm.weight" in state else 0
    fields = {
        "inputs": sum(inputs) + len(inputs) if several else size("embed.norm.weight") if _embeds(state) else width,
        "collections": inputs,
        "classes": size("head.weight"),
        "embed": widths(f"{place}.layers", "linear.weight" if is_convolution else "1.weight"),
        "conv_embed": is_convolution,
        "pair_embed": pair[:-1] if pair else None,
        "pair_inputs": size("pair_embed.norm.weight") if "pair_embed.norm.weight" in state else 0,
        "extra_pair_features": extra,
        "layers": count(r"blocks\.(\d+)"),
        "class_layers": class_layers,
        "global_token": "class_token" in state and not class_layers,
        "head": tuple(_head_layer(state, i, size) for i in range(count(r"head_layers\.(\d+)"))),
    }
    block = _block(_tensors_of(state, "blocks"), is_old, width) | ({"heads": pair[-1]} if pair else {})
    class_block = _block(_tensors_of(state, "class_blocks"), is_old, width) if class_layers else {}
    return Seen(is_old, collections, fields, block, class_block, _outside(state, block))


def _embeds(state: Mapping[str, Tensor]) -> bool:
    return any(key.startswith("embed.") for key in state)


def _check_classifier(state: Mapping[str, Tensor], is_old: bool, class_layers: int, source: str) -> None:
    if "head.weight" not in state:
        raise PartError(f"{source} is no classifier: its network has no head (fc_params=None).")
    if class_layers and "class_token" not in state:
        raise PartError(f"{source} classifies particles and not jets (for_segmentation), which is not implemented.")
    if is_old and not class_layers:
        raise PartError(
            f"{source}: there are no cls_blocks, without which weaver-core 0.4 gives the same answer for every jet."
        )


def _head_layer(state: Mapping[str, Tensor], index: int, size: Any) -> tuple[int, str | None]:
    name = f"head_layers.{index}"
    if f"{name}.gate.weight" in state:
        return size(f"{name}.down.weight"), "swiglu"
    return size(f"{name}.up.weight"), None


def _block(tensors: Mapping[str, Tensor], is_old: bool, width: int) -> dict[str, Any]:
    """Return the fields of a kind of block from its tensors, of any block that has them."""
    gate, scales, q_norm, hidden = (
        len(tensors[name]) if name in tensors and tensors[name].ndim else None
        for name in ("attn.gate.weight", "c_attn", "attn.q_norm.weight", "ffn.up.weight")
    )
    named = zip(NORMFORMER, ("post_attn_norm.weight", "ffn.norm.weight", "c_attn", "w_resid"), strict=True)
    normformer = tuple(name for name, tensor in named if tensor in tensors)
    return {
        "heads": scales or (gate if gate != width else None) or (width // q_norm if q_norm else None),
        "ffn_ratio": (hidden or 0) // max(width, 1),
        "transposed_channels": is_old and "heads" in normformer,  # 0.4 reorders while it scales the heads
        "norm": "layer" if "pre_attn_norm.bias" in tensors else "rms",
        "ffn": "swiglu" if "ffn.gate.weight" in tensors else None,
        "biases": "attn.qkv.bias" in tensors,
        "normformer": {NORMFORMER: True, (): False}.get(normformer, normformer),
        "qk_norm": q_norm is not None,
        "gate": "none" if gate is None else "channel" if gate == width else "head",
        "layer_scale": "attn_scale" in tensors,
        "bias_scale": "c_bias" in tensors,
    }


def _tensors_of(state: Mapping[str, Tensor], kind: str) -> dict[str, Tensor]:
    """Return the tensors that blocks of a kind have, by their names in a block, each of the first block that has it."""
    tensors: dict[str, Tensor] = {}
    for key, value in state.items():
        if match := re.fullmatch(rf"{kind}\.\d+\.(.+)", key):
            tensors.setdefault(match[1], value)
    return tensors


def _outside(state: Mapping[str, Tensor], block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of pair embedding, last norm and head. Where linear layers have biases, norms have them too."""
    linears = ("pair_embed.layers.0.linear", "pair_embed.extra.layers.0.linear", "head_layers.0.up")
    found = [f"{name}.bias" in state for name in linears if f"{name}.weight" in state]
    is_layer_norm = found[0] if found else "norm.bias" in state
    return {"norm": "layer" if is_layer_norm else "rms", "biases": found[0] if found else block["biases"]}
