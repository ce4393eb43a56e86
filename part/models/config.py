"""The architecture of a model as a frozen dataclass, which is saved beside the weights.

What all models share and ParT's own sizes are here; each variant keeps its configuration in its own file. This module
does not import torch, so that command lines start fast.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from part.errors import PartError

NORMS = ("layer", "rms")
FFNS = ("gelu", "swiglu")
GATES = ("none", "head", "channel")


@dataclass(frozen=True)
class ModelConfig:
    """The configuration that every architecture has.

    The class variables say what a model can do. Studies, pages, backends and trainings ask them and never the
    model's name; see `part.inference.capabilities`.

    Parameters
    ----------
    model : str
        The name in `part.models.build.MODELS`. A subclass has its own as the default and accepts no other.
    inputs : int
        The number of features of each particle.
    classes : int
        The number of logits.
    dropout : float
        The dropout probability while training.

    Attributes
    ----------
    layers, heads : int
        The number of blocks in which particles attend, and of attention heads in each.
    attends_to : str or None
        "particles", "slots", or None where there is no attention.
    has_qk, has_bias : bool
        Whether the attention logits hold q·k, and whether they hold an interaction bias.
    recipe, finetune_recipe : mapping
        How the published training, and fine-tuning, differ from the defaults of `TrainingConfig`, by its field names.
    """

    layers = heads = 0  # not annotated, so that a subclass can make fields of them
    attends_to: ClassVar[str | None] = None
    has_qk: ClassVar[bool] = False
    has_bias: ClassVar[bool] = False
    recipe: ClassVar[Mapping[str, Any]] = {}
    finetune_recipe: ClassVar[Mapping[str, Any]] = {"lr": 1e-4}

    model: str
    inputs: int = 17
    classes: int = 10
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.model != (own := getattr(type(self), "model", None)):
            raise PartError(f"A {type(self).__name__} describes the model {own!r}, not {self.model!r}.")

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name; `part.models.build.config_from_dict` is the inverse."""
        return asdict(self)


@dataclass(frozen=True)
class ParTConfig(ModelConfig):
    """The architecture of a Particle Transformer. The defaults are those of the published training on JetClass.

    The fields from `norm` on are what later versions of weaver-core change.

    Parameters
    ----------
    model, inputs, classes
        See `ModelConfig`.
    dropout : float
        The dropout probability in the particle blocks.
    embed : tuple of int
        The widths of the input embedding; the last one is the width of the residual stream.
    pair_embed : tuple of int
        The hidden widths of the pair embedding, whose outputs are the heads' biases.
    heads : int
        The number of attention heads in each block.
    layers, class_layers : int
        The number of particle blocks and of class blocks.
    ffn_ratio : int
        The hidden width of the feed-forward part, relative to the width of the residual stream.
    transposed_channels : bool
        Whether a block reorders the channels after attention from (head, dim) to (dim, head), as weaver-core does up
        to 0.4.17; weights trained there mean something only with that reordering.
    norm : str
        "layer" or "rms", in the blocks and before the head.
    ffn : str
        The feed-forward part, "gelu" or "swiglu".
    biases : bool
        Whether the linear layers of attention, feed-forward part and pair embedding have biases.
    normformer : bool
        Whether blocks have NormFormer's norms and scales (arXiv:2110.09456).
    qk_norm : bool
        Whether queries and keys are normalised.
    gate : str
        "none", or sigmoid gates on the heads' outputs, one per query and "head", or per "channel".
    global_token : bool
        Whether a class token passes through the particle blocks, without bias, in place of class blocks.

    Raises
    ------
    PartError
        If a value is unknown or two contradict each other.

    References
    ----------
    arXiv:2202.03772
    """

    attends_to: ClassVar[str | None] = "particles"
    has_qk: ClassVar[bool] = True
    has_bias: ClassVar[bool] = True

    model: str = "ParT"
    dropout: float = 0.1
    embed: tuple[int, ...] = (128, 512, 128)
    pair_embed: tuple[int, ...] = (64, 64, 64)
    heads: int = 8
    layers: int = 8
    class_layers: int = 2
    ffn_ratio: int = 4
    transposed_channels: bool = False
    norm: str = "layer"
    ffn: str = "gelu"
    biases: bool = True
    normformer: bool = True
    qk_norm: bool = False
    gate: str = "none"
    global_token: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise PartError(f"The width {self.width} of {self.model} is not a multiple of its {self.heads} heads.")
        for name, allowed in (("norm", NORMS), ("ffn", FFNS), ("gate", GATES)):
            if (value := getattr(self, name)) not in allowed:
                raise PartError(f"The {name} of {self.model} is {value!r}; expected one of {', '.join(allowed)}.")
        if self.global_token == bool(self.class_layers):
            raise PartError(
                f"{self.model} takes its logits from class blocks or from a global token, not from "
                f"{'both' if self.global_token else 'neither'}: class_layers is {self.class_layers}."
            )
        if self.transposed_channels and not self.normformer:
            raise PartError(f"{self.model} without normformer cannot have transposed_channels.")
        if self.qk_norm and not self.has_qk:
            raise PartError(f"{self.model} has no queries and keys for a qk_norm.")
        if self.global_token and self.attends_to == "slots":
            raise PartError(f"{self.model} has slots for particles, none for a global_token.")

    @property
    def width(self) -> int:
        """The number of channels of the residual stream."""
        return self.embed[-1]
