"""Weights of weaver-core's ParticleTransformer and its taggers of several collections, of the layouts 0.4 and 0.5.

The two layouts hold tensors of the same shapes that mean different things. Up to 0.4.17 a block reorders the
channels after attention (see ParTConfig.transposed_channels); 0.5 does not, and loads 0.4 weights without any
warning. The names distinguish them: 0.4 saves `attn.in_proj_weight`, 0.5 saves `attn.in_proj.weight`.

0.5 also has a `version` of the architecture, which is not saved; the tensors reveal what it changed (2: SwiGLU without
NormFormer's scales; 3: RMSNorm and no biases as well; 3.5 and 3.6, experimental: query and key norms, with one gate per
channel; 3.6: a global token in place of class blocks). What no tensor tells is in `weaver_keywords.py`.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from part.errors import PartError
from part.models.checkpoints.prefix import Converted, strip_prefix
from part.models.checkpoints.weaver_architecture import seen_architecture
from part.models.checkpoints.weaver_checks import check_keywords
from part.models.checkpoints.weaver_keywords import complete
from part.models.checkpoints.weaver_tensors import rename

_FIRST_BLOCK = r"blocks\.0\.attn\.in_proj[._]weight"
_COLLECTION = r"(?:(?!pair_)(\w+)_embed|input_embeds\.(\d+))\.input_bn\.weight"
_ANCHORS = (re.sub(r"\((?!\?)", "(?:", _COLLECTION), _FIRST_BLOCK)


def is_weaver_part(state: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict is that of a weaver ParticleTransformer, or of one of its taggers, in any layout."""
    names = (strip_prefix(state, (_FIRST_BLOCK,)) or {}).values()
    return "blocks.0.pre_attn_norm.weight" in names


def weaver_layout(state: Mapping[str, Tensor]) -> str:
    """Return the layout of the state dict of a weaver ParticleTransformer, "0.4" or "0.5"."""
    return "0.4" if any(key.endswith("attn.in_proj_weight") for key in state) else "0.5"


def convert_part(state: Mapping[str, Tensor], source: str, keywords: Mapping[str, Any] | None = None) -> Converted:
    """Convert the state dict of a weaver ParticleTransformer or of one of its taggers.

    Parameters
    ----------
    state : mapping
        The tensors by weaver's names, whatever wrappers put in front of them.
    source : str
        What error messages call the state dict.
    keywords : mapping, optional
        Keywords of weaver's network that are known, such as {"use_pre_activation_pair": True}. Those that matter only
        in training have no effect.

    Returns
    -------
    Converted

    Raises
    ------
    PartError
        If a tensor is none of such a network or a necessary one is missing, if a keyword is unknown or contradicts the
        tensors, if it classifies particles and not jets, or if keywords are missing that the tensors do not tell and
        the network is not of the published kind.
    """
    state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    names = strip_prefix(state, _ANCHORS) or {key: key for key in state}
    # In the order of the state dict, which is that of weaver's constructor.
    found = [match for name in names.values() if (match := re.fullmatch(_COLLECTION, name))]
    collections = tuple(match[1] or match[2] for match in found)
    trunk = next((m[1] for name in names.values() if (m := re.fullmatch(rf"(\w+\.){_FIRST_BLOCK}", name))), "")
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise PartError(f"{source}: {key} should be a tensor, but is a {type(value).__name__}.")
        tensors = rename(names[key].removeprefix(trunk), value, collections)
        if tensors is None:
            raise PartError(f"{source}: the tensor {key} belongs to no ParT of weaver-core 0.4 or 0.5.")
        renamed |= tensors
    seen = seen_architecture(renamed, weaver_layout(state) == "0.4", collections, source)
    check_keywords(seen, keywords or {}, source)
    config, assumed = complete(seen, keywords or {}, source)
    if seen.has_pairs and not config.pair_inputs:  # the one embedding of pairs is then that of the extra features
        renamed = {key.replace("pair_embed.extra.", "pair_embed."): value for key, value in renamed.items()}
    return Converted(config, renamed, assumed, collections if len(collections) > 1 else ())
