"""The architecture of a model as a frozen dataclass, which is saved beside the weights.

What all models share (`model_config.py`) and ParT's own sizes are here; each variant keeps its configuration in its own
file. This module does not import torch, so that command lines start fast.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from part.errors import PartError
from part.models.model_config import ModelConfig, later
from part.models.pair_inputs import feature_names, is_known, is_symmetric

NORMS = ("layer", "rms")
ACTIVATIONS = ("gelu", "relu")
FFNS = (*ACTIVATIONS, "swiglu")
GATES = ("none", "head", "channel")
NORMFORMER = ("attn", "ffn", "heads", "residual")  # norm after the attention, norm in the FFN, scales of both kinds
# The fields that the class blocks, and what lies outside of all blocks, may have other values of.
_BLOCK_FIELDS = (
    *("heads", "ffn_ratio", "transposed_channels", "norm", "ffn", "biases", "normformer", "qk_norm", "gate"),
    *("layer_scale", "bias_scale"),
)
_OUTSIDE_FIELDS = ("norm", "biases")


@dataclass(frozen=True)
class ParTConfig(ModelConfig):
    """The architecture of a Particle Transformer. The defaults are those of the published training on JetClass.

    The fields from `norm` on are what weaver-core's later versions, or arguments of its network, change.

    Parameters
    ----------
    model, inputs, classes, collections
        See `ModelConfig`.
    dropout : float
        The dropout probability in the particle blocks.
    embed : tuple of int
        The widths of the input embedding, one for each collection; the last one is the width of the residual stream.
        () for none: the inputs are the residual stream.
    pair_embed : tuple of int, or None
        The hidden widths of the pair embedding, whose outputs are the heads' biases; None for no bias.
    heads : int
        The number of attention heads in each block.
    layers, class_layers : int
        The number of particle blocks and of class blocks. Without class blocks and global token the logits are those
        of the mean over all tokens.
    ffn_ratio : int
        The hidden width of the feed-forward part, relative to the width of the residual stream.
    transposed_channels : bool
        Whether a block reorders the channels after attention from (head, dim) to (dim, head), as weaver-core does up
        to 0.4.17; weights trained there mean something only with that reordering.
    norm : str
        "layer" or "rms", in the blocks and before the head.
    ffn : str
        The feed-forward part, "gelu", "relu" or "swiglu".
    biases : bool
        Whether the linear layers of attention, feed-forward part and pair embedding have biases.
    normformer : bool or tuple of str
        Whether blocks have NormFormer's norms and scales (arXiv:2110.09456), or which: names of `NORMFORMER`.
    qk_norm : bool
        Whether queries and keys are normalised.
    gate : str
        "none", or sigmoid gates on the heads' outputs, one per query and "head", or per "channel".
    global_token : bool
        Whether a class token passes through the particle blocks, without bias, in place of class blocks.
    pair_features : str
        The kind of features that the pair embedding takes: "pp", "ee", "xyzt" or "xyzt:" with coordinates
        "rectangular", "spherical" or "cylindrical" (see `part.models.pair_inputs`).
    pair_inputs, extra_pair_features : int
        The number of these features, and of further features of each pair of tokens of the first collection, which
        are given to the model and have an embedding of their own.
    pair_activation_last : bool
        Whether the pair embedding ends with its activation; False is weaver-core's `use_pre_activation_pair=True`.
    self_pairs : bool
        Whether a token forms a pair with itself. Without, its bias is 0 if the pair features are symmetric, and that
        of features 0 otherwise.
    activation : str
        "gelu" or "relu", in the input embedding.
    conv_embed : bool
        Whether the input embedding has a BatchNorm after each linear layer, and no activation at its end.
    biased_blocks : tuple of int, or None
        The particle blocks that have the bias, counted from 0; None for all.
    head : tuple of (int, str)
        The hidden layers of the head, each with its width and "gelu", "relu" or "swiglu".
    layer_scale : bool
        Whether the outputs of attention and feed-forward part are scaled channel by channel (arXiv:2103.17239).
    bias_scale : bool
        Whether each block scales the bias by a number of its own.
    in_class_blocks, outside_blocks : tuple of (str, value)
        Fields that have another value in the class blocks, and in pair embedding, last norm and head.

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

    model: str = "ParT"
    dropout: float = 0.1
    embed: tuple[int, ...] = (128, 512, 128)
    pair_embed: tuple[int, ...] | None = (64, 64, 64)
    heads: int = 8
    layers: int = 8
    class_layers: int = 2
    ffn_ratio: int = 4
    transposed_channels: bool = False
    norm: str = "layer"
    ffn: str = "gelu"
    biases: bool = True
    normformer: bool | tuple[str, ...] = True
    qk_norm: bool = False
    gate: str = "none"
    global_token: bool = False
    pair_features: str = later("pp")
    pair_inputs: int = later(4)
    extra_pair_features: int = later(0)
    pair_activation_last: bool = later(True)
    self_pairs: bool = later(True)
    activation: str = later("gelu")
    conv_embed: bool = later(False)
    biased_blocks: tuple[int, ...] | None = later(None)
    head: tuple[tuple[int, str], ...] = later(())
    layer_scale: bool = later(False)
    bias_scale: bool = later(False)
    in_class_blocks: tuple[tuple[str, Any], ...] = later(())
    outside_blocks: tuple[tuple[str, Any], ...] = later(())

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_values()
        self._check_blocks()
        self._check_pairs()
        for places, allowed in ((self.in_class_blocks, _BLOCK_FIELDS), (self.outside_blocks, _OUTSIDE_FIELDS)):
            if unknown := {name for name, _ in places} - set(allowed):
                raise PartError(f"{self.model} has one {min(unknown)} for all its places.")
        if self.in_class_blocks or self.outside_blocks:
            _ = self.class_block, self.outside  # checks them

    def _check_values(self) -> None:
        if self.width % self.heads:
            raise PartError(f"The width {self.width} of {self.model} is not a multiple of its {self.heads} heads.")
        kinds = (("norm", NORMS), ("ffn", FFNS), ("gate", GATES), ("activation", ACTIVATIONS))
        values: list[tuple[str, Any, tuple[str, ...]]] = [(name, getattr(self, name), known) for name, known in kinds]
        values += [("normformer", name, NORMFORMER) for name in self.normformer_parts]
        values += [("head", kind, FFNS) for _, kind in self.head]
        for name, value, allowed in values:
            if value not in allowed:
                raise PartError(f"The {name} of {self.model} is {value!r}; expected one of {', '.join(allowed)}.")
        if not self.embed and (self.collections or self.conv_embed):
            raise PartError(f"{self.model} without an embedding takes one collection, and has no conv_embed.")

    def _check_blocks(self) -> None:
        if self.global_token and self.class_layers:
            raise PartError(
                f"{self.model} takes its logits from class blocks or from a global token, not from both: class_layers "
                f"is {self.class_layers}."
            )
        if self.transposed_channels and "heads" not in self.normformer_parts:
            raise PartError(f"{self.model} without normformer cannot have transposed_channels.")
        if self.qk_norm and not self.has_qk:
            raise PartError(f"{self.model} has no queries and keys for a qk_norm.")
        if self.global_token and self.attends_to == "slots":
            raise PartError(f"{self.model} has slots for particles, none for a global_token.")
        if outside := sorted(set(self.biased_blocks or ()) - set(range(self.layers))):
            raise PartError(f"{self.model} has {self.layers} particle blocks, so block {outside[0]} cannot be biased.")

    def _check_pairs(self) -> None:
        if not is_known(self.pair_features, self.pair_inputs) or self.extra_pair_features < 0:
            raise PartError(f"{self.model} cannot take {self.pair_inputs} pair features of {self.pair_features!r}.")
        if self.pair_embed is not None and not self.pair_inputs + self.extra_pair_features:
            raise PartError(f"{self.model} has no features for its pair embedding; without one, pair_embed is None.")

    @property
    def has_bias(self) -> bool:  # ty: ignore[incompatible-property-override]
        """Whether an interaction bias is added to the logits of any block."""
        return self.pair_embed is not None and self.biased_blocks != ()

    @property
    def width(self) -> int:
        """The number of channels of the residual stream."""
        return self.embed[-1] if self.embed else self.inputs

    @property
    def normformer_parts(self) -> tuple[str, ...]:
        """The norms and scales of NormFormer that the blocks have, by names of `NORMFORMER`."""
        if isinstance(self.normformer, tuple):
            return self.normformer
        return NORMFORMER if self.normformer else ()

    @property
    def symmetric_pairs(self) -> bool:
        """Whether the bias is the same from i to j as from j to i."""
        return is_symmetric(self.pair_features, self.pair_inputs) and not self.extra_pair_features

    @property
    def pair_feature_names(self) -> tuple[str, ...]:
        """The names of the features from which the bias is computed, without the extra ones; () without a bias."""
        return feature_names(self.pair_features, self.pair_inputs) if self.has_bias else ()

    @property
    def class_block(self) -> "ParTConfig":
        """The configuration as the class blocks have it."""
        return replace(self, **dict(self.in_class_blocks), in_class_blocks=(), outside_blocks=())

    @property
    def outside(self) -> "ParTConfig":
        """The configuration as pair embedding, last norm and head have it."""
        return replace(self, **dict(self.outside_blocks), in_class_blocks=(), outside_blocks=())

    def is_biased(self, layer: int) -> bool:
        """Return whether a particle block has the bias."""
        return self.has_bias and (self.biased_blocks is None or layer in self.biased_blocks)
