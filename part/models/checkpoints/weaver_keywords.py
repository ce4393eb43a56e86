"""Keywords of weaver's ParticleTransformer that say what its tensors do not tell.

What nothing says is assumed to be as in the published trainings only for a network of the published kind, of any size.
"""

from collections.abc import Mapping
from typing import Any

from part.errors import PartError
from part.models.checkpoints.weaver_architecture import Seen
from part.models.checkpoints.weaver_values import (
    block_keywords,
    head_layers,
    join,
    pair_kind,
    read_activation,
    read_flag,
)
from part.models.config import ParTConfig
from part.models.pair_inputs import COUNTS, is_known, is_symmetric

# What the tensors do not tell -> its value in the published trainings. `num_heads` is told by most, see `_open`.
PUBLISHED: Mapping[str, Any] = {
    "use_pre_activation_pair": False,
    "remove_self_pair": False,
    "activation": "gelu",
    "pair_input_type": "pp",
    "block_ids_with_attn_mask": None,
    "for_segmentation": False,
    "fc_params": (),
    "num_heads": None,
}


def complete(seen: Seen, keywords: Mapping[str, Any], source: str) -> tuple[ParTConfig, dict[str, Any]]:
    """Complete an architecture by what its tensors do not tell.

    Parameters
    ----------
    seen : Seen
        What they tell.
    keywords : mapping
        Keywords that agree with it (`check_keywords`).
    source : str
        What error messages call the network.

    Returns
    -------
    config : ParTConfig
    assumed : dict
        The keywords that were assumed to be as published.

    Raises
    ------
    PartError
        If keywords are missing and the network is not of the published kind, or if the value of one is none.
    """
    missing = [name for name in _open(seen, keywords, source) if name not in keywords]
    if missing and (departure := _departure(seen)):
        raise PartError(
            f"{source}: its tensors do not tell {join(missing)}, and with {departure} it is not of the published "
            "kind, so nothing is assumed; give its network file (network=, --network) or these keywords (options=, -o "
            "NAME VALUE)."
        )
    assumed = {name: PUBLISHED[name] for name in missing}
    if "num_heads" in assumed:
        assumed["num_heads"] = seen.block["heads"]
    values = {**assumed, **keywords}
    if read_flag(values, "for_segmentation", source):
        raise PartError(f"{source} classifies particles and not jets (for_segmentation), which is not implemented.")
    block, class_block = (_block_fields(seen, kind, values, source) for kind in ("block_params", "cls_block_params"))
    own: dict[str, Any] = {
        **_pair_fields(seen, values, source),
        "activation": read_activation(values.get("activation", "gelu"), source),
        "head": _head(seen, values, source),
        "in_class_blocks": _differing(class_block, block),
        "outside_blocks": _differing(seen.outside, block),
        "dropout": 0.0 if seen.outside["norm"] == "rms" else ParTConfig.dropout,
    }
    return ParTConfig(**{**seen.fields, **block, **own}), assumed


def _open(seen: Seen, keywords: Mapping[str, Any], source: str) -> list[str]:
    """Return the keywords on which inference depends and which the tensors do not tell."""
    gated = [block["ffn"] == "swiglu" for block in (seen.block, seen.class_block) if block]
    layers = {
        "activation": bool(seen.fields["embed"]) or not all(gated),
        "for_segmentation": not seen.is_old and not seen.class_block,
        "fc_params": not seen.is_old and any(kind is None for _, kind in seen.fields["head"]),
        "num_heads": seen.block["heads"] is None or (bool(seen.class_block) and seen.class_block["heads"] is None),
    }
    pairs = {
        "use_pre_activation_pair": True,
        "remove_self_pair": _removes_pairs(seen, keywords, source),
        # Layout 0.4 knows no other type, 0.5 no other one of 8 features. weaver's taggers have the mask in all blocks.
        "pair_input_type": not seen.is_old and seen.fields["pair_inputs"] not in (0, 8),
        "block_ids_with_attn_mask": not seen.is_old and not seen.collections,
    }
    return [name for name, is_open in {**(pairs if seen.has_pairs else {}), **layers}.items() if is_open]


