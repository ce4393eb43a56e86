"""The study `similarity`: how similar the representations at the depths of a model, or of two models, are.

Shapes: J jets, N particles, D channels, R read-outs of a model, S of the other one, or of the same.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import awkward as ak
import numpy as np
import torch

from part.analysis.dictionary.place import transformer
from part.analysis.similarity.cka import Influences, ProductSums
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.lazy import ShownInNotebooks
from part.models.config import ParTConfig
from part.models.numerics.precision import autocast
from part.options import option

KINDS = ("particles", "jets")


@dataclass(frozen=True)
class SimilarityStudy:
    """Linear CKA between all depths of a model, over particles and over jets.

    Parameters
    ----------
    other : str
        Another model of the same benchmark, whose depths are then compared with those of the model; "" for the model
        itself.
    """

    other: str = option("another model, whose layers are compared with those of the model", "", metavar="MODEL")

    batch_size: ClassVar[int] = 64
    n_passes: ClassVar[int] = 2
    needs_classes: ClassVar[bool] = False

    def check(self, tagger: Tagger) -> None:
        transformer(tagger.model, tagger.name, "similarity of layers")
        if self.other:
            self.accumulator(tagger)

    def accumulator(self, tagger: Tagger) -> "SimilarityAccumulator":
        if not self.other:
            return SimilarityAccumulator((tagger,))
        other = load_model(self.other, tagger.device.type)
        transformer(other.model, other.name, "similarity of layers")
        if tagger.data_config is not None or other.data_config is not None or tagger.dataset != other.dataset:
            raise PartError(
                f"{tagger.name} is of {tagger.dataset.name} and {other.name} of {other.dataset.name}; expected two "
                "models of one benchmark, without data configs of their own."
            )
        return SimilarityAccumulator((tagger, other))


@dataclass(frozen=True, eq=False)
class SimilarityResult(ShownInNotebooks):
    """The similarity of representations, 1 for those that agree up to rotation and scale, 0 for independent ones.

    Attributes
    ----------
    models : tuple of str
        The model, and the other one if there is one.
    readouts, others : dict of str to tuple of str (R,) and (S,)
        What is compared, over "particles" (the residual stream at each depth) and over "jets" (its mean over the
        particles, then the class token after each class block); and with what.
    value, error, plain : dict of str to ndarray (R, S)
        The debiased CKA and its standard error over jets, and CKA without the correction.
    jets, particles : int
        Their numbers.
    """

    models: tuple[str, ...]
    readouts: dict[str, tuple[str, ...]]
    others: dict[str, tuple[str, ...]]
    value: dict[str, np.ndarray]
    error: dict[str, np.ndarray]
    plain: dict[str, np.ndarray]
    jets: int
    particles: int

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each pair of read-outs, of one model each pair once."""
        return [
            {
                "over": kind,
                "first": names[a],
                "second": self.others[kind][b],
                "cka": float(self.value[kind][a, b]),
                "error": float(self.error[kind][a, b]),
                "plain": float(self.plain[kind][a, b]),
                "jets": self.jets,
            }
            for kind, names in self.readouts.items()
            for a in range(len(names))
            for b in range(a + 1 if len(self.models) == 1 else 0, len(self.others[kind]))
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return KIND_cka, KIND_error and KIND_plain (R, S) of particles and jets, and the names on the axes."""
        arrays = {f"{kind}_readouts": np.array(names) for kind, names in self.readouts.items()}
        arrays |= {f"{kind}_others": np.array(names) for kind, names in self.others.items()}
        for name, values in (("cka", self.value), ("error", self.error), ("plain", self.plain)):
            arrays |= {f"{kind}_{name}": matrix for kind, matrix in values.items()}
        return arrays | {"jets": np.array(self.jets), "particles": np.array(self.particles)}


class SimilarityAccumulator:
    """The sums of products in the first pass, and what each jet does to the similarities in the second."""

    def __init__(self, taggers: tuple[Tagger, ...]):
        self._taggers = taggers
        self._names = [readout_names(transformer(tagger.model, tagger.name).config) for tagger in taggers]
        widths = [transformer(tagger.model, tagger.name).config.width for tagger in taggers]
        self._products = {
            kind: ProductSums([w for w, names in zip(widths, self._names, strict=True) for _ in names[kind]])
            for kind in KINDS
        }
        self._influences: dict[str, Influences] | None = None  # in the second pass

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        parts = [readouts(CachedForward(tagger, jets)) for tagger in self._taggers]
        index = parts[0][2]
        for i, kind in enumerate(KINDS):
            rows = np.concatenate([of_model[i] for of_model in parts], 1)
            if self._influences is None:
                self._products[kind].add(rows)
            else:
                self._influences[kind].add(rows, index if kind == "particles" else np.arange(len(rows)))

    def next_pass(self) -> None:
        self._influences = {kind: Influences(sums) for kind, sums in self._products.items()}

    @property
    def sums(self) -> dict[str, Any]:
        return self._products if self._influences is None else self._influences

    def merge(self, sums: dict[str, Any]) -> None:
        own = self.sums
        for kind, other in sums.items():
            own[kind].merge(other)

    def result(self) -> SimilarityResult:
        products, influences = self._products, self._influences
        assert influences is not None, "the second pass has begun"
        return SimilarityResult(
            models=tuple(tagger.name for tagger in self._taggers),
            readouts=self._names[0],
            others=self._names[-1],
            value={kind: self._between(kind, sums.similarity()) for kind, sums in products.items()},
            error={kind: self._between(kind, sums.error) for kind, sums in influences.items()},
            plain={kind: self._between(kind, sums.plain_similarity()) for kind, sums in products.items()},
            jets=products["jets"].n,
            particles=products["particles"].n,
        )

    def _between(self, kind: str, values: np.ndarray) -> np.ndarray:
        """Return what concerns the first model and the last one, of numbers for all pairs of read-outs."""
        return values[: len(self._names[0][kind]), -len(self._names[-1][kind]) :]


def readout_names(config: ParTConfig) -> dict[str, tuple[str, ...]]:
    """Return the names of what `readouts` returns."""
    depths = ("embedding", *(f"layer {i + 1}" for i in range(config.layers)))
    tokens = tuple(f"class token {i + 1}" for i in range(config.class_layers))
    return {"particles": depths, "jets": (*(f"mean of {name}" for name in depths), *tokens)}


def readouts(forward: CachedForward) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the representations of some jets.

    Returns
    -------
    particles : ndarray (n, R D)
        The residual stream of all real particles, before the first block and after each.
    jets : ndarray (J, R' D)
        Its mean over the particles at these depths, then the class token after each class block.
    index : ndarray (n,)
        The jet of each particle.
    """
    mask = forward.batch.mask
    n, model = mask.shape[1], forward.model
    streams = [state[:, -n:].float() for state in forward.states]
    real = mask[..., None]
    means = [x.masked_fill(~real, 0).sum(1) / real.sum(1).clamp(min=1) for x in streams]
    tokens = []
    with torch.inference_mode(), autocast(forward.tagger.precision, forward.tagger.device):
        if model.class_blocks:
            token = model._first_token(forward.states[-1], forward.mask)
            for block in model.class_blocks:
                token = block(forward.states[-1], forward.mask, token=token)
                tokens.append(token[:, 0].float())
    particles = torch.cat([x[mask] for x in streams], 1)
    index = mask.nonzero()[:, 0]
    return particles.cpu().numpy(), torch.cat((*means, *tokens), 1).cpu().numpy(), index.cpu().numpy()
