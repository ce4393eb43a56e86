"""Checkpoints on disk: ours (safetensors and a JSON card beside it) and weaver's `.pt`, loaded strictly.

Nothing in a checkpoint is ever executed: safetensors hold only numbers, and pickles are read with
`weights_only=True`.
"""

import hashlib
import pickle
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from part.errors import PartError
from part.io import atomic_write
from part.jets.schema import DATASETS, FEATURE_SETS, JETCLASS, QUARKGLUON, TOPLANDSCAPE, Dataset, FeatureSet
from part.models.build import build
from part.models.checkpoints.cards import parse_card, read_card, write_card
from part.models.checkpoints.weaver import convert_part, is_weaver_part
from part.models.checkpoints.weaver_particlenet import convert_particlenet, is_weaver_particlenet
from part.models.config import ModelConfig, ParTConfig, config_from_dict
from part.models.numerics.int8 import int8_form, plain_tensors

SHIPPED = Path(__file__).parents[3] / "checkpoints"


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to run, what it eats and tells apart, and where it came from."""

    path: Path
    model: nn.Module
    features: FeatureSet
    dataset: Dataset
    card: dict
    sha256: str


def checkpoints_in(folder: Path) -> dict[str, Path]:
    """Name -> file of all checkpoints in a folder: weights, and cards that point at those of another."""
    files = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    found = {path.stem: path for path in files if path.suffix == ".safetensors"}
    found |= {path.name: path for path in files if path.suffix == ".pt"}
    found |= {path.stem: path for path in files if path.suffix == ".json" and _lends(path)}
    return dict(sorted(found.items()))


def _lends(path: Path) -> bool:
    if path.with_suffix(".safetensors").exists():
        return False
    try:
        return "weights" in parse_card(path)
    except PartError:
        return False


def shipped() -> list[str]:
    """Names of the checkpoints that come with the project."""
    return list(checkpoints_in(SHIPPED))


def resolve(name: str | Path) -> Path:
    """A shipped name or a path -> an existing file."""
    path = Path(name)
    if path.is_file():
        return path
    if str(name) in (offered := checkpoints_in(SHIPPED)):
        return offered[str(name)]
    raise PartError(f"There is no checkpoint {name}: give a file or one of {', '.join(shipped()) or 'none shipped'}.")


def load_checkpoint(name: str | Path, dataset: str | None = None) -> Checkpoint:
    """Load a project checkpoint or a weaver `.pt`; which of them it is, its content decides.

    dataset: needed only for weaver weights with two classes and `kin` inputs, which both TopLandscape and
    QuarkGluon have. Raises PartError in one sentence for a missing, truncated, foreign or unsafe file.
    """
    path = resolve(name)
    if path.suffix == ".json":
        return _borrow(path, dataset)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    # The size of its JSON comes first in a safetensors file, and may look like the start of a zip or a pickle.
    if content[8:9] != b"{" and (content[:2] == b"PK" or content[:1] == b"\x80"):
        config, state = _read_weaver(path)
        features, schema = _schema_of(config, dataset, path)
        card = {"source": f"{_origin(config)} state dict {path.name}"}
    else:
        state = _read_safetensors(path, content)
        card = read_card(path, sha256)
        config = config_from_dict(card["config"])
        features, schema = FEATURE_SETS[card["features"]], DATASETS[card["dataset"]]
    model = build(config)
    if form := card.get("int8"):
        from part.models.numerics.quantize import shape_int8

        shape_int8(model, form)
    _load_strictly(model, state, path)
    return Checkpoint(path, model.eval().requires_grad_(False), features, schema, card, sha256)


def _borrow(path: Path, dataset: str | None) -> Checkpoint:
    """What a card describes that points at the weights of another checkpoint beside it and says how to run them."""
    card = parse_card(path)
    weights = card.get("weights")
    if not isinstance(weights, str) or Path(weights).name != weights or not weights.endswith(".safetensors"):
        raise PartError(f"{path} points at no weights; expected the name of a .safetensors beside it.")
    lent = load_checkpoint(path.with_name(weights), dataset)
    if card.get("sha256") != lent.sha256:
        raise PartError(f"{path} was written for other weights than those in {weights} now.")
    return replace(lent, path=path, card=lent.card | card)


def save_checkpoint(
    path: Path, model: nn.Module, features: FeatureSet, dataset: Dataset, card: dict, half: bool = False
) -> Path:
    """Write `path` (.safetensors) and its card; `card` adds training data, metrics and the like.

    half: matrices as float16, in which they are rounded to 3 digits; they are float32 again once loaded.
    Each file appears whole or not at all. Returns the path.
    """
    kept = {key: value.half() if half and value.ndim > 1 else value for key, value in _weights(model).items()}
    # Not by save_file, whose files nobody else may read.
    content = save({key: value.detach().cpu().contiguous() for key, value in kept.items()})
    schema = {
        "config": model.config.to_dict(),
        "features": features.name,
        "dataset": dataset.name,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if form := int8_form(model):
        schema["int8"] = form
    with atomic_write(path) as partial:
        partial.write_bytes(content)
    write_card(path.with_suffix(".json"), schema | card)
    return path


def fresh(checkpoint: Checkpoint, seed: int, config: ModelConfig | None = None) -> Checkpoint:
    """A checkpoint of the same architecture, or of `config`, with weights nobody has trained; the seed decides them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(config or checkpoint.model.config).eval().requires_grad_(False)
    name = f"{checkpoint.path.stem}-untrained"
    sha256 = hashlib.sha256(save(dict(_weights(model)))).hexdigest()
    return replace(checkpoint, path=checkpoint.path.with_name(name), model=model, card={}, sha256=sha256)


