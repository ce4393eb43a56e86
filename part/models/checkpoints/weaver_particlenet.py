"""ParticleNet weights trained with weaver-core: its ParticleNet, and its ParticleNetTagger with several collections.

Their tensors have the same names and meaning in 0.4 and 0.5. They do not tell how many neighbours a particle has, nor
whether channels are averaged over real particles (`use_counts`); keywords of weaver-core's network do.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from part.errors import PartError
from part.models.checkpoints.particlenet_keywords import check_keywords, open_keywords
from part.models.checkpoints.prefix import Converted, strip_prefix
from part.models.particlenet import ParticleNetConfig

# weaver's names -> ours, and the number of axes of length one that its 1x1 convolutions have beyond our matrices
_RULES = (
    (r"bn_fts\.(\w+)", r"norm.\1", 0),
    (r"edge_convs\.(\d+)\.convs\.(\d+)\.weight", r"edges.\1.layers.\2.linear.weight", 2),
    (r"edge_convs\.(\d+)\.bns\.(\d+)\.(\w+)", r"edges.\1.layers.\2.norm.\3", 0),
    (r"edge_convs\.(\d+)\.sc\.weight", r"edges.\1.shortcut.linear.weight", 1),
    (r"edge_convs\.(\d+)\.sc_bn\.(\w+)", r"edges.\1.shortcut.norm.\2", 0),
    (r"fusion_block\.0\.weight", r"fusion.linear.weight", 1),
    (r"fusion_block\.1\.(\w+)", r"fusion.norm.\1", 0),
    (r"fc\.0\.0\.(weight|bias)", r"hidden.\1", 0),
    (r"(\d+)\.conv\.0\.(\w+)", r"embeds.\1.norm.\2", 0),
    (r"(\d+)\.conv\.1\.weight", r"embeds.\1.layer.linear.weight", 1),
    (r"(\d+)\.conv\.2\.(\w+)", r"embeds.\1.layer.norm.\2", 0),
)
_COLLECTION = r"(\w+)_conv\.conv\.(?:0|1|2)\.\w+"
_ANCHORS = (_COLLECTION.replace("(", "(?:", 1), r"edge_convs\.\d+\.convs\.\d+\.weight")


def is_weaver_particlenet(state: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict is that of a weaver ParticleNet or ParticleNetTagger."""
    return any(re.fullmatch(rf"(.+\.)?{_ANCHORS[1]}", key) for key in state) and bool(strip_prefix(state, _ANCHORS))


def convert_particlenet(
    state: Mapping[str, Tensor], source: str, keywords: Mapping[str, Any] | None = None
) -> Converted:
    """Convert the state dict of a weaver ParticleNet or ParticleNetTagger.

    Parameters
    ----------
    state : mapping
        The tensors by weaver's names, whatever wrappers put in front of them.
    source : str
        What error messages call the state dict.
    keywords : mapping, optional
        Keywords of weaver-core's network, such as {"conv_params": [(7, (32, 32, 32))], "use_counts": True}. With
        `use_counts=False` the entry "length" is needed: the number of slots of all collections in the data config.

    Returns
    -------
    Converted
        Points are the last two features of one collection; with several, two columns after them all.

    Raises
    ------
    PartError
        If there is a tensor that no ParticleNet has, a necessary one is missing, a keyword contradicts the tensors, or
        one that they do not tell is missing and the network is not the published one.
    """
    names = strip_prefix(state, _ANCHORS) or {key: key for key in state}
    # In the order of the state dict, which is that of weaver's constructor.
    collections = tuple(dict.fromkeys(m[1] for name in names.values() if (m := re.fullmatch(_COLLECTION, name))))
    hidden_layers = len({m[1] for name in names.values() if (m := re.match(r"(?:pn\.)?fc\.(\d+)\.0\.weight$", name))})
    renamed = {}
    for key, value in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        if not isinstance(value, Tensor):
            raise PartError(f"{source}: {key} should be a tensor, but is a {type(value).__name__}.")
        new_key, value = _rename(_own_name(names[key], collections), value, hidden_layers)
        if new_key is None:
            raise PartError(f"{source}: the tensor {key} belongs to no ParticleNet of weaver-core.{_hint(key, value)}")
        renamed[new_key] = value
    sizes = _sizes(renamed, hidden_layers, len(collections), source)
    check_keywords(sizes, collections, keywords or {}, source)
    config, assumed = open_keywords(sizes, keywords or {}, source)
    return Converted(config, renamed, assumed, collections)


