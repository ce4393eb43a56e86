"""What a training run is: every choice, frozen and written beside its results."""

from dataclasses import asdict, dataclass

from part.errors import PartError
from part.jets.schema import DATASETS, FEATURE_SETS, Dataset, FeatureSet
from part.models.config import PAIR_BIASES, ModelConfig, ParTConfig, config_class

PRECISIONS = ("auto", "bf16", "fp32")
# What a resumed run may have otherwise: none of it changes which jets come or what is learned from them.
FREE = ("out", "devices", "nodes", "workers", "memory", "tensorboard", "val_jets")


def recipe(dataset: str, model: str, finetune: bool = False) -> dict:
    """The published training of a model on a dataset (arXiv:2202.03772, and its repository), where it is not Plan's.

    finetune: that of a model with a new head.
    """
    chosen = {}
    match model:
        case "ParticleNet":
            chosen |= {"lr": 1e-2, "clip": 0.0}
        case "PFN" | "P-CNN":
            chosen |= {"lr": 2e-2, "batch_size": 4096, "clip": 0.0}
    match dataset:
        case "TopLandscape":
            chosen |= {"epochs": 20, "jets_per_epoch": 1_228_800, "weight_decay": 0.01}
        case "QuarkGluon":
            chosen |= {"epochs": 20, "jets_per_epoch": 1_597_440, "weight_decay": 0.01}
    if finetune:
        chosen |= {"lr": 1e-3 if model == "ParticleNet" else 1e-4, "head_lr": 50.0, "flat": 1.0}
    return chosen


