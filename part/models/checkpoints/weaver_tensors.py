"""The names of the tensors of a weaver ParticleTransformer, and those of this project for them."""

import re
from collections.abc import Sequence

from torch import Tensor

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
_SCALES = {
    "c_attn": "c_attn",
    "c_mask": "c_bias",
    "w_resid": "w_resid",
    "ls1.gamma": "attn_scale",
    "ls2.gamma": "ffn_scale",
}
_LEAF = "(weight|bias|running_mean|running_var)"


def rename(name: str, value: Tensor, collections: Sequence[str]) -> dict[str, Tensor] | None:
    """Return a tensor of weaver by this project's names, of which it may have two. None if ParT has no such tensor.

    Parameters
    ----------
    name : str
        Its name in ParT, or that of a collection's embedding beside it.
    value : Tensor
    collections : sequence of str
        The names of the collections.
    """
    if name == "cls_token":
        return {"class_token": value}
    if match := re.fullmatch(r"(?:(\w+)_embed|input_embeds\.(\d+)|embed)\.(\w+)\.(.+)", name):
        own = match[1] or match[2]
        if own in collections or own is None:
            place = f"embed.collections.{collections.index(own)}" if own and len(collections) > 1 else "embed"
            return _rename_embed(place, match[3], match[4], value)
    if match := re.fullmatch(rf"pair_embed\.(embed|fts_embed)\.(\d+)\.{_LEAF}", name):
        new = _rename_pair("pair_embed" if match[1] == "embed" else "pair_embed.extra", int(match[2]), match[3])
        return {new: _without_axis(value)}
    if match := re.fullmatch(r"(cls_)?blocks\.(\d+)\.(.+)", name):
        new_name = _rename_block(match[3])
        return {f"{'class_blocks' if match[1] else 'blocks'}.{match[2]}.{new_name}": value} if new_name else None
    if re.fullmatch(r"norm\.(weight|bias)", name):
        return {name: value}
    return _rename_head(name, value)


def _without_axis(value: Tensor) -> Tensor:
    """Return the matrix of a convolution with a kernel of one."""
    return value.squeeze(-1) if value.ndim == 3 and value.shape[-1] == 1 else value


def _rename_embed(place: str, module: str, rest: str, value: Tensor) -> dict[str, Tensor] | None:
    if module == "input_bn":
        return {f"{place}.norm.{rest}": value}
    if not (match := re.fullmatch(rf"(\d+)\.{_LEAF}", rest)):
        return None
    layer, position = divmod(int(match[1]), 3)
    if module == "embed":  # LayerNorm, linear, activation
        return {f"{place}.layers.{layer}.{position}.{match[2]}": value}
    if module == "conv_embed":  # convolution, BatchNorm, activation
        return {f"{place}.layers.{layer}.{('linear', 'norm', 'activation')[position]}.{match[2]}": _without_axis(value)}
    return None


def _rename_pair(place: str, index: int, leaf: str) -> str:
    # BatchNorm of the features, then (convolution, BatchNorm, activation) for each width.
    if index == 0:
        return f"{place}.norm.{leaf}"
    layer, position = divmod(index - 1, 3)
    return f"{place}.layers.{layer}.{('linear', 'norm', 'activation')[position]}.{leaf}"


def _rename_block(rest: str) -> str | None:
    if rest in _SCALES:
        return _SCALES[rest]
    match = re.fullmatch(r"(.+?)[._](weight|bias)", rest)
    name = match and _BLOCK.get(match[1])
    return f"{name}.{match[2]}" if name else None


def _rename_head(name: str, value: Tensor) -> dict[str, Tensor] | None:
    if match := re.fullmatch(r"fc\.\d+\.(weight|bias)", name):
        return {f"head.{match[1]}": value}
    if not (match := re.fullmatch(r"fc\.(\d+)\.(0|1|0\.w12|0\.w3)\.(weight|bias)", name)):
        return None
    layer, leaf = f"head_layers.{match[1]}", match[3]
    if match[2] == "0.w12":  # the first half gates the second
        gate, up = value.chunk(2) if value.ndim and len(value) % 2 == 0 else (value, value)
        return {f"{layer}.gate.{leaf}": gate.clone(), f"{layer}.up.{leaf}": up.clone()}
    return {f"{layer}.{ {'0': 'up', '1': 'norm', '0.w3': 'down'}[match[2]] }.{leaf}": value}
