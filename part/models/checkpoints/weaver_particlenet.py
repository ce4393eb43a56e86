"""ParticleNet weights trained with weaver-core, whose tensors have the same names and meaning in 0.4 and 0.5.

What a state dict does not contain is assumed to be as in the published trainings: 16 neighbours, at first the nearest
in deta and dphi, and the mean over real particles.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from part.errors import PartError
from part.models.particlenet import ParticleNetConfig

# weaver's names -> ours, and the number of axes of length one that its 1x1 convolutions have beyond our matrices
_RULES = (
    (r"bn_fts\.(\w+)", r"norm.\1", 0),
    (r"edge_convs\.(\d+)\.convs\.(\d+)\.weight", r"edges.\1.layers.\2.linear.weight", 2),
    (r"edge_convs\.(\d+)\.bns\.(\d+)\.(\w+)", r"edges.\1.layers.\2.norm.\3", 0),
    (r"edge_convs\.(\d+)\.sc\.weight", r"edges.\1.shortcut.linear.weight", 1),
    (r"edge_convs\.(\d+)\.sc_bn\.(\w+)", r"edges.\1.shortcut.norm.\2", 0),
    (r"fc\.0\.0\.(weight|bias)", r"hidden.\1", 0),
    (r"fc\.1\.(weight|bias)", r"head.\1", 0),
)


def is_weaver_particlenet(state: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict is that of a weaver ParticleNet."""
    return any(_strip(key).startswith("edge_convs.") for key in state)


def convert_particlenet(state: Mapping[str, Tensor], source: str) -> tuple[ParticleNetConfig, dict[str, Tensor]]:
    """Convert the state dict of a weaver ParticleNet.

    Parameters
    ----------
    state : mapping
        The tensors by weaver's names, which may start with "mod." or "module.".
    source : str
        What error messages call the state dict.

    Returns
    -------
    config : ParticleNetConfig
        The architecture that the tensors imply.
    state : dict
        The same tensors by this project's names.

    Raises
    ------
    PartError
        If there is a tensor that ParticleNet as published does not have, or a necessary one is missing. The message
        names `source` and the tensor.
    """
    renamed = {}
    for key, value in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        if not isinstance(value, Tensor):
            raise PartError(f"{source}: {key} should be a tensor, but is a {type(value).__name__}.")
        new_key, value = _rename(_strip(key), value)
        if new_key is None:
            raise PartError(f"{source}: the tensor {key} belongs to no ParticleNet as published (weaver-core).")
        renamed[new_key] = value
    return _config(renamed, source), renamed


def _strip(key: str) -> str:
    return key.removeprefix("module.").removeprefix("mod.")


def _rename(key: str, value: Tensor) -> tuple[str | None, Tensor]:
    for pattern, new_name, axes in _RULES:
        if match := re.fullmatch(pattern, key):
            convolution = axes and value.shape[2:] == (1,) * axes
            return match.expand(new_name), value.flatten(1) if convolution else value
    return None, value


def _config(state: Mapping[str, Tensor], source: str) -> ParticleNetConfig:
    def size(key: str) -> int:
        if key not in state:
            raise PartError(f"{source}: there is no {key} (our name), which every ParticleNet has.")
        if not state[key].ndim:
            raise PartError(f"{source}: {key} (our name) is a single number.")
        return len(state[key])

    blocks = 1 + max(int(m[1]) for key in state if (m := re.match(r"edges\.(\d+)", key)))
    widths = tuple(size(f"edges.{i}.layers.0.linear.weight") for i in range(blocks))
    # Other published networks have other numbers of neighbours (ParticleNet-Lite has 7), which no tensor reveals.
    if widths != ParticleNetConfig.widths:
        raise PartError(
            f"{source} is a ParticleNet of widths {widths}; only for the published {ParticleNetConfig.widths} "
            f"is it known that they go with {ParticleNetConfig.neighbours} neighbours."
        )
    return ParticleNetConfig(inputs=size("norm.weight"), classes=size("head.weight"), hidden=size("hidden.weight"))