@dataclass(frozen=True)
class Plan:
    """A training run. The defaults are the published recipe for ParT on JetClass (arXiv:2202.03772); `recipe` has
    what differs for others.

    train, val: files, folders or globs. jets_per_epoch, val_jets: how many are seen (None: all there are).
    micro_batch: jets that pass through the network together; a batch is padded micro-batch by micro-batch (None:
    32 in a transformer; if `packed`, and in others, whose BatchNorms have to see it whole, all of a device's share).
    flat: share of the run at the full learning rate `lr`, which then decays exponentially to 1 % of it.
    clip: largest norm of the gradient, 0 for any. dropout: None takes the model's own. slots, pair_bias: of a LinParT.
    calibration_jets: jets that fix the BatchNorm statistics before the first step; 0 leaves them to each batch.
    balanced: classes come equally often, however many jets of each there are.
    start_from: a checkpoint whose weights are taken where they fit. finetune: one whose architecture and weights are
    taken, but for the head, which starts afresh and learns `head_lr` times as fast. distill: a checkpoint, or
    a parquet table by `part predict` of all training jets, whose probabilities the model learns along with the labels,
    `soft` of the loss. reflect: half of the jets are seen in a mirror, in azimuth and along the beam.
    precision: "auto" (bf16 where the hardware has it), "bf16" or "fp32". devices: processes or GPUs of a node, of which
    there are `nodes`. workers: processes that decode jets for each device (None: as fit the machine). memory: GB of
    decoded jets that each device keeps. tensorboard: whether its log is written, too. packed: on a GPU, ParT by
    kernels that know no padding, and no dropout.
    """

    dataset: str
    model: str
    features: str
    train: tuple[str, ...]
    val: tuple[str, ...]
    name: str
    out: str = "runs"
    epochs: int = 50
    jets_per_epoch: int | None = 10_240_000
    val_jets: int | None = 10_000
    batch_size: int = 512
    micro_batch: int | None = None
    lr: float = 1e-3
    weight_decay: float = 0.0
    flat: float = 0.7
    clip: float = 1.0
    dropout: float | None = None
    seed: int = 1
    calibration_jets: int = 0
    balanced: bool = False
    start_from: str | None = None
    finetune: str | None = None
    head_lr: float = 1.0
    distill: str | None = None
    soft: float = 0.7
    slots: int | None = None
    pair_bias: str | None = None
    precision: str = "auto"
    devices: int = 1
    nodes: int = 1
    workers: int | None = None
    memory: float = 4.0
    tensorboard: bool = False
    packed: bool = False
    reflect: bool = False

    def __post_init__(self):
        for value, known, what in (
            (self.dataset, DATASETS, "dataset"),
            (self.features, FEATURE_SETS, "feature set"),
            (self.precision, PRECISIONS, "precision"),
        ):
            if value not in known:
                raise PartError(f"There is no {what} {value!r}; choose one of {', '.join(known)}.")
        if self.features not in self.schema[0].feature_sets:
            raise PartError(
                f"{self.dataset} has no {self.features} inputs, only {', '.join(self.schema[0].feature_sets)}."
            )
        self._check_numbers()
        self._check_batches()
        if self.start_from and self.finetune:
            raise PartError("A model starts from the weights of one checkpoint: give --start-from or --finetune.")
        if self.pair_bias not in (None, *PAIR_BIASES):
            raise PartError(f"There is no pair_bias {self.pair_bias!r}; choose one of {', '.join(PAIR_BIASES)}.")
        if (self.slots is not None or self.pair_bias is not None) and self.model != "LinParT":
            raise PartError(f"{self.model} has no slots and no pair_bias; only LinParT has.")

    def _check_numbers(self) -> None:
        sizes = (self.epochs, self.batch_size, self.micro_batch, self.devices, self.nodes, self.jets_per_epoch)
        if any(size is not None and size < 1 for size in (*sizes, self.val_jets)):
            raise PartError("Epochs, batch sizes, jets, devices and nodes count from 1.")
        for name in ("flat", "soft"):
            if not 0 <= getattr(self, name) <= 1:
                raise PartError(f"{name} is {getattr(self, name)}; expected a share between 0 and 1.")
        for name in ("lr", "head_lr"):
            if getattr(self, name) <= 0:
                raise PartError(f"{name} is {getattr(self, name)}; expected a number above 0.")
        if min(self.clip, self.weight_decay, self.calibration_jets, self.workers or 0, self.memory) < 0:
            raise PartError("clip, weight_decay, calibration_jets, workers and memory are not negative.")

    def _check_batches(self) -> None:
        if self.batch_size % self.processes:
            raise PartError(
                f"A batch of {self.batch_size} cannot be dealt out evenly to {self.processes} devices; "
                f"make it a multiple of {self.processes}."
            )
        if self.batch_size % (self.micro * self.processes):
            raise PartError(
                f"A batch of {self.batch_size} cannot be dealt out evenly as micro-batches of {self.micro} to "
                f"{self.processes} device(s); make it a multiple of {self.micro * self.processes}."
            )
        if not (self.calibration_jets or self.transformer) and self.micro * self.processes != self.batch_size:
            raise PartError(
                f"The BatchNorms of {self.model} see a batch of {self.batch_size} whole on each of {self.processes} "
                f"device(s): leave --micro-batch out, or fix their statistics with --calibration-jets."
            )

    @property
    def processes(self) -> int:
        """That share each batch."""
        return self.devices * self.nodes

    @property
    def taught_by_table(self) -> bool:
        return bool(self.distill) and self.distill.endswith(".parquet")

    @property
    def transformer(self) -> bool:
        return issubclass(config_class(self.model), ParTConfig)

    @property
    def micro(self) -> int:
        """Jets of a micro-batch."""
        a_device = self.batch_size // self.processes
        padded = self.transformer and not self.packed
        return self.micro_batch or (min(32, a_device) if padded else a_device)

    @property
    def schema(self) -> tuple[Dataset, FeatureSet]:
        return DATASETS[self.dataset], FEATURE_SETS[self.features]

    @property
    def config(self) -> ModelConfig:
        """Of the model, unless it is `finetune`'s."""
        dataset, features = self.schema
        names = ("slots", "pair_bias", "dropout")
        chosen = {name: value for name in names if (value := getattr(self, name)) is not None}
        return config_class(self.model)(self.model, len(features), len(dataset.labels), **chosen)

    def to_dict(self) -> dict:
        return asdict(self)
