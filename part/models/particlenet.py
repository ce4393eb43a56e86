"""ParticleNet (arXiv:1902.08570): each particle hears its nearest neighbours, in the plane and then in what it learned.

Shapes: B jets, N particles, F features, D and O channels in and out, K neighbours, P real particles of all jets,
C classes.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.attention import Tap
from part.models.config import ParticleNetConfig
from part.models.layers import NormedLinear


class EdgeConv(nn.Module):
    """A small MLP over the edges to each particle's neighbours, averaged over them, with a shortcut."""

    def __init__(self, inputs: int, width: int, layers: int, neighbours: int):
        super().__init__()
        self.neighbours = neighbours
        sizes = (2 * inputs, *[width] * layers)
        self.layers = nn.Sequential(*(NormedLinear(a, b, bias=False) for a, b in itertools.pairwise(sizes)))
        self.shortcut = nn.Identity() if inputs == width else NormedLinear(inputs, width, bias=False)

    def forward(self, points: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """points (B, N, any) say who is near, x (B, N, D), mask (B, N) -> (B, N, O), zero on padding."""
        edges = self._edges(x, mask, nearest(points, mask, self.neighbours))
        edges = self.layers[0].norm(edges).relu_()
        for layer in self.layers[1:]:
            edges = layer(edges).relu_()
        heard = edges.unflatten(0, (-1, self.neighbours)).mean(1)
        return _spread(F.relu(self.shortcut(x[mask]) + heard), mask)

    def _edges(self, x: Tensor, mask: Tensor, near: Tensor) -> Tensor:
        """The first linear layer of (x_i, x_j - x_i) for all edges: near (P, K) -> (P K, O).

        It is linear, so each particle passes through it once, not once for each edge.
        """
        own, difference = self.layers[0].linear.weight.chunk(2, 1)
        target = F.linear(x[mask], own - difference)
        source = F.pad(F.linear(x.flatten(0, 1), difference), (0, 0, 0, 1))  # ends with the zeros of an absent one
        return source.index_select(0, near.flatten()) + target.repeat_interleave(self.neighbours, 0)


class ParticleNet(nn.Module):
    """BatchNorm of the inputs, EdgeConvs, mean over the real particles, one hidden layer.

    As in weaver-core, a particle with fewer than K others fills up with neighbours whose channels are all zero.
    There those are the padded slots, so that a batch needs K + 1 slots; here any batch behaves as if it had them.
    """

    def __init__(self, config: ParticleNetConfig):
        super().__init__()
        self.config = config
        sizes = (config.inputs, *config.widths)
        self.norm = nn.BatchNorm1d(config.inputs)
        self.edges = nn.ModuleList(
            EdgeConv(a, b, config.edge_layers, config.neighbours) for a, b in itertools.pairwise(sizes)
        )
        self.hidden = nn.Linear(config.widths[-1], config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden, config.classes)

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """x (B, N, F) features, v unused, mask (B, N) True = real -> logits (B, C).

        The tap hears `edge.i` (B, N, O) after each EdgeConv and `pooled` (B, O).
        """
        points = x[..., -2:]  # deta and dphi come last in every feature set
        x = _spread(self.norm(x[mask]), mask)
        for i, edge in enumerate(self.edges):
            x = edge(points, x, mask)
            x = x if tap is None else tap(f"edge.{i}", x)
            points = x
        pooled = x.masked_fill(~mask[..., None], 0).sum(1) / mask.sum(1, keepdim=True)
        pooled = pooled if tap is None else tap("pooled", pooled)
        return self.head(self.dropout(F.relu(self.hidden(pooled))))


@torch.no_grad()
def nearest(points: Tensor, mask: Tensor, neighbours: int) -> Tensor:
    """The nearest others of each real particle: points (B, N, D), mask (B, N) -> (P, K) rows of the flat (B N).

    Of equally near ones the first come first. Where there are no more others the row is B N.
    """
    with torch.autocast(points.device.type, enabled=False):
        points = points.float()
        # By differences: in weaver-core's |a|² + |b|² - 2ab rounding decides whether a particle or another one at
        # its place, as there are in one of twelve in TopLandscape, counts as itself; its result depends on padding.
        distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    distance = distance.masked_fill(~mask[:, None], torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(-1)  # itself comes first and is left out
    distance, near = (t[..., 1 : neighbours + 1] for t in distance.sort(stable=True))
    jets, slots = mask.shape
    rows = near + slots * torch.arange(jets, device=mask.device)[:, None, None]
    rows = rows.masked_fill(distance.isinf(), jets * slots)
    return F.pad(rows, (0, neighbours - rows.shape[-1]), value=jets * slots)[mask]


def _spread(rows: Tensor, mask: Tensor) -> Tensor:
    """(P, D) -> (B, N, D), zero on padding."""
    out = rows.new_zeros(*mask.shape, rows.shape[-1])
    out[mask] = rows
    return out
