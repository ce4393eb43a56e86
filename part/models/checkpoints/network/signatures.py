"""The networks of weaver-core by their signatures: arguments by position, default values, arguments of forward."""

from collections.abc import Mapping
from typing import Any

LAYOUTS = ("0.4", "0.5")

_TRUNK: dict[str, Any] = {
    "pair_input_dim": 4,
    "pair_extra_dim": 0,
    "remove_self_pair": False,
    "use_pre_activation_pair": True,
    "embed_dims": (128, 512, 128),
    "pair_embed_dims": (64, 64, 64),
    "num_heads": 8,
    "num_layers": 8,
    "num_cls_layers": 2,
    "block_params": None,
    "cls_block_params": {"dropout": 0, "attn_dropout": 0, "activation_dropout": 0},
    "fc_params": (),
    "activation": "gelu",
}
# Since 0.5 the pair features have a type, which decides their number (None), and the architecture has versions.
_TRUNK_05 = _TRUNK | {
    "pair_input_type": "pp",
    "pair_input_dim": None,
    "cls_block_params": None,
    "version": 1,
    "for_segmentation": False,
}
_ALONE_05 = {"use_conv_embed": False, "block_ids_with_attn_mask": None, "include_global_token": False}
_EDGE_CONV: dict[str, Any] = {
    "conv_params": ((7, (32, 32, 32)), (7, (64, 64, 64))),
    "fc_params": ((128, 0.1),),
    "use_fusion": True,
    "use_fts_bn": True,
    "use_counts": True,
}
_EXTRA_PAIRS = "ParticleTransformerTaggerWithExtraPairFeatures"

# The default values that inference depends on, by layout and network. 0.4 is 0.4.17, 0.5 is 0.5.3.
DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "0.4": {
        "ParticleTransformer": _TRUNK,
        "ParticleTransformerTagger": _TRUNK,
        _EXTRA_PAIRS: _TRUNK,
        "ParticleNet": _EDGE_CONV | {"for_segmentation": False},
        "ParticleNetTagger": _EDGE_CONV,
    },
    "0.5": {
        "ParticleTransformer": _TRUNK_05 | _ALONE_05,
        "ParticleTransformerTagger": _TRUNK_05,
        _EXTRA_PAIRS: _TRUNK_05,
        "ParticleNet": _EDGE_CONV | {"for_segmentation": False},
        "ParticleNetTagger": _EDGE_CONV,
    },
}
NETWORKS = tuple(DEFAULTS["0.5"])

# The arguments that have the same position in both layouts.
_TAGGER_ARGUMENTS = ("pf_input_dim", "sv_input_dim", "num_classes")
POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "ParticleTransformer": ("input_dim", "num_classes"),
    "ParticleTransformerTagger": _TAGGER_ARGUMENTS,
    _EXTRA_PAIRS: _TAGGER_ARGUMENTS,
    "ParticleNet": ("input_dims", "num_classes", *_EDGE_CONV),
    "ParticleNetTagger": ("pf_features_dims", "sv_features_dims", "num_classes", *_EDGE_CONV),
}

_TWO_COLLECTIONS = ("pf_x", "pf_v", "pf_mask", "sv_x", "sv_v", "sv_mask")
FORWARD: Mapping[str, tuple[str, ...]] = {
    "ParticleTransformer": ("x", "v", "mask", "uu", "uu_idx"),
    "ParticleTransformerTagger": _TWO_COLLECTIONS,
    _EXTRA_PAIRS: (*_TWO_COLLECTIONS, "pf_uu", "pf_uu_idx"),
    "ParticleNet": ("points", "features", "mask"),
    "ParticleNetTagger": ("pf_points", "pf_features", "pf_mask", "sv_points", "sv_features", "sv_mask"),
}


def network_name(text: str) -> str:
    """Return the network of weaver-core that a dotted name ends with, or ""."""
    name = text.rpartition(".")[2]
    return name if name in NETWORKS else ""
