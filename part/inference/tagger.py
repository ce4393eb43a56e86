"""A loaded model with its schema and device: jets in, probabilities or a trace out.

Shapes: J jets, B jets of a batch, C classes.
"""

import hashlib
from collections.abc import Collection
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.inference.cache import ActivationCache
from part.inference.checks import check_jets, check_outputs, warn_of_truncated
from part.inference.engines import choose_backend, make_engine
from part.inference.trace import Trace, trace_model
from part.jets.features import JetBatch, make_batch, make_ragged, multiplicities
from part.jets.notices import gathered
from part.jets.schema import MAX_CONSTITUENTS, Dataset, FeatureSet
from part.lazy import ShownInNotebooks
from part.models.attention import Tap, set_backend
from part.models.checkpoints.checkpoint import Checkpoint, reinitialised
from part.models.checkpoints.training_files import TrainingFiles
from part.models.config import ModelConfig
from part.models.numerics.precision import autocast

if TYPE_CHECKING:
    from part.jets.config.config import DataConfig


class Tagger(ShownInNotebooks):
    """A trained model with its inputs, classes and device, as `load_model` returns it; threads may share it.

    Attributes
    ----------
    model, device : torch.nn.Module, torch.device
        The network, called as `model(x, v, mask, tap=None)`, and where it runs.
    backend, backend_reason : str
        How `predict` computes, one of `part.models.attention.BACKENDS` but not "auto", and why so, in sentences.
    precision : str
        "fp32" or "bf16".
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, backend: str = "auto", precision: str = "fp32"):
        self._checkpoint, self._requested_backend = checkpoint, backend
        self.device, self.precision = device, precision
        self.model = checkpoint.model.to(device)
        # A backend may replace the whole forward pass; the others only choose how attention is computed.
        self.backend, self.backend_reason = choose_backend(self.model, backend, device, precision)
        self.engine = make_engine(self.model, self.backend, device, precision)
        set_backend(self.model, self.backend)
        # The same weights mean something else in another architecture or with other inputs.
        described = repr((checkpoint.model.config, checkpoint.features, checkpoint.dataset))
        self._description = hashlib.sha256(described.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        folder = None if self.files is None else self.files.folder
        stem = self.path.stem if folder is None else folder.resolve().name  # more than "net_best_epoch_state" says
        return stem if self.precision == "fp32" else f"{stem}@{self.precision}"

    @property
    def path(self) -> Path:
        return self._checkpoint.path

    @property
    def config(self) -> ModelConfig:
        return self.model.config

    @property
    def features(self) -> FeatureSet:
        """The inputs per constituent, and how they are standardised."""
        return self._checkpoint.features

    @property
    def dataset(self) -> Dataset:
        """The classes that the model tells apart."""
        return self._checkpoint.dataset

    @property
    def data_config(self) -> "DataConfig | None":
        """How files are read for the model; None for a benchmark's files, which `read_jets` reads without one."""
        return self.features.config

    @property
    def assumed(self) -> dict[str, Any]:
        """What was assumed of the network because nothing said it, by weaver-core's keywords."""
        return dict(self.card.get("assumed", {}))

    @property
    def files(self) -> TrainingFiles | None:
        """The files of the training with weaver-core that the model was loaded from; None for other checkpoints."""
        return self._checkpoint.files

    @property
    def card(self) -> dict:
        """The record of how the weights were trained and how good they are; for foreign weights only their source."""
        return self._checkpoint.card

    @property
    def sha256(self) -> str:
        return self._checkpoint.sha256

    @property
    def cache_key(self) -> str:
        """A string that differs wherever predictions or their speed may: it names the weights and how they run."""
        return f"{self.sha256}/{self._description}/{self.backend}/{self.precision}"

    @property
    def workspace_bytes(self) -> int:
        """The memory outside torch's allocator: a compiled engine's copies of the weights and its last activations."""
        return 0 if self.engine is None else getattr(self.engine.forward, "workspace_bytes", 0)

    @cached_property
    def n_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    def predict(self, jets: ak.Array, batch_size: int = 256) -> np.ndarray:
        """Return class probabilities.

        Parameters
        ----------
        jets : ak.Array
            J records as `part.read_jets` returns them; momenta and energies in GeV. Of a jet with more than
            MAX_CONSTITUENTS constituents those of highest pT are used, with a warning.
        batch_size : int
            Jets per forward pass. Jets of similar length share a batch, which saves most of the padding.

        Returns
        -------
        ndarray (J, C), float32
            In the order of `dataset.labels`.

        Raises
        ------
        PartError
            If a branch that the model needs is missing, or if a value of it, or the model's answer, is not finite.
        """
        check_jets(jets, self.features, self.name)
        probabilities = np.empty((len(jets), len(self.dataset.labels)), np.float32)
        order = np.argsort(np.minimum(multiplicities(jets), MAX_CONSTITUENTS), kind="stable")
        ordered = ak.to_packed(jets[order])  # a batch is then a slice, which nothing has to gather
        with gathered():
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                try:
                    batch = self._batch(ordered[start : start + batch_size])
                except PartError:
                    make_ragged(jets, self.features)  # says the same of the jet by its place among all
                    raise
                logits = self.logits(batch)
                check_outputs(logits, self.model, self.name, jets, rows)
                probabilities[rows] = logits.softmax(-1).cpu().numpy()
        return probabilities

    def logits(self, batch: JetBatch, tap: Tap | None = None) -> Tensor:
        """Return logits (B, C), float32, for a batch that lies on the model's device."""
        forward = partial(self.model, tap=tap) if self.engine is None or tap is not None else self.engine.current()
        with torch.inference_mode(), autocast(self.precision, self.device):
            return self.of_classes(forward(batch.x, batch.v, batch.mask).float())

    def of_classes(self, outputs: Tensor) -> Tensor:
        """Return the logits (B, C) among the outputs of the network, whose last ones may be numbers of other kinds."""
        return outputs[:, : len(self.dataset.labels)]

    def trace(self, jets: ak.Array) -> Trace:
        """Return what the model does with these jets: attention, interaction bias, norms and outputs, in numpy.

        All jets are traced at once, at about 2.4 MB for a jet of 48 constituents, so stream larger samples.

        Parameters
        ----------
        jets : ak.Array
            J records as `part.read_jets` returns them.

        Returns
        -------
        Trace

        Raises
        ------
        PartError
            As `predict` does.
        """
        batch = self._batch(jets)
        trace = trace_model(self.model, batch.x, batch.v, batch.mask, self.precision, len(self.dataset.labels))
        check_outputs(torch.from_numpy(trace.logits), self.model, self.name, jets)
        return trace

    def run_with_cache(self, jets: ak.Array, names: Collection[str] | None = None) -> tuple[Tensor, ActivationCache]:
        """Run the model and keep the tensors that its tap records.

        Parameters
        ----------
        jets : ak.Array
            J records as `part.read_jets` returns them.
        names : collection of str, optional
            The tensors to keep, by tap name or by its last part, for instance {"pattern", "blocks.0.values"}; all by
            default.

        Returns
        -------
        logits : Tensor (J, C)
        cache : ActivationCache
            Tensors by tap name, and the `mask` (J, N) of real particles.

        Raises
        ------
        PartError
            As `predict` does, and for a name that no tensor has.
        """
        batch = self._batch(jets)
        cache = ActivationCache(names)
        cache.mask = batch.mask
        logits = self.logits(batch, cache.record)
        check_outputs(logits, self.model, self.name, jets)
        cache.check_names(self.name)
        return logits, cache

    def reinitialised(self, seed: int = 0, config: ModelConfig | None = None) -> "Tagger":
        """Return the same architecture, or another one, with fresh weights as before the first step of a training."""
        return self.with_checkpoint(reinitialised(self._checkpoint, seed, config))

    def with_checkpoint(self, checkpoint: Checkpoint) -> "Tagger":
        """Return another model that runs where, and as, this one was asked to run."""
        return Tagger(checkpoint, self.device, self._requested_backend, self.precision)

    def run_by_modules(self) -> "Tagger":
        """Return the same model, of which torch runs module by module in any case, so that each can be measured."""
        return self if self.engine is None else Tagger(self._checkpoint, self.device, "fused", self.precision)

    def backend_logit_gap(self, jets: ak.Array) -> float:
        """Return the largest difference between the logits of `predict`'s backend and those of `trace`'s."""
        batch = self._batch(jets)
        return float((self.logits(batch) - self.logits(batch, tap=lambda name, tensor: tensor)).abs().max())

    def __repr__(self) -> str:
        return f"Tagger({self.name}: {self.config.model}, inputs {self.features.name}, {self.dataset.name})"

    def _batch(self, jets: ak.Array) -> JetBatch:
        check_jets(jets, self.features, self.name)
        batch = make_batch(jets, self.features).to(self.device)
        if self.data_config is None:  # what a data config leaves out of jets was said when they were read
            warn_of_truncated(batch)
        return batch
