"""Weights trained with weaver-core: state dicts of the 0.4 and 0.5 layouts, renamed and checked strictly.

The two layouts hold tensors of the same shapes that mean different things. Up to 0.4.17 a block reorders the
channels after attention (see ParTConfig.transposed_channels); 0.5 does not, and loads 0.4 weights without any
warning. The names distinguish them: 0.4 saves `attn.in_proj_weight`, 0.5 saves `attn.in_proj.weight`.

0.5 also has a `version` of the architecture, which is not saved; the tensors of the first block reveal what it
changed (2: SwiGLU without NormFormer's scales; 3: RMSNorm and no biases as well; 3.5 and 3.6, experimental: query
and key norms, with one gate per channel; 3.6: a global token in place of class blocks).

What a state dict does not contain is assumed to be as in the published trainings: the pair embedding ends with its
activation (`use_pre_activation_pair=False`), activations are GELU except in SwiGLU, the four pair features are those
of `pair_input_type="pp"`, a particle also forms a pair with itself (`remove_self_pair=False`), all particle blocks
have the bias (no `block_ids_with_attn_mask`), and jets are classified, not particles (`for_segmentation=False`).
Neither does it contain what matters in training only: from version 3 on weaver has no dropout, as here, but drops
whole branches at random (`drop_path_rate`), which is not implemented here.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from part.errors import PartError
from part.models.config import ParTConfig

# weaver's names of a block's modules (0.4 and 0.5) -> ours
_BLOCK = {
    "pre_attn_norm": "pre_attn_norm",
    "attn.in_proj": "attn.qkv",
    "attn.out_proj": "attn.out",
    "attn.q_norm": "attn.q_norm",
    "attn.k_norm": "attn.k_norm",
    "attn.gate_proj": "attn.gate",
    "post_attn_norm": "post_attn_norm",
    "pre_fc_norm": "pre_ffn_norm",
    "fc1": "ffn.up",
    "fc1_g": "ffn.gate",
    "post_fc_norm": "ffn.norm",
    "fc2": "ffn.down",
}


def is_weaver_part(state: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict is that of a weaver ParticleTransformer, in either layout."""
    keys = {_strip(key) for key in state}
    return "cls_token" in keys and any(re.match(r"blocks\.0\.attn\.in_proj[._]weight$", key) for key in keys)


