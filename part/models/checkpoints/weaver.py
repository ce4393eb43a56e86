"""Weights trained with weaver-core: state dicts of the 0.4 and 0.5 layouts, renamed and checked strictly.

The two layouts hold tensors of the same shapes that mean different things. Up to 0.4.17 a block reorders the
channels after attention (see ParTConfig.transposed_channels); 0.5 does not, and loads 0.4 weights without a
word. The names tell them apart: 0.4 saves `attn.in_proj_weight`, 0.5 saves `attn.in_proj.weight`.

0.5 also has a `version` of the architecture, which is not saved; the tensors of the first block tell what it
changed (2: SwiGLU without NormFormer's scales; 3: RMSNorm without biases too; 3.5 and 3.6, experimental: query
and key norms with a gate a channel; 3.6: a global token in place of class blocks).

What a state dict cannot tell, the published trainings decide: the pair embedding ends with its activation
(`use_pre_activation_pair=False`), activations are GELU but for SwiGLU, the four pair features are those of
`pair_input_type="pp"`, a particle is a pair with itself too (`remove_self_pair=False`), all particle blocks have
the bias (no `block_ids_with_attn_mask`), and jets are classified, not particles (`for_segmentation=False`). Nor
does it tell what acts in training alone: from version 3 on weaver has no dropout, which we follow, but drops whole
branches at random (`drop_path_rate`), which we leave out.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from part.errors import PartError
from part.models.config import ParTConfig

# weaver's names (0.4 and 0.5) -> ours. {i} stands for a block, {k} for a layer of an embedding.
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
    """Whether a state dict is a weaver ParticleTransformer's, of either layout."""
    keys = {_strip(key) for key in state}
    return "cls_token" in keys and any(re.match(r"blocks\.0\.attn\.in_proj[._]weight$", key) for key in keys)


def convert_part(state: Mapping[str, Tensor], source: str) -> tuple[ParTConfig, dict[str, Tensor]]:
    """A weaver ParT state dict -> the configuration it implies and the same weights under our names.

    Raises PartError, naming `source` and the tensor, for anything that ParT as published does not have.
    """
    state = {_strip(key): value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise PartError(f"{source}: {key} should be a tensor, but is a {type(value).__name__}.")
    renamed = {}
    for key, value in state.items():
        ours = _rename(key)
        if ours is None:
            raise PartError(f"{source}: the tensor {key} belongs to no ParT as published (weaver-core 0.4 or 0.5).")
        # A 1x1 convolution over pairs is a linear layer.
        renamed[ours] = value.squeeze(-1) if re.match(r"pair_embed\.layers\.\d+\.linear\.weight", ours) else value
    return _config(renamed, "blocks.0.attn.in_proj_weight" in state, source), renamed


def _strip(key: str) -> str:
    return key.removeprefix("module.").removeprefix("mod.")


def _rename(key: str) -> str | None:
    if key in ("cls_token",):
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
    for pattern, ours in rules:
        if match := re.fullmatch(pattern, key):
            return ours(match)
    return None


def _rename_pair(index: int, leaf: str) -> str:
    # BatchNorm of the features, then (convolution, BatchNorm, activation) for each width.
    if index == 0:
        return f"pair_embed.norm.{leaf}"
    layer, place = divmod(index - 1, 3)
    return f"pair_embed.layers.{layer}.{('linear', 'norm', 'activation')[place]}.{leaf}"


def _rename_block(ours: str, index: str, rest: str) -> str | None:
    if rest in ("c_attn", "w_resid"):
        return f"{ours}.{index}.{rest}"
    match = re.fullmatch(r"(.+?)[._](weight|bias)", rest)
    name = match and _BLOCK.get(match[1])
    return f"{ours}.{index}.{name}.{match[2]}" if name else None


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
        **_of_version(state, pair[-1]),
    )


def _of_version(state: Mapping[str, Tensor], heads: int) -> dict:
    """The fields that 0.5's versions set alike in all blocks, as the first block tells."""
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