def _read_weaver(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise PartError(
            f"{path} is a pickle that holds more than tensors and could run code, so it was not opened; "
            "save the model's state_dict() alone."
        ) from None
    except (
        RuntimeError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
    ):
        raise PartError(f"{path} is damaged or truncated: expected a PyTorch state dict (.pt).") from None
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    named = isinstance(state, dict) and all(isinstance(key, str) for key in state)
    if named and is_weaver_part(state):
        return convert_part(state, str(path))
    if named and is_weaver_particlenet(state):
        return convert_particlenet(state, str(path))
    raise PartError(
        f"{path} is of an unknown architecture: expected the state dict of weaver's ParticleTransformer or ParticleNet."
    )


def _origin(config: ModelConfig) -> str:
    """What weaver weights are called in their card: ParT's two layouts are told apart, ParticleNet has one."""
    if isinstance(config, ParTConfig):
        return f"weaver-core {'0.4' if config.transposed_channels else '0.5'}"
    return f"weaver-core {config.model}"


def _read_safetensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        return load(content)
    except SafetensorError:
        raise PartError(f"{path} is no whole checkpoint: expected safetensors or a PyTorch state dict (.pt).") from None


def _schema_of(config: ModelConfig, dataset: str | None, path: Path) -> tuple[FeatureSet, Dataset]:
    names = {7: "kin", 13: "kinpid", 17: "full"}
    if config.inputs not in names:
        raise PartError(f"{path} takes {config.inputs} inputs; expected 7 (kin), 13 (kinpid) or 17 (full).")
    features = FEATURE_SETS[names[config.inputs]]
    fitting = [d for d in (JETCLASS, TOPLANDSCAPE, QUARKGLUON) if _fits(d, features, config.classes)]
    if dataset is not None:
        fitting = [d for d in fitting if d.name == dataset]
    if len(fitting) > 1:
        raise PartError(f"{path} could be trained on {' or '.join(d.name for d in fitting)}; say which with dataset=.")
    if not fitting:
        raise PartError(f"{path} has {config.classes} classes and {features.name} inputs, which fit no known dataset.")
    return features, fitting[0]


def _fits(dataset: Dataset, features: FeatureSet, classes: int) -> bool:
    return len(dataset.labels) == classes and features.name in dataset.feature_sets


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """A model's state without BatchNorm's batch counters, which say nothing about it."""
    return {key: value for key, value in plain_tensors(model).items() if not key.endswith("num_batches_tracked")}


def _load_strictly(model: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    expected = _weights(model)
    if odd := sorted(expected.keys() ^ state.keys()):
        word = "lacks the" if odd[0] in expected else "has an unknown"
        raise PartError(f"{path} {word} tensor {odd[0]} ({len(odd)} such in all) for {model.config.model}.")
    for key, value in expected.items():
        found, due = tuple(state[key].shape), tuple(value.shape)
        if found != due:
            raise PartError(f"{path}: {key} has shape {found}, expected {due} by its configuration.")
        if state[key].is_floating_point() != value.is_floating_point():
            raise PartError(f"{path}: {key} is of {state[key].dtype}, expected {value.dtype}.")
    with torch.no_grad():
        for key, value in expected.items():
            value.copy_(state[key])
