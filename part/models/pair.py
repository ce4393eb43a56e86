"""Layers that act on each pair of particles: the pair features, and the interaction bias computed from them.

Shapes: B jets, N particles, H heads, P real pairs (i >= j) of all jets.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.models.layers import NormedLinear

PAIR_FEATURES = ("lnkT", "lnz", "lnΔ", "lnm²")
FEATURE_FLOOR = 1e-8  # the least kT (GeV), z, Δ and m² (GeV²) in a logarithm, which stays finite


def pair_features(a: Tensor, b: Tensor) -> Tensor:
    """Return lnkT, lnz, lnΔ and lnm² of pairs of particles, which are symmetric in the two particles.

    In float32, E² - p² suffers from cancellation, so the order of operations is that of the reference: trained weights
    depend on it.

    Parameters
    ----------
    a, b : Tensor (..., 4)
        Four-momenta px, py, pz, E in GeV.

    Returns
    -------
    Tensor (..., 4)

    References
    ----------
    arXiv:2202.03772, eq. 3
    """
    (pt_a, y_a, phi_a), (pt_b, y_b, phi_b) = cylindrical(a), cylindrical(b)
    delta_phi = (phi_a - phi_b + math.pi) % (2 * math.pi) - math.pi
    delta = _root((y_a - y_b) ** 2 + delta_phi**2)
    softer = torch.minimum(pt_a, pt_b)
    px, py, pz, energy = (a + b).square().unbind(-1)
    m2 = energy - (px + py + pz)
    z = softer / (pt_a + pt_b).clamp(min=FEATURE_FLOOR)
    return torch.stack((softer * delta, z, delta, m2), -1).clamp(min=FEATURE_FLOOR).log()


def _root(square: Tensor) -> Tensor:
    """Return the square root, with gradient 0 where it is 0: a jet of one particle has Δ = 0 to its landmark."""
    if not square.requires_grad:
        return square.sqrt()
    zero = square == 0
    return square.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


def cylindrical(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return transverse momentum (GeV), rapidity and azimuth of four-momenta (..., 4)."""
    px, py, pz, energy = p.unbind(-1)
    rapidity = 0.5 * torch.log(1 + (2 * pz) / (energy - pz).clamp(min=1e-20))
    return p[..., :2].square().sum(-1).sqrt(), rapidity, torch.atan2(py, px)


class PairEmbed(nn.Module):
    """The interaction bias: a small MLP on the features of each real pair of particles, with one output per head."""

    def __init__(self, widths: tuple[int, ...], heads: int, biases: bool = True):
        super().__init__()
        sizes = (len(PAIR_FEATURES), *widths, heads)
        self.norm = nn.BatchNorm1d(len(PAIR_FEATURES))
        self.layers = nn.Sequential(*(NormedLinear(a, b, biases) for a, b in itertools.pairwise(sizes)))

    def embed(self, features: Tensor) -> Tensor:
        """Return the bias (P, H) for pair features (P, 4)."""
        x = self.norm(features)
        for layer in self.layers:
            x = F.gelu(layer(x))
        return x

    def forward(self, v: Tensor, mask: Tensor) -> Tensor:
        """Compute the bias (B, H, N, N) of v (B, N, 4), mask (B, N): symmetric, zero if either particle is padding."""
        pairs = (mask[:, :, None] & mask[:, None, :]).tril()
        jet, i, j = pairs.nonzero(as_tuple=True)
        with torch.autocast(v.device.type, enabled=False):
            features = pair_features(v[jet, i].float(), v[jet, j].float())
        values = self.embed(features)
        bias = values.new_zeros(*pairs.shape, values.shape[-1])
        bias[jet, i, j] = values
        bias[jet, j, i] = values
        return bias.permute(0, 3, 1, 2).contiguous()
