"""A weaver `.pt` file: its state dict, converted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from part.errors import PartError
from part.models.checkpoints.prefix import Converted
from part.models.checkpoints.weaver import convert_part, is_weaver_part
from part.models.checkpoints.weaver_particlenet import convert_particlenet, is_weaver_particlenet
from part.models.checkpoints.weights_file import read_state
from part.models.config import ModelConfig, ParTConfig
from part.text import first_names


def read_weaver(path: Path, keywords: Mapping[str, Any] | None = None) -> Converted:
    """Read the state dict in a file, see `read_state`, and convert it as `convert_state` does."""
    return convert_state(read_state(path), str(path), keywords)


def convert_state(state: Mapping[str, Tensor], source: str, keywords: Mapping[str, Any] | None = None) -> Converted:
    """Convert the state dict of a weaver ParticleTransformer or ParticleNet, or of a tagger of several collections.

    Parameters
    ----------
    state : mapping
        The tensors by weaver's names.
    source : str
        What error messages call them.
    keywords : mapping, optional
        Keywords of weaver-core's network that are known.

    Returns
    -------
    Converted

    Raises
    ------
    PartError
        If it is another architecture, or if keywords are missing or wrong.
    """
    if is_weaver_part(state):
        return convert_part(state, source, keywords)
    if is_weaver_particlenet(state):
        return convert_particlenet(state, source, keywords)
    names = first_names([key[:60] for key in state], 3)
    raise PartError(
        f"{source} is of an unknown architecture: expected the state dict of weaver's ParticleTransformer or "
        f"ParticleNet; its tensors are {names}."
    )


def weaver_source(config: ModelConfig) -> str:
    """Return what a card calls the origin of weaver weights. ParT has two layouts, ParticleNet one."""
    if isinstance(config, ParTConfig):
        return f"weaver-core {'0.4' if config.transposed_channels else '0.5'}"
    return f"weaver-core {config.model}"
