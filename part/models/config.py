"""The architecture of a model, frozen, and saved beside its weights."""

from dataclasses import asdict, dataclass, fields

from part.errors import PartError


@dataclass(frozen=True)
class ModelConfig:
    """A model's architecture. The defaults are ParT's for JetClass with all inputs (arXiv:2202.03772).

    inputs: features per constituent. classes: outputs. embed, pair_embed: widths of the two embeddings.
    layers: particle attention blocks. class_layers: class attention blocks. ffn_ratio: hidden width of the
    feed-forward part over the model's width. dropout: in the particle blocks, while training.
    transposed_channels: weaver-core up to 0.4.17 reorders the channels after attention from (head, dim) to
    (dim, head); weights trained there mean something only with that reordering.
    """

    model: str = "ParT"
    inputs: int = 17
    classes: int = 10
    embed: tuple[int, ...] = (128, 512, 128)
    pair_embed: tuple[int, ...] = (64, 64, 64)
    heads: int = 8
    layers: int = 8
    class_layers: int = 2
    ffn_ratio: int = 4
    dropout: float = 0.1
    transposed_channels: bool = False

    def __post_init__(self):
        if self.width % self.heads:
            raise PartError(f"The width {self.width} of {self.model} is no multiple of its {self.heads} heads.")

    @property
    def width(self) -> int:
        """Channels of the residual stream."""
        return self.embed[-1]

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "ModelConfig":
        """The inverse of `to_dict`; an unknown or missing key is refused by name."""
        known = {field.name for field in fields(cls)}
        if set(values) != known:
            odd = ", ".join(sorted(set(values) ^ known))
            raise PartError(f"The model configuration should have exactly the keys {sorted(known)}; check {odd}.")
        return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
