"""Checkpoints on disk: ours (safetensors and a JSON card beside it) and weaver's `.pt`, loaded strictly.

Nothing in a checkpoint is ever executed: safetensors hold only numbers, and pickles are read with
`weights_only=True`.
"""

import hashlib
import json
import os
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn

from part.errors import PartError
from part.jets.schema import DATASETS, FEATURE_SETS, JETCLASS, QUARKGLUON, TOPLANDSCAPE, Dataset, FeatureSet
from part.models.build import build
from part.models.config import ModelConfig, ParTConfig, config_from_dict
from part.models.weaver import convert_part, is_weaver_part
from part.models.weaver_particlenet import convert_particlenet, is_weaver_particlenet

SHIPPED = Path(__file__).parents[2] / "checkpoints"


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to run, what it eats and tells apart, and where it came from."""

    path: Path
    model: nn.Module
    features: FeatureSet
    dataset: Dataset
    card: dict
    sha256: str


def shipped() -> list[str]:
    """Names of the checkpoints that come with the project."""
    return sorted(path.stem for path in SHIPPED.glob("*.safetensors"))


def resolve(name: str | Path) -> Path:
    """A shipped name or a path -> an existing file."""
    path, by_name = Path(name), SHIPPED / f"{name}.safetensors"
    if path.is_file():
        return path
    if by_name.is_file() and os.sep not in str(name):
        return by_name
    raise PartError(f"There is no checkpoint {name}: give a file or one of {', '.join(shipped()) or 'none shipped'}.")


def load_checkpoint(name: str | Path, dataset: str | None = None) -> Checkpoint:
    """Load a project checkpoint or a weaver `.pt`; which of them it is, its content decides.

    dataset: needed only for weaver weights with two classes and `kin` inputs, which both TopLandscape and
    QuarkGluon have. Raises PartError in one sentence for a missing, truncated, foreign or unsafe file.
    """
    path = resolve(name)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    # The size of its JSON comes first in a safetensors file, and may look like the start of a zip or a pickle.
    if content[8:9] != b"{" and (content[:2] == b"PK" or content[:1] == b"\x80"):
        config, state = _read_weaver(path)
        features, schema = _schema_of(config, dataset, path)
        card = {"source": f"{_origin(config)} state dict {path.name}"}
    else:
        state = _read_safetensors(path, content)
        card = _read_card(path, sha256)
        config = config_from_dict(card["config"])
        features, schema = FEATURE_SETS[card["features"]], DATASETS[card["dataset"]]
    model = build(config)
    _load_strictly(model, state, path)
    return Checkpoint(path, model.eval().requires_grad_(False), features, schema, card, sha256)


def save_checkpoint(path: Path, model: nn.Module, features: FeatureSet, dataset: Dataset, card: dict) -> Path:
    """Write `path` (.safetensors) and its card; `card` adds training data, metrics and the like.

    Each appears whole or not at all. Returns the path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    save_file({key: value.detach().cpu().contiguous() for key, value in _weights(model).items()}, partial)
    schema = {
        "config": model.config.to_dict(),
        "features": features.name,
        "dataset": dataset.name,
        "sha256": hashlib.sha256(partial.read_bytes()).hexdigest(),
    }
    partial.replace(path)
    _write_card(path.with_suffix(".json"), schema | card)
    return path


def amend_card(path: Path, entries: dict) -> None:
    """Add entries to the card of a project checkpoint, or replace them; what identifies it stays."""
    card_path = path.with_suffix(".json")
    if path.suffix != ".safetensors" or not card_path.exists():
        raise PartError(f"{path} has no card to write to; only project checkpoints have one.")
    _write_card(card_path, json.loads(card_path.read_text()) | entries)


def _write_card(path: Path, card: dict) -> None:
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    partial.replace(path)


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


def _read_card(path: Path, sha256: str) -> dict:
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text())
    except FileNotFoundError:
        raise PartError(
            f"{path} has no card: expected {card_path.name} beside it, with config, features, dataset."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise PartError(f"{card_path} is no valid JSON.") from None
    missing = [
        key for key in ("config", "features", "dataset", "sha256") if not isinstance(card, dict) or key not in card
    ]
    if missing:
        raise PartError(f"{card_path} does not tell {', '.join(missing)}.")
    for key, known in (("features", FEATURE_SETS), ("dataset", DATASETS)):
        if card[key] not in known:
            raise PartError(f"{card_path}: {key} is {card[key]!r}; expected one of {', '.join(known)}.")
    if card["sha256"] != sha256:
        raise PartError(
            f"{path} is not the file that its card describes (sha256 {sha256[:12]}…, card {card['sha256'][:12]}…)."
        )
    return card


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
    return {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}


def _load_strictly(model: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    expected = _weights(model)
    if odd := sorted(expected.keys() ^ state.keys()):
        word = "lacks the" if odd[0] in expected else "has an unknown"
        raise PartError(f"{path} {word} tensor {odd[0]} ({len(odd)} such in all) for {model.config.model}.")
    for key, value in expected.items():
        found, due = tuple(state[key].shape), tuple(value.shape)
        if found != due:
            raise PartError(f"{path}: {key} has shape {found}, expected {due} by its configuration.")
    model.load_state_dict(state, strict=False)  # checked above; only the batch counters are left out
