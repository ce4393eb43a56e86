"""EdgeConv (arXiv:1801.07829): a convolution over the nearest neighbours of each particle.

Shapes: B jets, N particles, D and O channels in and out, K neighbours, P real particles of all jets.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.layers import NormedLinear, scatter


class EdgeConv(nn.Module):
    """A small MLP on the edges to each particle's neighbours, averaged over them, with a shortcut."""

    def __init__(self, inputs: int, widths: tuple[int, ...], neighbours: int):
        super().__init__()
        self.neighbours = neighbours
        sizes = (2 * inputs, *widths)
        self.layers = nn.Sequential(*(NormedLinear(a, b, bias=False) for a, b in itertools.pairwise(sizes)))
        self.shortcut = nn.Identity() if inputs == widths[-1] else NormedLinear(inputs, widths[-1], bias=False)

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
