"""The architecture of a model, frozen, and saved beside its weights."""

from dataclasses import asdict, dataclass, fields

from part.errors import PartError

MODELS = ("ParT", "ParTNoBias", "PairAttn")


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
    """ParT's architecture, and that of ParTNoBias and PairAttn; the defaults are those for JetClass (arXiv:2202.03772).

    embed, pair_embed: widths of the two embeddings. layers: particle attention blocks. class_layers: class
    attention blocks. ffn_ratio: hidden width of the feed-forward part over the model's width. dropout: in the
    particle blocks. transposed_channels: weaver-core up to 0.4.17 reorders the channels after attention from
    (head, dim) to (dim, head); weights trained there mean something only with that reordering.
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

    def __post_init__(self):
        if self.width % self.heads:
            raise PartError(f"The width {self.width} of {self.model} is no multiple of its {self.heads} heads.")

    @property
    def width(self) -> int:
        """Channels of the residual stream."""
        return self.embed[-1]


def config_class(model: str) -> type[ModelConfig]:
    """The kind of configuration that a model of this name has. Raises PartError for an unknown one."""
    match model:
        case "ParT" | "ParTNoBias" | "PairAttn":
            return ParTConfig
    raise PartError(f"There is no model {model!r}; this version knows {', '.join(MODELS)}.")


def config_from_dict(values: dict) -> ModelConfig:
    """The inverse of `to_dict`. What is missing takes its default; an unknown key is refused by name."""
    if "model" not in values:
        raise PartError("The model configuration does not say which model it is of.")
    kind = config_class(values["model"])
    if odd := sorted(set(values) - {field.name for field in fields(kind)}):
        raise PartError(f"The configuration of {values['model']} has an unknown {', '.join(odd)}.")
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
