"""A loaded model with its schema and device: jets in, probabilities or a trace out.

Shapes: J jets, B jets of a batch, C classes.
"""

import warnings
from pathlib import Path

import awkward as ak
import numpy as np
import torch
from torch import Tensor, nn

from part.errors import PartError
from part.inference.trace import Trace, trace_model
from part.jets.features import JetBatch, make_batch
from part.jets.schema import MAX_CONSTITUENTS, Dataset, FeatureSet
from part.models.attention import BACKENDS, Tap, set_backend
from part.models.checkpoints.checkpoint import Checkpoint, fresh, load_checkpoint
from part.models.config import ModelConfig
from part.models.numerics.precision import running_in, split_precision


class Tagger:
    """A trained model. It is never changed by use, so threads may share it."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device, backend: str = "fused", precision: str = "fp32"):
        self._checkpoint = checkpoint
        self.device = device
        self.backend = backend
        self.precision = precision
        self.model = checkpoint.model.to(device)
        own = {"native": native, "packed": packed}.get(backend)
        self._own = own and own(self.model, device, precision)  # a forward pass other than the model's
        set_backend(self.model, backend)

    @property
    def name(self) -> str:
        stem = self._checkpoint.path.stem
        return stem if self.precision == "fp32" else f"{stem}@{self.precision}"

    @property
    def path(self) -> Path:
        return self._checkpoint.path

    @property
    def config(self) -> ModelConfig:
        return self.model.config

    @property
    def features(self) -> FeatureSet:
        return self._checkpoint.features

    @property
    def dataset(self) -> Dataset:
        return self._checkpoint.dataset

    @property
    def card(self) -> dict:
        """How the weights came about and how good they are; for foreign weights only their source."""
        return self._checkpoint.card

    @property
    def sha256(self) -> str:
        return self._checkpoint.sha256

    @property
    def identity(self) -> str:
        """Tells apart what may predict otherwise or take another time: the weights, and how they are run."""
        return f"{self.sha256}/{self.backend}/{self.precision}"

    @property
    def scratch(self) -> int:
        """Bytes that it needs and torch does not see: compiled code's copies of the weights, and of its last pass."""
        return getattr(self._own, "scratch", 0)

    @property
    def n_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    def predict(self, jets: ak.Array, batch_size: int = 256) -> np.ndarray:
        """Probabilities (J, C), float32. Jets of like length go together, which saves most of the padding."""
        probabilities = np.empty((len(jets), len(self.dataset.labels)), np.float32)
        lengths = np.minimum(ak.to_numpy(ak.num(jets["part_px"])), MAX_CONSTITUENTS)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            chunk = order[start : start + batch_size]
            batch = self._batch(jets[chunk])
            probabilities[chunk] = self.logits(batch).softmax(-1).cpu().numpy()
        return probabilities

    def logits(self, batch: JetBatch, tap: Tap | None = None) -> Tensor:
        """Of B jets that are ready, on the model's device -> (B, C), float32."""
        with torch.inference_mode(), running_in(self.precision, self.device):
            if self._own and tap is None:
                return self._own(batch.x, batch.v, batch.mask)
            return self.model(batch.x, batch.v, batch.mask, tap=tap).float()

    def trace(self, jets: ak.Array) -> Trace:
        """What the model does with these jets, all at once: about 2.4 MB a jet of 48 constituents. Stream samples."""
        batch = self._batch(jets)
        return trace_model(self.model, batch.x, batch.v, batch.mask, self.precision)

    def untrained(self, seed: int = 0, config: ModelConfig | None = None) -> "Tagger":
        """The same architecture, or another `config`, with fresh weights, as before the first step of a training; the
        seed decides them."""
        return Tagger(fresh(self._checkpoint, seed, config), self.device, self.backend, self.precision)

    def parity(self, jets: ak.Array) -> float:
        """How far the logits of `predict`'s attention are from those of `trace`'s, at most."""
        batch = self._batch(jets)
        tapped = self.logits(batch, tap=lambda name, tensor: tensor)
        return float((self.logits(batch) - tapped).abs().max())

    def _batch(self, jets: ak.Array) -> JetBatch:
        batch = make_batch(jets, self.features).to(self.device)
        if too_long := int((batch.dropped > 0).sum()):
            warnings.warn(
                f"{too_long} of {len(batch)} jets have more than {MAX_CONSTITUENTS} constituents; "
                f"the {int(batch.dropped.sum())} of lowest pT were left out.",
                stacklevel=3,
            )
        return batch


def load_model(
    path_or_name: str | Path, device: str = "auto", backend: str | None = None, dataset: str | None = None
) -> Tagger:
    """A shipped checkpoint by name, a project checkpoint or a weaver `.pt` by path -> Tagger.

    path_or_name: with "@bf16" at its end the model runs in bfloat16; "part-full@bf16" may stand beside "part-full".
    device: "auto" takes a GPU where there is one. backend: of `predict`: the attention's, "explicit", "fused" or
    "flash" (see `set_backend`; what the card says, or fused), "native", compiled code for the CPU, or "packed", kernels
    for the GPU, without padding; `trace` is always explicit. dataset: see `load_checkpoint`. Raises PartError.
    """
    if backend is not None and backend not in BACKENDS:
        raise PartError(f"There is no attention backend {backend!r}; choose {' or '.join(BACKENDS)}.")
    name, precision = split_precision(path_or_name)
    checkpoint = load_checkpoint(name, dataset)
    return Tagger(checkpoint, _device(device), backend or checkpoint.card.get("backend", "fused"), precision)


def native(model: nn.Module, device: torch.device, precision: str):
    """The model in compiled code. Raises PartError where that cannot be."""
    if device.type != "cpu":
        raise PartError(f"The native backend runs on the CPU, not on {device.type}.")
    from part.models.backends.native.forward import Native

    return Native(model, precision)


def packed(model: nn.Module, device: torch.device, precision: str):
    """The model on packed tokens. Raises PartError where that cannot be."""
    if device.type != "cuda":
        raise PartError(f"The packed backend runs on an NVIDIA GPU (device='cuda'), not on {device.type}.")
    from part.models.backends.packed import Packed

    return Packed(model, precision)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise PartError(f"There is no device {name!r} on this machine; try device='cpu'.") from None
    return device
