"""The choices that make a training run, written into its folder as `plan.json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from part.errors import PartError
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import DATASETS
from part.jets.schema import Dataset, FeatureSet
from part.models.build import MODELS, config_class, model_class
from part.models.config import ModelConfig, ParTConfig
from part.options import option
from part.training.architecture import architecture
from part.training.data_config import Content, parse_content, read_content
from part.training.limits import check_batches, check_numbers

PRECISIONS = ("auto", "bf16", "fp32")
# A resumed run may differ in these: none of them changes which jets come, or what is learned from them.
RESUMABLE = ("out", "devices", "nodes", "workers", "memory", "tensorboard", "keep_epochs", "val_jets", "config")


@dataclass(frozen=True)
class TrainingConfig:
    """The choices that make a training run.

    The defaults are the published recipe for ParT on JetClass (arXiv:2202.03772); `recipes.published_recipe` holds
    what differs for other models and datasets. Each field is also an option of `part train`; its `key` is its name in
    files and flags, if that is another one.

    Parameters
    ----------
    dataset, model, features : str
        The names of the dataset, of the model and of the feature set; `config` gives its own to the first and last.
    train, val : tuple of str
        Files, folders or globs of the training jets and of the validation jets.
    name : str
        The name of the run, of its folder in `out`, and of its checkpoint.
    out : str
        The folder of all runs.
    epochs : int
        The number of epochs.
    jets_per_epoch, val_jets : int or None
        Training jets in an epoch, and validation jets; None takes all jets of the files.
    batch_size : int
        Jets in an optimizer step, over all devices.
    micro_batch : int or None
        Jets that pass through the network together, padded to the longest of them. None takes 32 in a transformer;
        if `packed`, and in the other models, whose BatchNorms need the whole batch, it takes a device's whole share.
    lr : float
        The highest learning rate.
    weight_decay : float
        The decoupled weight decay of matrices and kernels.
    lr_hold_fraction : float
        The fraction of the run at the full learning rate, which then decays exponentially to 1 % of it.
    grad_clip_norm : float
        The largest norm of the gradient; 0 switches clipping off.
    dropout : float or None
        The dropout probability; None takes the model's own.
    seed : int
        The seed of initial weights, order of jets and dropout.
    calibration_jets : int
        Jets that fix the BatchNorm statistics before the first step; with 0, each batch has its own statistics.
    balanced : bool
        Whether all classes come equally often, whatever the files hold.
    start_from : str or None
        A checkpoint whose weights are loaded where name and shape agree.
    finetune : str or None
        A checkpoint whose architecture and weights are taken over, except for the head, which is reinitialised.
    head_lr_factor : float
        The learning rate of the head, relative to that of the other weights.
    distill : str or None
        The teacher: a checkpoint, or a parquet table of all training jets that `part predict` wrote.
    distill_weight : float
        The weight of the teacher's probabilities in the loss; the labels have the rest.
    slots, pair_bias : int or None, str or None
        The number of slots and the kind of pair bias; only LinParT has them.
    layers : int or None
        The layers of particles, of a transformer that is smaller or larger than usual; None takes the usual 8.
    precision : str
        "auto" (bf16 where the hardware has it), "bf16" or "fp32".
    devices, nodes : int
        Processes or GPUs per node, and the number of nodes.
    workers : int or None
        Processes per device that decode jets; None leaves the number to `preparation.resolve_workers`.
    memory : float
        Decoded jets that each device keeps between epochs, in GB.
    tensorboard : bool
        Whether a TensorBoard log is written as well.
    keep_epochs : bool
        Whether the model after each epoch is kept, for instance to compare their heads.
    packed : bool
        Whether it is an error if ParT cannot train on a GPU with kernels for jets without padding, which have no
        dropout. Where they can, they do in any case.
    reflect : bool
        Whether jets are reflected at random, in azimuth and along the beam.
    config : str or None
        A weaver data config, whose inputs, labels and weights are trained in place of a benchmark's.
    unweighted : bool
        Whether the weights of the data config are not used.
    data_config : dict or None
        The content of `config`, by default read from the file (see `part.training.data_config`).

    Raises
    ------
    PartError
        If a name is unknown, a number is out of range, or two choices contradict each other.
    """

    dataset: str = option("JetClass, QuarkGluon or TopLandscape; not with --config", flag="dataset")
    model: str = option(", ".join(MODELS), flag="model")
    features: str = option("kin, kinpid, full or kinpidplus (default: kin)", flag="features", nargs="?")
    train: tuple[str, ...] = option("files, folders or globs of training jets", nargs="+", metavar="PATH")
    val: tuple[str, ...] = option("files, folders or globs of validation jets", nargs="+", metavar="PATH")
    name: str = option("name of the run and its checkpoint (default: MODEL-FEATURES or MODEL-CONFIG)", required=False)
    out: str = option("folder of all runs", "runs")
    epochs: int = option("passes over --jets-per-epoch jets", 50)
    jets_per_epoch: int | None = option("training jets in an epoch; 0: all", 10_240_000, zero_is_all=True)
    val_jets: int | None = option("approximate number of validation jets; 0: all", 10_000, zero_is_all=True)
    batch_size: int = option("jets in an optimizer step, over all devices", 512)
    micro_batch: int | None = option(
        "jets padded together (default: 32 in transformers; elsewhere and if packed, all)", None, parse=int
    )
    lr: float = option("learning rate", 1e-3)
    weight_decay: float = option("weight decay of matrices and kernels", 0.0)
    lr_hold_fraction: float = option("fraction of the run before the learning rate decays", 0.7, key="flat")
    grad_clip_norm: float = option("largest norm of the gradient; 0: any", 1.0, key="clip")
    dropout: float | None = option("dropout in place of the model's own", None, parse=float)
    seed: int = option("seed of weights, order of jets and dropout", 1)
    calibration_jets: int = option("jets that fix the BatchNorm statistics; 0: those of each batch", 0)
    balanced: bool = option("have all classes come equally often, whatever the files hold", False)
    start_from: str | None = option("checkpoint whose weights are loaded where they fit", None)
    finetune: str | None = option("checkpoint, ours or weaver's, that gets a new head and is trained further", None)
    head_lr_factor: float = option(
        "learning rate of the head, relative to the rest (default with --finetune: 50)", 1.0, key="head_lr"
    )
    distill: str | None = option("teacher: a checkpoint, or a table of its predictions by `part predict`", None)
    distill_weight: float = option("weight of the teacher in the loss", 0.7, key="soft")
    slots: int | None = option("slots of a LinParT", None, parse=int)
    pair_bias: str | None = option("pair bias of a LinParT: none, projected or landmark", None)
    layers: int | None = option("layers of a transformer, in place of its usual 8", None, parse=int)
    precision: str = option("auto, bf16 or fp32", "auto")
    devices: int = option("processes or GPUs per node", 1)
    nodes: int = option("nodes, as started by torchrun or SLURM", 1)
    workers: int | None = option(
        "processes per device that decode jets (default: what suits the machine)", None, parse=int
    )
    memory: float = option("GB of decoded jets that each device keeps", 4.0)
    tensorboard: bool = option("write a TensorBoard log as well", False)
    keep_epochs: bool = option("keep the model after each epoch, in the folder epochs of the run", False)
    packed: bool = option("insist on kernels for jets without padding, which need a GPU and no dropout", False)
    reflect: bool = option("reflect jets at random, in azimuth and along the beam", False)
    config: str | None = option("weaver data config (.yaml) of own files; the model is then the only word", None)
    unweighted: bool = option("leave out the weights of the data config", False, key="no_weights")
    data_config: Content | None = field(default=None, hash=False)

    def __post_init__(self):
        if self.config and not self.data_config:
            object.__setattr__(self, "data_config", read_content(self.config))
        if self.data_config:
            for name in ("dataset", "features"):
                object.__setattr__(self, name, str(self.data_config.get("name")))
        self._check_names()
        check_numbers(vars(self))
        needs_whole = not (self.calibration_jets or self.is_transformer)
        check_batches(self.model, self.batch_size, self.micro_batch_size, self.world_size, needs_whole)
        _ = self.model_config  # raises PartError for values that the architecture refuses

    def _check_names(self) -> None:
        names = [(self.precision, PRECISIONS, "precision")]
        if not self.data_config:
            names = [(self.dataset, DATASETS, "dataset"), (self.features, FEATURE_SETS, "feature set"), *names]
        for value, allowed, what in names:
            if value not in allowed:
                raise PartError(f"There is no {what} {value!r}; choose one of {', '.join(allowed)}.")
        if self.start_from and self.finetune:
            raise PartError("A model starts from the weights of one checkpoint: give --start-from or --finetune.")
        architecture = {item.name for item in fields(config_class(self.model))}
        for name in ("slots", "pair_bias", "layers"):
            if getattr(self, name) is not None and name not in architecture:
                raise PartError(f"{self.model} has no {name}.")
        dataset, features = self.schema
        if features.config is None:
            if self.features not in dataset.feature_sets:
                raise PartError(
                    f"{self.dataset} has no {self.features} inputs, only {', '.join(dataset.feature_sets)}."
                )
            if self.unweighted:
                raise PartError("--no-weights leaves out the weights of a data config; give one with --config.")
        elif self.balanced and features.config.weights:
            raise PartError(f"--balanced and the weights of {self.dataset} exclude each other; add --no-weights.")

    @property
    def world_size(self) -> int:
        """The number of processes that share each batch."""
        return self.devices * self.nodes

    @property
    def distills_from_table(self) -> bool:
        return bool(self.distill) and self.distill.endswith(".parquet")

    @property
    def is_transformer(self) -> bool:
        return issubclass(config_class(self.model), ParTConfig)

    @property
    def micro_batch_size(self) -> int:
        """The number of jets in a micro-batch."""
        device_share = self.batch_size // self.world_size
        pads = self.is_transformer and not self.packed
        return self.micro_batch or (min(32, device_share) if pads else device_share)

    @cached_property
    def schema(self) -> tuple[Dataset, FeatureSet]:
        """The classes and the inputs. Of an index of classes that are not counted yet there are two."""
        if not self.data_config:
            return DATASETS[self.dataset], FEATURE_SETS[self.features]
        config = parse_content(self.data_config, self.config or self.dataset)
        if self.unweighted:
            config = config.with_options(weights=None)
        return config.dataset(2), config.feature_set(model_class(self.model).takes_points)

    @cached_property
    def model_config(self) -> ModelConfig:
        """The architecture to train, unless `finetune` brings its own."""
        dataset, features = self.schema
        names = ("slots", "pair_bias", "layers", "dropout")
        chosen = {name: value for name in names if (value := getattr(self, name)) is not None}
        return architecture(self.model, features, len(dataset.labels), chosen)

    def to_dict(self) -> dict[str, Any]:
        """Return all choices by the keys of `plan.json`; later ones, as on a data config, only where they are made."""
        names = ("config", "unweighted", "data_config", "layers", "keep_epochs")
        later = {name for name in names if not getattr(self, name)}
        return {KEYS[name]: value for name, value in asdict(self).items() if name not in later}


# The name of each field in files and flags. Those of earlier versions are kept, so that their runs open and resume.
KEYS = {item.name: item.metadata.get("key", item.name) for item in fields(TrainingConfig)}
DEFAULTS = {item.name: item.default for item in fields(TrainingConfig)}


def options_from_dict(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `TrainingConfig.to_dict` wrote, perhaps in an earlier version, by the names of the fields."""
    names = {key: name for name, key in KEYS.items()}
    return {names.get(key, key): tuple(v) if isinstance(v, list) else v for key, v in values.items()}
