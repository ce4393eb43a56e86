"""ParticleNet weights trained with weaver-core, whose 0.4 and 0.5 name and mean their tensors alike.

What a state dict cannot tell, the published trainings decide: 16 neighbours, deta and dphi for the first of them,
the mean over real particles.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from part.errors import PartError
from part.models.config import ParticleNetConfig

# weaver's names -> ours, and how many axes of length one its 1x1 convolutions add to our matrices.
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
    """Whether a state dict is a weaver ParticleNet's."""
    return any(_strip(key).startswith("edge_convs.") for key in state)


def convert_particlenet(state: Mapping[str, Tensor], source: str) -> tuple[ParticleNetConfig, dict[str, Tensor]]:
    """A weaver ParticleNet state dict -> the configuration it implies and the same weights under our names.

    Raises PartError, naming `source` and the tensor, for anything that ParticleNet as published does not have.
    """
    renamed = {}
    for key, value in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        if not isinstance(value, Tensor):
            raise PartError(f"{source}: {key} should be a tensor, but is a {type(value).__name__}.")
        ours, value = _rename(_strip(key), value)
        if ours is None:
            raise PartError(f"{source}: the tensor {key} belongs to no ParticleNet as published (weaver-core).")
        renamed[ours] = value
    return _config(renamed, source), renamed


def _strip(key: str) -> str:
    return key.removeprefix("module.").removeprefix("mod.")


def _rename(key: str, value: Tensor) -> tuple[str | None, Tensor]:
    for pattern, ours, axes in _RULES:
        if match := re.fullmatch(pattern, key):
            convolution = axes and value.shape[2:] == (1,) * axes
            return match.expand(ours), value.flatten(1) if convolution else value
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
    # Other networks had other numbers of neighbours (ParticleNet-Lite 7), which their weights do not tell.
    if widths != ParticleNetConfig.widths:
        raise PartError(
            f"{source} is a ParticleNet of widths {widths}; only for the published {ParticleNetConfig.widths} "
            f"is it known that they go with {ParticleNetConfig.neighbours} neighbours."
        )
    return ParticleNetConfig(inputs=size("norm.weight"), classes=size("head.weight"), hidden=size("hidden.weight"))
