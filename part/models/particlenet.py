"""ParticleNet (arXiv:1902.08570): a convolution over the nearest neighbours of each particle, repeated.

Neighbours are near in (Δη, Δφ) for the first convolution, and in the learned features for those after it. As in the
taggers of CMS the tokens may come from several collections, such as particles and secondary vertices; each of them has
an embedding of its own, and all of them are neighbours of each other.

Shapes: B jets, N particles or other tokens, F features, D channels, P real tokens of all jets, C classes.
"""

import itertools
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.attention import Tap, emit
from part.models.edge_conv import EdgeConv
from part.models.embedding import kinds
from part.models.layers import NormedLinear, scatter
from part.models.model import Model
from part.models.model_config import ModelConfig, later

_LEAST = {"fusion": 0, "mean_slots": 0, "points": 0, "edge_layers": 1, "collection_width": 1, "inputs": 1, "classes": 1}


@dataclass(frozen=True)
class ParticleNetConfig(ModelConfig):
    """The architecture of ParticleNet, by default that of the published JetClass weights.

    Parameters
    ----------
    model, inputs, classes, collections
        See `ModelConfig`; several collections need points.
    dropout : float
        The dropout probability after each hidden layer.
    widths : tuple of int or of tuple of int
        The widths of the linear layers in each EdgeConv; a number stands for `edge_layers` layers of that width.
    edge_layers : int
        The number of linear layers in each EdgeConv whose width is a number.
    neighbours : int or tuple of int
        The number of neighbours of each particle, in all EdgeConvs or in each of them.
    hidden : int or tuple of int
        The widths of the layers before the head.
    fusion : int
        The width of a layer that takes the outputs of all EdgeConvs; 0 where only that of the last one goes on.
    input_norm : bool
        Whether a BatchNorm comes before the first EdgeConv.
    mean_slots : int
        The number of slots over which the channels are averaged, padding counting as zeros; 0 averages over the real
        particles.
    collection_width : int
        The width of the embeddings of several collections.
    points : int
        The number of columns after the features that give distances in the first EdgeConv; 0 where these are the last
        two features.

    Raises
    ------
    PartError
        If a size is no whole number, or two fields contradict each other.

    References
    ----------
    arXiv:1902.08570; sizes and training as in arXiv:2202.03772
    """

    recipe: ClassVar[Mapping[str, Any]] = {"lr": 1e-2, "grad_clip_norm": 0.0}
    finetune_recipe: ClassVar[Mapping[str, Any]] = {"lr": 1e-3}

    model: str = "ParticleNet"
    dropout: float = 0.1
    widths: tuple[int | tuple[int, ...], ...] = (64, 128, 256)
    edge_layers: int = 3
    neighbours: int | tuple[int, ...] = 16
    hidden: int | tuple[int, ...] = 256
    fusion: int = later(0)
    input_norm: bool = later(True)
    mean_slots: int = later(0)
    collection_width: int = later(32)
    points: int = later(0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in _LEAST.items():
            _check_size(name, getattr(self, name), least)
        for name in ("neighbours", "hidden"):
            value = getattr(self, name)
            _check_sizes(name, value if isinstance(value, tuple) else (value,))
        _check_sizes("widths", self.widths, deeper=True)
        if isinstance(self.neighbours, tuple) and len(self.neighbours) != len(self.widths):
            counts = f"{len(self.neighbours)} numbers of neighbours for {len(self.widths)} EdgeConvs"
            raise PartError(f"The configuration of {self.model} has {counts}; expected one for each.")
        self._check_columns()

    def _check_columns(self) -> None:
        features = sum(self.collections) or max(self.inputs - self.points, 1)
        flags = len(self.collections)
        if self.inputs != (expected := features + self.points + flags):
            columns = f"{features} features, {self.points} points and {flags} flags"
            raise PartError(
                f"The configuration of {self.model} has {self.inputs} inputs; expected {expected}: {columns}."
            )
        if self.collections and not self.points:
            raise PartError(f"The configuration of {self.model} has several collections and no points; expected both.")

    @property
    def convolutions(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The number of neighbours and the widths of the layers of each EdgeConv."""
        widths = [(w,) * self.edge_layers if isinstance(w, int) else w for w in self.widths]
        counts = (self.neighbours,) * len(widths) if isinstance(self.neighbours, int) else self.neighbours
        return tuple(zip(counts, widths, strict=True))

    @property
    def hidden_widths(self) -> tuple[int, ...]:
        """The widths of the layers before the head."""
        return (self.hidden,) if isinstance(self.hidden, int) else self.hidden

    @property
    def width(self) -> int:
        """The number of channels of each token before the first EdgeConv."""
        return self.collection_width if self.collections else self.inputs - self.points


def _check_size(name: str, value: object, least: int = 1) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise PartError(f"{name} of a ParticleNet is {reprlib.repr(value)}; expected a whole number from {least} on.")


def _check_sizes(name: str, values: object, deeper: bool = False) -> None:
    if not isinstance(values, tuple) or not values:
        raise PartError(f"{name} of a ParticleNet is {reprlib.repr(values)}; expected a list of whole numbers.")
    for value in values:
        if deeper and isinstance(value, tuple):
            _check_sizes(name, value)
        else:
            _check_size(name, value)


class CollectionEmbed(nn.Module):
    """The embedding of the tokens of one of several collections: BatchNorm, a linear layer, BatchNorm and ReLU."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.layer = NormedLinear(inputs, width, bias=False)

    def forward(self, rows: Tensor) -> Tensor:
        """Embed the tokens of this collection, (P, F) -> (P, D)."""
        norm = self.norm
        if norm.training and len(rows) < 2:  # one token has no variance, so the statistics so far are taken
            rows = F.batch_norm(rows, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
            return F.relu(F.linear(rows, *self.layer.folded()))
        return F.relu(self.layer(norm(rows)))


class ParticleNet(Model):
    """BatchNorm of the inputs, EdgeConvs, the mean over real particles, and hidden layers.

    As in weaver-core, a particle with fewer than K others has neighbours whose channels are all zero in place of those
    that are missing. There these are padded particles, so a batch must be padded to K + 1; here the result does not
    depend on the padding.
    """

    config_class: ClassVar[type[ModelConfig]] = ParticleNetConfig
    takes_points: ClassVar[bool] = True

    def __init__(self, config: ParticleNetConfig):
        super().__init__(config)
        convolutions, hidden = config.convolutions, config.hidden_widths
        self.collections, self.width, self.mean_slots = config.collections, config.width, config.mean_slots
        end = config.inputs - len(config.collections)
        self.points = slice(end - (config.points or 2), end)
        sizes = (config.width, *(widths[-1] for _, widths in convolutions))
        self.embeds = nn.ModuleList(CollectionEmbed(size, config.width) for size in config.collections)
        self.norm = nn.BatchNorm1d(config.width) if config.input_norm else nn.Identity()
        self.edges = nn.ModuleList(
            EdgeConv(a, widths, k) for a, (k, widths) in zip(sizes[:-1], convolutions, strict=True)
        )
        self.fusion = NormedLinear(sum(sizes[1:]), config.fusion, bias=False) if config.fusion else None
        self.hidden = nn.Linear(config.fusion or sizes[-1], hidden[0])
        self.deeper = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(hidden))
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(hidden[-1], config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Classify jets: x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C).

        The tap receives `edge.i` (B, N, O) after each EdgeConv, and `fusion` (B, N, O) where there is one.
        """
        points = x[..., self.points]
        x = scatter(self.norm(self._tokens(x[mask])), mask)
        outputs = []
        for i, edge in enumerate(self.edges):
            x = emit(tap, f"edge.{i}", edge(points, x, mask))
            outputs.append(points := x)
        if self.fusion is not None:
            x = emit(tap, "fusion", scatter(F.relu(self.fusion(torch.cat(outputs, -1)[mask])), mask))
        x = x.masked_fill(~mask[..., None], 0).sum(1) / (self.mean_slots or mask.sum(1, keepdim=True).clamp(min=1))
        for layer in (self.hidden, *self.deeper):
            x = self.dropout(F.relu(layer(x)))
        return self.head(x)

    def input_norms(self) -> list[nn.BatchNorm1d]:
        own = [cast(CollectionEmbed, embed).norm for embed in self.embeds]
        return own or ([self.norm] if isinstance(self.norm, nn.BatchNorm1d) else [])

    def _tokens(self, rows: Tensor) -> Tensor:
        """Return the channels (P, D) of the real tokens' inputs (P, F), embedded by collection if there are several."""
        if not self.collections:
            return rows[:, : self.width]
        kind, first, embedded = kinds(rows, len(self.collections)), 0, []
        for i, (width, embed) in enumerate(zip(self.collections, self.embeds, strict=True)):
            embedded.append(scatter(embed(rows[kind == i, first : first + width]), kind == i))
            first += width
        return torch.stack(embedded).sum(0)
