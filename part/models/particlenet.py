"""ParticleNet (arXiv:1902.08570): a convolution over the nearest neighbours of each particle, repeated.

Neighbours are near in (Δη, Δφ) for the first convolution, and in the learned features for those after it.

Shapes: B jets, N particles, F features, D and O channels in and out, K neighbours, P real particles of all jets,
C classes.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Tap, emit
from part.models.config import ModelConfig
from part.models.layers import NormedLinear, scatter
from part.models.model import Model


@dataclass(frozen=True)
class ParticleNetConfig(ModelConfig):
    """The architecture of ParticleNet, by default that of the published JetClass weights.

    Parameters
    ----------
    model, inputs, classes
        See `ModelConfig`.
    dropout : float
        The dropout probability after the hidden layer.
    widths : tuple of int
        The numbers of channels after each EdgeConv.
    edge_layers : int
        The number of linear layers in each EdgeConv.
    neighbours : int
        The number of neighbours of each particle.
    hidden : int
        The width of the layer before the head.

    References
    ----------
    arXiv:1902.08570; sizes and training as in arXiv:2202.03772
    """

    recipe: ClassVar[Mapping[str, Any]] = {"lr": 1e-2, "grad_clip_norm": 0.0}
    finetune_recipe: ClassVar[Mapping[str, Any]] = {"lr": 1e-3}

    model: str = "ParticleNet"
    dropout: float = 0.1
    widths: tuple[int, ...] = (64, 128, 256)
    edge_layers: int = 3
    neighbours: int = 16
    hidden: int = 256


class EdgeConv(nn.Module):
    """A small MLP on the edges to each particle's neighbours, averaged over them, with a shortcut."""

    def __init__(self, inputs: int, width: int, layers: int, neighbours: int):
        super().__init__()
        self.neighbours = neighbours
        sizes = (2 * inputs, *[width] * layers)
        self.layers = nn.Sequential(*(NormedLinear(a, b, bias=False) for a, b in itertools.pairwise(sizes)))
        self.shortcut = nn.Identity() if inputs == width else NormedLinear(inputs, width, bias=False)

    def forward(self, points: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """Convolve x (B, N, D), mask (B, N) -> (B, N, O), zero on padding; `points` (B, N, any) give distances."""
        first, *others = self.layers
        assert isinstance(first, NormedLinear)
        edges = self._edges(first.linear, x, mask, nearest(points, mask, self.neighbours))
        edges = first.norm(edges).relu_()
        for layer in others:
            edges = layer(edges).relu_()
        mean = edges.unflatten(0, (-1, self.neighbours)).mean(1)
        return scatter(F.relu(self.shortcut(x[mask]) + mean), mask)

    def _edges(self, linear: nn.Linear, x: Tensor, mask: Tensor, near: Tensor) -> Tensor:
        """Apply the first linear layer to (x_i, x_j - x_i) of all edges: near (P, K) -> (P K, O).

        The layer is linear, so each particle passes through it once, and not once for each of its edges.
        """
        weight_own, weight_difference = linear.weight.chunk(2, 1)
        target = F.linear(x[mask], weight_own - weight_difference)
        source = F.pad(F.linear(x.flatten(0, 1), weight_difference), (0, 0, 0, 1))  # zeros last, for missing neighbours
        return source.index_select(0, near.flatten()) + target.repeat_interleave(self.neighbours, 0)


class ParticleNet(Model):
    """BatchNorm of the inputs, EdgeConvs, the mean over real particles, and one hidden layer.

    As in weaver-core, a particle with fewer than K others has neighbours whose channels are all zero in place of those
    that are missing. There these are padded particles, so a batch must be padded to K + 1; here the result does not
    depend on the padding.
    """

    config_class: ClassVar[type[ModelConfig]] = ParticleNetConfig

    def __init__(self, config: ParticleNetConfig):
        super().__init__(config)
        sizes = (config.inputs, *config.widths)
        self.norm = nn.BatchNorm1d(config.inputs)
        self.edges = nn.ModuleList(
            EdgeConv(a, b, config.edge_layers, config.neighbours) for a, b in itertools.pairwise(sizes)
        )
        self.hidden = nn.Linear(config.widths[-1], config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden, config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Classify jets: x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C).

        The tap receives `edge.i` (B, N, O) after each EdgeConv.
        """
        points = x[..., -2:]  # deta and dphi come last in every feature set
        x = scatter(self.norm(x[mask]), mask)
        for i, edge in enumerate(self.edges):
            x = emit(tap, f"edge.{i}", edge(points, x, mask))
            points = x
        mean = x.masked_fill(~mask[..., None], 0).sum(1) / mask.sum(1, keepdim=True)
        return self.head(self.dropout(F.relu(self.hidden(mean))))


@torch.no_grad()
def nearest(points: Tensor, mask: Tensor, neighbours: int) -> Tensor:
    """Find the nearest other particles of each real particle.

    points (B, N, D), mask (B, N) -> (P, K) rows of the flattened (B N) particles. Among equally near particles the
    first in the jet come first. Where a jet has no more particles the row is B N.
    """
    with torch.autocast(points.device.type, enabled=False):
        points = points.float()
        # weaver-core computes |a|² + |b|² - 2ab, where rounding decides whether a particle or another one at the same
        # place (one of twelve in TopLandscape) is the nearest to itself, so that its result depends on the padding.
        distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    distance = distance.masked_fill(~mask[:, None], torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(-1)  # the particle itself comes first and is left out
    distance, near = (t[..., 1 : neighbours + 1] for t in distance.sort(stable=True))
    jets, slots = mask.shape
    rows = near + slots * torch.arange(jets, device=mask.device)[:, None, None]
    rows = rows.masked_fill(distance.isinf(), jets * slots)
    return F.pad(rows, (0, neighbours - rows.shape[-1]), value=jets * slots)[mask]