def convert_part(state: Mapping[str, Tensor], source: str) -> tuple[ParTConfig, dict[str, Tensor]]:
    """Convert the state dict of a weaver ParT.

    Parameters
    ----------
    state : mapping
        The tensors by weaver's names, which may start with "mod." or "module.".
    source : str
        What error messages call the state dict.

    Returns
    -------
    config : ParTConfig
        The architecture that the tensors imply.
    state : dict
        The same tensors by this project's names.

    Raises
    ------
    PartError
        If there is a tensor that ParT as published does not have, or a necessary one is missing. The message names
        `source` and the tensor.
    """
    state = {_strip(key): value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise PartError(f"{source}: {key} should be a tensor, but is a {type(value).__name__}.")
    renamed = {}
    for key, value in state.items():
        new_key = _rename(key)
        if new_key is None:
            raise PartError(f"{source}: the tensor {key} belongs to no ParT as published (weaver-core 0.4 or 0.5).")
        # A 1x1 convolution over pairs is a linear layer.
        renamed[new_key] = value.squeeze(-1) if re.match(r"pair_embed\.layers\.\d+\.linear\.weight", new_key) else value
    return _config(renamed, "blocks.0.attn.in_proj_weight" in state, source), renamed


def _strip(key: str) -> str:
    return key.removeprefix("module.").removeprefix("mod.")


def _rename(key: str) -> str | None:
    if key == "cls_token":
        return "class_token"
    rules = (
        (r"embed\.input_bn\.(\w+)", lambda m: f"embed.norm.{m[1]}"),
        (r"embed\.embed\.(\d+)\.(\w+)", lambda m: f"embed.layers.{int(m[1]) // 3}.{int(m[1]) % 3}.{m[2]}"),
        (r"pair_embed\.embed\.(\d+)\.(\w+)", lambda m: _rename_pair(int(m[1]), m[2])),
        (
            r"(cls_)?blocks\.(\d+)\.(.+)",
            lambda m: _rename_block("class_blocks" if m[1] else "blocks", m[2], m[3]),
        ),
        (r"norm\.(\w+)", lambda m: f"norm.{m[1]}"),
        (r"fc\.0\.(weight|bias)", lambda m: f"head.{m[1]}"),
    )
    for pattern, new_name in rules:
        if match := re.fullmatch(pattern, key):
            return new_name(match)
    return None


def _rename_pair(index: int, leaf: str) -> str:
    # BatchNorm of the features, then (convolution, BatchNorm, activation) for each width.
    if index == 0:
        return f"pair_embed.norm.{leaf}"
    layer, position = divmod(index - 1, 3)
    return f"pair_embed.layers.{layer}.{('linear', 'norm', 'activation')[position]}.{leaf}"


def _rename_block(prefix: str, index: str, rest: str) -> str | None:
    if rest in ("c_attn", "w_resid"):
        return f"{prefix}.{index}.{rest}"
    match = re.fullmatch(r"(.+?)[._](weight|bias)", rest)
    name = match and _BLOCK.get(match[1])
    return f"{prefix}.{index}.{name}.{match[2]}" if name else None


def _config(state: Mapping[str, Tensor], old: bool, source: str) -> ParTConfig:
    def size(key: str, axis: int = 0) -> int:
        if key not in state:
            raise PartError(f"{source}: there is no {key} (our name), which every ParT has.")
        if state[key].ndim <= axis:
            raise PartError(f"{source}: {key} (our name) has shape {tuple(state[key].shape)}, too few axes.")
        return state[key].shape[axis]

    def count(pattern: str) -> int:
        return 1 + max((int(m[1]) for key in state if (m := re.match(pattern, key))), default=-1)

    pair = [size(f"pair_embed.layers.{k}.linear.weight") for k in range(count(r"pair_embed\.layers\.(\d+)"))]
    if not pair:
        raise PartError(f"{source}: there is no pair embedding, which every ParT has.")
    width = size("class_token", 2)
    class_layers = count(r"class_blocks\.(\d+)")
    if old and not class_layers:
        raise PartError(f"{source}: there are no cls_blocks, which every ParT of weaver-core 0.4 has.")
    return ParTConfig(
        inputs=size("embed.norm.weight"),
        classes=size("head.weight"),
        embed=tuple(size(f"embed.layers.{k}.1.weight") for k in range(count(r"embed\.layers\.(\d+)"))),
        pair_embed=tuple(pair[:-1]),
        heads=pair[-1],
        layers=count(r"blocks\.(\d+)"),
        class_layers=class_layers,
        ffn_ratio=size("blocks.0.ffn.up.weight") // max(width, 1),
        transposed_channels=old and "blocks.0.c_attn" in state,  # 0.4 reorders while it scales the heads
        global_token=not class_layers,
        **_version_fields(state, pair[-1]),
    )


def _version_fields(state: Mapping[str, Tensor], heads: int) -> dict[str, Any]:
    """Return the fields that the versions of 0.5 set for all blocks alike, read off the first block."""
    rms = "blocks.0.pre_attn_norm.bias" not in state
    gate = state.get("blocks.0.attn.gate.weight")
    return {
        "norm": "rms" if rms else "layer",
        "ffn": "swiglu" if "blocks.0.ffn.gate.weight" in state else "gelu",
        "biases": "blocks.0.attn.qkv.bias" in state,
        "normformer": "blocks.0.c_attn" in state,
        "qk_norm": "blocks.0.attn.q_norm.weight" in state,
        "gate": "none" if gate is None else "head" if len(gate) == heads else "channel",
        "dropout": 0.0 if rms else ParTConfig.dropout,
    }