def _removes_pairs(seen: Seen, keywords: Mapping[str, Any], source: str) -> bool:
    """Return whether `remove_self_pair` has an effect: on features of both orders weaver 0.5 forgets it at inference.

    Unless `pair_embed_sparse_eval` says that it evaluates all pairs, padding included, as 0.4 does.
    """
    symmetric = is_symmetric(pair_kind(keywords, source), seen.fields["pair_inputs"])
    sparse = keywords.get("pair_embed_sparse_eval")
    everything = isinstance(sparse, list | tuple) and len(sparse) == 2 and not sparse[1]
    return seen.is_old or everything or (symmetric and not seen.fields["extra_pair_features"])


def _departure(seen: Seen) -> str | None:
    """Return in what a network is not of the published kind, or None: its sizes and weaver's version may be any."""
    found, block = seen.fields, seen.block
    same_blocks = not seen.class_block or not _differing(seen.class_block, block, ("heads",))
    departures = {
        "several collections": bool(found["collections"]),
        "no input embedding": not found["embed"],
        "a convolutional embedding": found["conv_embed"],
        "no pair embedding": not seen.has_pairs,
        f"{found['pair_inputs']} pair features": found["pair_inputs"] != 4,
        "extra pair features": bool(found["extra_pair_features"]),
        "the mean over particles in place of class blocks": not (found["class_layers"] or found["global_token"]),
        "hidden layers in its head": bool(found["head"]),
        "scales of its own": block["layer_scale"] or block["bias_scale"] or isinstance(block["normformer"], tuple),
        "blocks of different kinds": not same_blocks or bool(_differing(seen.outside, block)),
    }
    return next((name for name, is_there in departures.items() if is_there), None)


def _differing(
    own: Mapping[str, Any], common: Mapping[str, Any], except_for: tuple[str, ...] = ()
) -> tuple[tuple[str, Any], ...]:
    return tuple((name, v) for name, v in own.items() if v != common[name] and name not in except_for)


def _block_fields(seen: Seen, kind: str, values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the fields of the particle blocks or of the class blocks."""
    found = seen.block if kind == "block_params" else seen.class_block
    if not found:
        return {}
    given = block_keywords(values, kind, source)
    ffn = found["ffn"] or read_activation(given.get("activation", values.get("activation", "gelu")), source)
    heads = found["heads"] or given.get("num_heads", values.get("num_heads"))
    if type(heads) is not int or heads < 1:
        raise PartError(f"{source}: num_heads is {heads!r}; expected a number of heads.")
    return {**found, "ffn": ffn, "heads": heads}


def _pair_fields(seen: Seen, values: Mapping[str, Any], source: str) -> dict[str, Any]:
    if not seen.has_pairs:
        return {"pair_inputs": ParTConfig.pair_inputs}
    count, kind = seen.fields["pair_inputs"], pair_kind(values, source)
    if not is_known(kind, count):
        allowed = [str(n) for n in COUNTS.get(kind.partition(":")[0], ())]
        raise PartError(
            f"{source}: its tensors are for {count} pair features, but pair_input_type is "
            f"{values.get('pair_input_type', 'pp')!r}, which has {join(allowed, 'or')}, with coordinates for 7."
        )
    removed = read_flag(values, "remove_self_pair", source) and _removes_pairs(seen, values, source)
    fields = {
        "pair_features": kind,
        "pair_activation_last": not read_flag(values, "use_pre_activation_pair", source),
        "self_pairs": not removed,
    }
    blocks, layers = values.get("block_ids_with_attn_mask"), seen.fields["layers"]
    if blocks is None:
        return fields
    indices = blocks if isinstance(blocks, list | tuple) else [None]
    if any(type(i) is not int or not -layers <= i < layers for i in indices):
        raise PartError(f"{source}: block_ids_with_attn_mask is {blocks!r}; expected indices of its {layers} blocks.")
    return fields | {"biased_blocks": tuple(sorted({i % layers for i in indices}))}


def _head(seen: Seen, values: Mapping[str, Any], source: str) -> tuple[tuple[int, str], ...]:
    """Return the hidden layers of the head; without a third entry in fc_params their activation is a ReLU."""
    given = [activation for _, activation in head_layers(values.get("fc_params"), source)]
    given += ["relu"] * len(seen.fields["head"])
    layers = zip(seen.fields["head"], given, strict=False)
    return tuple((width, kind or read_activation(own, source)) for (width, kind), own in layers)
