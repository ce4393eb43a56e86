"""The configuration that every architecture has, as a frozen dataclass, which is saved beside the weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from part.errors import PartError
from part.models.config_values import check_values


def later(default: Any) -> Any:
    """Return a field that `ModelConfig.to_dict` leaves out at its default: cards written before it read the same."""
    return field(default=default, metadata={"later": True})


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
    collections : tuple of int
        The number of features of each collection of tokens (particles, vertices); () for a single one. With several,
        the inputs are the features of the first, of the second and so on, each zero for the tokens of other
        collections, and at the end a flag for each collection.

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
    collections: tuple[int, ...] = later(())

    def __post_init__(self) -> None:
        check_values(self)
        if self.model != (own := getattr(type(self), "model", None)):
            raise PartError(f"A {type(self).__name__} describes the model {own!r}, not {self.model!r}.")
        least = sum(self.collections) + len(self.collections)
        if self.collections and (len(self.collections) == 1 or self.inputs < least):
            raise PartError(
                f"{self.model} has {self.inputs} inputs for collections of {self.collections} features; expected two "
                f"collections or more, and {least} inputs or more, since each collection has a flag."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name; `part.models.build.config_from_dict` is the inverse."""
        omitted = {f.name for f in fields(self) if f.metadata.get("later") and getattr(self, f.name) == f.default}
        return {name: value for name, value in asdict(self).items() if name not in omitted}
