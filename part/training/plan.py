"""What a training run is: every choice, frozen and written beside its results."""

from dataclasses import asdict, dataclass

from part.errors import PartError
from part.jets.schema import DATASETS, FEATURE_SETS, Dataset, FeatureSet
from part.models.config import ModelConfig, config_class


def recipe(model: str) -> dict:
    """How the published trainings of a model differ from ParT's (arXiv:2202.03772, and its repository)."""
    match model:
        case "ParticleNet":
            return {"lr": 1e-2, "micro_batch": 512, "calibration_jets": 0, "clip": 0.0}
        case "PFN" | "P-CNN":
            return {"lr": 2e-2, "batch_size": 4096, "micro_batch": 4096, "calibration_jets": 0, "clip": 0.0}
    return {}


@dataclass(frozen=True)
class Plan:
    """A training run. The defaults are the published recipe for ParT on JetClass (arXiv:2202.03772); `recipe` has
    those of other models.

    train, val: files, folders or globs. jets_per_epoch, val_jets: how many are seen (None: all there are).
    micro_batch: jets that pass through the network together; a batch is padded micro-batch by micro-batch.
    flat: share of the run at the full learning rate `lr`, which then decays exponentially to 1 % of it.
    calibration_jets: jets that fix the BatchNorm statistics before the first step; 0 leaves them to each batch,
    which then has to pass through the network whole.
    dropout: None takes the model's own. start_from: a checkpoint whose weights are taken where they fit.
    slots, pair_bias: of a LinParT.
    precision: "auto" (bf16 where the hardware has it), "bf16" or "fp32". devices: processes or GPUs.
    """

    dataset: str
    model: str
    features: str
    train: tuple[str, ...]
    val: tuple[str, ...]
    name: str
    out: str = "runs"
    epochs: int = 50
    jets_per_epoch: int | None = None
    val_jets: int | None = 10_000
    batch_size: int = 512
    micro_batch: int = 32
    lr: float = 1e-3
    weight_decay: float = 0.0
    flat: float = 0.7
    clip: float = 1.0
    dropout: float | None = None
    seed: int = 1
    calibration_jets: int = 512
    precision: str = "auto"
    devices: int = 1
    start_from: str | None = None
    slots: int | None = None
    pair_bias: str | None = None

    def __post_init__(self):
        for value, known, what in (
            (self.dataset, DATASETS, "dataset"),
            (self.features, FEATURE_SETS, "feature set"),
        ):
            if value not in known:
                raise PartError(f"There is no {what} {value!r}; choose one of {', '.join(known)}.")
        if self.features not in self.schema[0].feature_sets:
            raise PartError(
                f"{self.dataset} has no {self.features} inputs, only {', '.join(self.schema[0].feature_sets)}."
            )
        if self.batch_size % (self.micro_batch * self.devices):
            raise PartError(
                f"A batch of {self.batch_size} cannot be dealt out evenly as micro-batches of {self.micro_batch} "
                f"to {self.devices} device(s); make it a multiple of {self.micro_batch * self.devices}."
            )
        if not self.calibration_jets and self.micro_batch * self.devices != self.batch_size:
            raise PartError(
                f"Without calibration jets a batch of {self.batch_size} passes whole through each of {self.devices} "
                f"device(s), in micro-batches of {self.batch_size // self.devices}, not {self.micro_batch}."
            )
        if min(self.epochs, self.batch_size, self.micro_batch, self.devices) < 1 or not 0 <= self.flat <= 1:
            raise PartError("Epochs, batch sizes and devices count from 1, and flat is a share between 0 and 1.")

    @property
    def schema(self) -> tuple[Dataset, FeatureSet]:
        return DATASETS[self.dataset], FEATURE_SETS[self.features]

    @property
    def config(self) -> ModelConfig:
        dataset, features = self.schema
        kind = config_class(self.model)
        chosen = {name: value for name in ("slots", "pair_bias") if (value := getattr(self, name)) is not None}
        if chosen and self.model != "LinParT":
            raise PartError(f"{self.model} has no {' and no '.join(chosen)}; only LinParT has.")
        if self.dropout is not None:
            chosen["dropout"] = self.dropout
        return kind(model=self.model, inputs=len(features), classes=len(dataset.labels), **chosen)

    def to_dict(self) -> dict:
        return asdict(self)
