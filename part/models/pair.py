"""What is done to each pair of particles: the pair features and the interaction bias made of them.

Shapes: B jets, N particles, H heads, P real pairs (i >= j) of all jets.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.layers import NormedLinear

PAIR_FEATURES = ("lnkT", "lnz", "lnΔ", "lnm²")
LOWEST = 1e-8  # below this, kT (GeV), z, Δ and m² (GeV²) count as this: the logarithms stay finite


def pair_features(a: Tensor, b: Tensor) -> Tensor:
    """lnkT, lnz, lnΔ, lnm² of pairs (arXiv:2202.03772, eq. 3).

    a, b: four-momenta (..., 4) as px, py, pz, E in GeV -> (..., 4). Symmetric in a and b.
    In float32 E² - p² cancels: the order of these operations is the reference's and part of the weights' meaning.
    """
    (pt_a, y_a, phi_a), (pt_b, y_b, phi_b) = cylindrical(a), cylindrical(b)
    delta_phi = (phi_a - phi_b + math.pi) % (2 * math.pi) - math.pi
    delta = _root((y_a - y_b) ** 2 + delta_phi**2)
    softer = torch.minimum(pt_a, pt_b)
    px, py, pz, energy = (a + b).square().unbind(-1)
    m2 = energy - (px + py + pz)
    z = softer / (pt_a + pt_b).clamp(min=LOWEST)
    return torch.stack((softer * delta, z, delta, m2), -1).clamp(min=LOWEST).log()


def _root(square: Tensor) -> Tensor:
    """The square root; at 0, where its slope is infinite, with none: a particle alone is its own landmark."""
    if not square.requires_grad:
        return square.sqrt()
    zero = square == 0
    return square.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


def cylindrical(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Transverse momentum (GeV), rapidity and azimuth of four-momenta (..., 4)."""
    px, py, pz, energy = p.unbind(-1)
    rapidity = 0.5 * torch.log(1 + (2 * pz) / (energy - pz).clamp(min=1e-20))
    return p[..., :2].square().sum(-1).sqrt(), rapidity, torch.atan2(py, px)


class PairEmbed(nn.Module):
    """Four-momenta to the interaction bias: a small MLP over the features of each real pair, one output a head."""

    def __init__(self, widths: tuple[int, ...], heads: int, biases: bool = True):
        super().__init__()
        sizes = (len(PAIR_FEATURES), *widths, heads)
        self.norm = nn.BatchNorm1d(len(PAIR_FEATURES))
        self.layers = nn.Sequential(*(NormedLinear(a, b, biases) for a, b in itertools.pairwise(sizes)))

    def embed(self, features: Tensor) -> Tensor:
        """Pair features (P, 4) -> bias (P, H)."""
        x = self.norm(features)
        for layer in self.layers:
            x = F.gelu(layer(x))
        return x

    def forward(self, v: Tensor, mask: Tensor) -> Tensor:
        """v (B, N, 4), mask (B, N) -> bias (B, H, N, N), symmetric, zero where either particle is padding."""
        pairs = (mask[:, :, None] & mask[:, None, :]).tril()
        jet, i, j = pairs.nonzero(as_tuple=True)
        with torch.autocast(v.device.type, enabled=False):
            features = pair_features(v[jet, i].float(), v[jet, j].float())
        values = self.embed(features)
        bias = values.new_zeros(*pairs.shape, values.shape[-1])
        bias[jet, i, j] = values
        bias[jet, j, i] = values
        return bias.permute(0, 3, 1, 2).contiguous()
