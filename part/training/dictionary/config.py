"""The choices that make the training of a dictionary, written into its folder as `plan.json`."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from part.errors import PartError
from part.options import MAX_SEED, option

if TYPE_CHECKING:
    from part.jets.schema import Dataset, FeatureSet
    from part.models.checkpoints.checkpoint import Checkpoint

_COUNT = (1, math.inf, "1 or more")
_LIMITS = {
    **dict.fromkeys(("features", "active", "epochs", "jets_per_epoch", "val_jets", "batch_size"), _COUNT),
    **dict.fromkeys(("layer", "head", "dead_after", "auxiliary", "auxiliary_weight"), (0, 1e12, "0 or more")),
    "lr": (5e-324, 1e12, "a finite number above 0"),
    "lr_hold_fraction": (0, 1, "a fraction between 0 and 1"),
    "seed": (0, MAX_SEED, f"a whole number from 0 to {MAX_SEED}"),
}


@dataclass(frozen=True)
class DictionaryConfig:
    """The choices that make the training of a dictionary. Each field is also an option of `part dictionary`.

    Parameters
    ----------
    model : str
        A shipped name or a checkpoint, whose activations the dictionary writes.
    train, val : tuple of str
        Files, folders or globs of jets with labels, to train on and to validate with.
    name, out : str
        The name of the run, of its folder in `out`, and of the dictionary's file.
    layer, head : int
        The place, see `part.analysis.dictionary.place.Place`.
    features, active : int
        The number of features, and of those that may be active for a token.
    epochs, jets_per_epoch, val_jets, batch_size, lr, lr_hold_fraction, seed
        As those of a tagger's training, see `TrainingConfig`. A batch holds the tokens of all its jets.
    dead_after : int
        After how many tokens without being active a feature counts as dead.
    auxiliary, auxiliary_weight : int, float
        How many dead features explain what is left of a token, and the weight of their error in the loss.
    """

    model: str = option("shipped name or checkpoint whose activations are taken", flag="--model")
    train: tuple[str, ...] = option("files, folders or globs of the training jets, with labels", nargs="+")
    val: tuple[str, ...] = option("files, folders or globs of the validation jets", nargs="+")
    name: str = option("name of the run, its folder and its dictionary")
    out: str = option("folder of all runs", "dictionaries")
    layer: int = option("layer after which the residual stream is taken; 0: the embedding", 6)
    head: int = option("head of the layer whose output is taken instead, from 1; 0: none", 0)
    features: int = option("number of features", 512)
    active: int = option("most features that are active for a particle", 24)
    epochs: int = option("number of epochs", 6)
    jets_per_epoch: int | None = option("training jets in an epoch (default: all)", None, parse=int)
    val_jets: int | None = option("validation jets (default: all)", None, parse=int)
    batch_size: int = option("jets in an optimizer step", 16)
    lr: float = option("learning rate", 1e-2)
    lr_hold_fraction: float = option("fraction of the run before the learning rate decays", 0.7, key="flat")
    dead_after: int = option("tokens without being active after which a feature is dead", 200_000)
    auxiliary: int = option("dead features that explain what is left of a token", 64)
    auxiliary_weight: float = option("weight of their error in the loss", 1 / 32)
    seed: int = option("seed of the initial weights and of the order of jets", 1)

    # What the trainer asks besides; a dictionary has no choice in it.
    balanced: ClassVar[bool] = False
    distill: ClassVar[str | None] = None
    distills_from_table: ClassVar[bool] = False
    calibration_jets: ClassVar[int] = 256  # from which the activations' mean and scale are taken
    grad_clip_norm: ClassVar[float] = 1.0
    precision: ClassVar[str] = "fp32"
    devices: ClassVar[int] = 1
    nodes: ClassVar[int] = 1
    world_size: ClassVar[int] = 1
    workers: ClassVar[int | None] = 0
    memory: ClassVar[float] = 4.0
    tensorboard: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, (low, high, expected) in _LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:  # NaN is in no range
                raise PartError(f"{name} is {value}; expected {expected}.")
        if self.active > self.features:
            raise PartError(f"{self.active} of {self.features} features are to be active; expected at most all.")

    @property
    def micro_batch_size(self) -> int:
        """The number of jets that pass through the model together."""
        return math.gcd(self.batch_size, 32)

    @cached_property
    def checkpoint(self) -> "Checkpoint":
        """The model whose activations are taken. Raises PartError if it cannot be loaded."""
        from part.models.checkpoints.checkpoint import load_checkpoint

        return load_checkpoint(self.model)

    @property
    def schema(self) -> "tuple[Dataset, FeatureSet]":
        """The classes and the inputs of the model."""
        return self.checkpoint.dataset, self.checkpoint.features

    def to_dict(self) -> dict[str, Any]:
        """Return all choices by the keys of `plan.json`."""
        return {KEYS[name]: value for name, value in asdict(self).items()}


KEYS: Mapping[str, str] = {item.name: item.metadata.get("key", item.name) for item in fields(DictionaryConfig)}
DEFAULTS: Mapping[str, Any] = {KEYS[item.name]: item.default for item in fields(DictionaryConfig)}