def _own_name(name: str, collections: tuple[str, ...]) -> str:
    """Return a tensor's name in ParticleNet itself, or with its collection's number in place of that one's name."""
    if not collections:
        return name
    stem, _, rest = name.partition("_conv.")
    return f"{collections.index(stem)}.{rest}" if stem in collections else name.removeprefix("pn.")


def _hint(key: str, value: Tensor) -> str:
    is_segmentation = re.search(r"(^|\.)fc\.\d+\.(\d+\.)?\w+$", key) and value.ndim != 2
    return " Networks that classify each particle (for_segmentation) are not supported." if is_segmentation else ""


def _rename(name: str, value: Tensor, hidden_layers: int) -> tuple[str | None, Tensor]:
    for pattern, new_name, axes in _RULES:
        if match := re.fullmatch(pattern, name):
            is_convolution = axes and value.shape[2:] == (1,) * axes
            return match.expand(new_name), value.flatten(1) if is_convolution else value
    if match := re.fullmatch(r"fc\.(\d+)\.0\.(weight|bias)", name):
        return f"deeper.{int(match[1]) - 1}.{match[2]}", value
    if match := re.fullmatch(rf"fc\.{hidden_layers}\.(weight|bias)", name):
        return f"head.{match[1]}", value
    return None, value


def _sizes(state: Mapping[str, Tensor], hidden_layers: int, collections: int, source: str) -> ParticleNetConfig:
    """Return the architecture as far as the tensors tell it."""

    def size(key: str, axis: int = 0) -> int:
        if key not in state:
            raise PartError(f"{source}: there is no {key} (our name), which every ParticleNet has.")
        if state[key].ndim <= axis:
            shape = "is a single number" if not axis else f"has shape {tuple(state[key].shape)}, too few axes"
            raise PartError(f"{source}: {key} (our name) {shape}.")
        return state[key].shape[axis]

    def count(pattern: str) -> int:
        return 1 + max((int(m[1]) for key in state if (m := re.match(pattern, key))), default=-1)

    layers = [count(rf"edges\.{i}\.layers\.(\d+)") or 1 for i in range(count(r"edges\.(\d+)"))]
    widths = [tuple(size(f"edges.{i}.layers.{k}.linear.weight") for k in range(n)) for i, n in enumerate(layers)]
    is_even = len(set(layers)) == 1 and all(len(set(each)) == 1 for each in widths)
    hidden = [size("hidden.weight"), *(size(f"deeper.{i}.weight") for i in range(hidden_layers - 1))]
    embeds = tuple(size(f"embeds.{i}.norm.weight") for i in range(collections))
    width = size("embeds.0.layer.linear.weight") if embeds else size("edges.0.layers.0.linear.weight", 1) // 2
    input_norm = any(key.startswith("norm.") for key in state)
    if not embeds and input_norm:
        width = size("norm.weight")
    return ParticleNetConfig(
        inputs=sum(embeds) + 2 + len(embeds) if embeds else width,
        classes=size("head.weight"),
        widths=tuple(each[0] for each in widths) if is_even else tuple(widths),
        edge_layers=layers[0] if is_even else ParticleNetConfig.edge_layers,
        hidden=hidden[0] if len(hidden) == 1 else tuple(hidden),
        fusion=size("fusion.linear.weight") if any(key.startswith("fusion.") for key in state) else 0,
        input_norm=input_norm,
        collections=embeds,
        collection_width=width if embeds else ParticleNetConfig.collection_width,
        points=2 if embeds else 0,
    )
