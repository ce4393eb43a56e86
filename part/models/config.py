"""The architecture of a model, frozen, and saved beside its weights."""

from dataclasses import asdict, dataclass, fields

from part.errors import PartError

NORMS = ("layer", "rms")
FFNS = ("gelu", "swiglu")
GATES = ("none", "head", "channel")
PAIR_BIASES = ("none", "projected", "landmark")
MODELS = ("ParT", "ParTNoBias", "PairAttn", "LinParT", "ParticleNet", "PFN", "P-CNN")


@dataclass(frozen=True)
class ModelConfig:
    """What every model has: its name, features per constituent, outputs, dropout while training."""

    model: str
    inputs: int = 17
    classes: int = 10
    dropout: float = 0.0

    layers = heads = 0  # of attention between particles, where a model has it

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class ParTConfig(ModelConfig):
    """ParT's architecture, and that of its variants; the defaults are those for JetClass (arXiv:2202.03772).

    embed, pair_embed: widths of the two embeddings. layers: particle attention blocks. class_layers: class
    attention blocks. ffn_ratio: hidden width of the feed-forward part over the model's width. dropout: in the
    particle blocks. transposed_channels: weaver-core up to 0.4.17 reorders the channels after attention from
    (head, dim) to (dim, head); weights trained there mean something only with that reordering.

    What later versions change. norm: "layer" or "rms", in the blocks and before the head. ffn: "gelu" or "swiglu".
    biases: whether attention, feed-forward part and pair embedding have them. normformer: the scales and norms
    after attention, of heads, in the feed-forward part and of residuals. qk_norm: norms of queries and keys.
    gate: "none", or what a query lets through of its heads' outputs, one gate a "head" or a "channel".
    global_token: a token that goes through the particle blocks, without bias, in place of class blocks.
    """

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

    def __post_init__(self):
        if self.width % self.heads:
            raise PartError(f"The width {self.width} of {self.model} is no multiple of its {self.heads} heads.")
        for name, known in (("norm", NORMS), ("ffn", FFNS), ("gate", GATES)):
            if (value := getattr(self, name)) not in known:
                raise PartError(f"The {name} of {self.model} is {value!r}; expected one of {', '.join(known)}.")
        if self.global_token == bool(self.class_layers):
            raise PartError(
                f"{self.model} takes its logits from class blocks or from a global token, not from "
                f"{'both' if self.global_token else 'neither'}: class_layers is {self.class_layers}."
            )
        if self.transposed_channels and not self.normformer:
            raise PartError(f"{self.model} without normformer has no place for transposed_channels.")
        if self.qk_norm and self.model == "PairAttn":
            raise PartError("PairAttn has no queries and keys for a qk_norm.")
        if self.global_token and self.model == "LinParT":
            raise PartError("LinParT has slots for particles, none for a global_token.")

    @property
    def width(self) -> int:
        """Channels of the residual stream."""
        return self.embed[-1]


@dataclass(frozen=True)
class LinParTConfig(ParTConfig):
    """ParT whose particles attend to slots. slots: how many. length: the longest jet it takes.

    pair_bias: "none"; "projected", ParT's bias of all pairs compressed like the keys; "landmark", a bias to one
    physical four-momentum a slot. The published trainings have 32 slots without a bias and 16 with one.
    """

    model: str = "LinParT"
    slots: int = 16
    pair_bias: str = "landmark"
    length: int = 128

    def __post_init__(self):
        super().__post_init__()
        if self.pair_bias not in PAIR_BIASES:
            raise PartError(f"LinParT's pair_bias is {self.pair_bias!r}; expected none, projected or landmark.")


@dataclass(frozen=True)
class ParticleNetConfig(ModelConfig):
    """ParticleNet's architecture, by default that of the published JetClass weights.

    widths: channels after each EdgeConv. edge_layers: linear layers in each. neighbours: how many particles each
    hears. hidden: width of the layer before the head; dropout is after it.
    """

    model: str = "ParticleNet"
    dropout: float = 0.1
    widths: tuple[int, ...] = (64, 128, 256)
    edge_layers: int = 3
    neighbours: int = 16
    hidden: int = 256


@dataclass(frozen=True)
class PFNConfig(ModelConfig):
    """A Particle Flow Network: widths of Phi, of each particle, and of F, of their sum; dropout is in F."""

    model: str = "PFN"
    phi: tuple[int, ...] = (128, 128, 128)
    f: tuple[int, ...] = (128, 128, 128)


@dataclass(frozen=True)
class PCNNConfig(ModelConfig):
    """P-CNN's architecture.

    stem: channels of the first convolution. stages: channels of each stage of residual units, of which there are
    `units` in each. hidden: width of the layer before the head; dropout is after it. length: slots a jet fills.
    """

    model: str = "P-CNN"
    dropout: float = 0.2
    stem: int = 32
    stages: tuple[int, ...] = (64, 64, 128)
    units: int = 2
    hidden: int = 512
    length: int = 128


def config_class(model: str) -> type[ModelConfig]:
    """The kind of configuration that a model of this name has. Raises PartError for an unknown one."""
    match model:
        case "ParT" | "ParTNoBias" | "PairAttn":
            return ParTConfig
        case "LinParT":
            return LinParTConfig
        case "ParticleNet":
            return ParticleNetConfig
        case "PFN":
            return PFNConfig
        case "P-CNN":
            return PCNNConfig
    raise PartError(f"There is no model {model!r}; this version knows {', '.join(MODELS)}.")


def config_from_dict(values: dict) -> ModelConfig:
    """The inverse of `to_dict`. What is missing takes its default; an unknown key is refused by name."""
    if "model" not in values:
        raise PartError("The model configuration does not say which model it is of.")
    kind = config_class(values["model"])
    if odd := sorted(set(values) - {field.name for field in fields(kind)}):
        raise PartError(f"The configuration of {values['model']} has an unknown {', '.join(odd)}.")
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
