"""The features of a pair of tokens, from their four-momenta (px, py, pz, E in GeV) or positions (x, y, z, t).

They amplify rounding: in float32 E² - p² cancels, and the angle between a particle and itself is rounding alone.
Trained weights depend on both, so the order of operations, and the functions of torch that perform them, are those of
the reference.

Shapes: P pairs. Vectors in the private functions have their components first, (4, P), (3, P).
"""

import math

import torch
from torch import Tensor

from part.models.pair_inputs import split_kind

FEATURE_FLOOR = 1e-8  # the least kT (GeV), z, Δ and m² (GeV²) in a logarithm, which stays finite


def features_of_pairs(kind: str, count: int, a: Tensor, b: Tensor) -> Tensor:
    """Return the first features of a kind for pairs of tokens.

    Parameters
    ----------
    kind : str
        A name of `part.models.pair_inputs`: "pp", "ee", "xyzt" or "xyzt:spherical", for instance.
    count : int
        The number of features.
    a, b : Tensor (P, 4)
        Four-momenta px, py, pz, E in GeV, or positions x, y, z, t.

    Returns
    -------
    Tensor (P, count)
    """
    family, coordinates = split_kind(kind)
    if family == "pp":
        return _hadron_collider(a, b, count)
    first, second = a.T.contiguous(), b.T.contiguous()
    columns = _lepton_collider(first, second) if family == "ee" else _positions(first, second, coordinates, count)
    return torch.stack(columns[:count], -1)


def pair_features(a: Tensor, b: Tensor) -> Tensor:
    """Return lnkT, lnz, lnΔ and lnm² of pairs of particles, which are symmetric in the two particles.

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
    delta_phi = angle_between(phi_a, phi_b)
    delta = _root((y_a - y_b) ** 2 + delta_phi**2)
    softer = torch.minimum(pt_a, pt_b)
    m2 = _interval(a + b)
    z = softer / (pt_a + pt_b).clamp(min=FEATURE_FLOOR)
    return torch.stack((softer * delta, z, delta, m2), -1).clamp(min=FEATURE_FLOOR).log()


def cylindrical(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return transverse momentum (GeV), rapidity and azimuth of four-momenta (..., 4)."""
    px, py, pz, energy = p.unbind(-1)
    return p[..., :2].square().sum(-1).sqrt(), _rapidity(pz, energy), torch.atan2(py, px)


def _rapidity(pz: Tensor, energy: Tensor) -> Tensor:
    """Return the rapidity, which is finite where the reference's formula is not.

    Rounding makes the argument of its logarithm 0 for light particles from about η = -8.5 on, and negative where the
    energy is below the momentum. There the rapidity is that of the mirrored particle with the other sign.
    """
    ratio = 1 + (2 * pz) / (energy - pz).clamp(min=1e-20)
    is_mirrored = ratio <= 0
    mirrored = 1 + (-2 * pz) / (energy + pz).clamp(min=1e-20)
    rapidity = 0.5 * torch.log(torch.where(is_mirrored, mirrored, ratio))
    return torch.where(is_mirrored, -rapidity, rapidity)


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """Return the difference of two azimuths in [-π, π)."""
    return (a - b + math.pi) % (2 * math.pi) - math.pi


def _root(square: Tensor) -> Tensor:
    """Return the square root, with gradient 0 where it is 0: a jet of one particle has Δ = 0 to its landmark."""
    if not square.requires_grad:
        return square.sqrt()
    zero = square == 0
    return square.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


def _interval(p: Tensor) -> Tensor:
    """Return E² - p² of vectors (..., 4)."""
    px, py, pz, energy = p.square().unbind(-1)
    return energy - (px + py + pz)


def _hadron_collider(a: Tensor, b: Tensor, count: int) -> Tensor:
    published = pair_features(a, b)
    if count <= 4:
        return published[:, 2:3] if count == 1 else published[:, :count]
    columns = [published, _log(-_interval(a - b))[:, None]]
    if count > 5:
        columns.append(_decay_angle(a.T.contiguous(), b.T.contiguous())[:, None])
    if count > 6:
        (_, y_a, phi_a), (_, y_b, phi_b) = cylindrical(a), cylindrical(b)
        columns += [(y_a - y_b)[:, None], angle_between(phi_a, phi_b)[:, None]]
    return torch.cat(columns, -1)


def _decay_angle(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of the angle between the pair's momentum and b's in the rest frame of the pair."""
    total = a + b
    velocity = -total[:3] / total[3:].clamp(min=FEATURE_FLOOR)
    square = velocity.square().sum(0)
    gamma = (1 - square).clamp(min=FEATURE_FLOOR) ** -0.5
    factor = ((gamma - 1) / square).masked_fill(square == 0, 0)
    in_rest_frame = b[:3] + factor * (b[:3] * velocity).sum(0) * velocity + b[3:] * gamma * velocity
    return (_direction(in_rest_frame) * _direction(total)).sum(0)


def _direction(p: Tensor) -> Tensor:
    return p[:3] / p[:3].norm(dim=0).clamp(min=FEATURE_FLOOR)


def _lepton_collider(a: Tensor, b: Tensor) -> list[Tensor]:
    mass = _log(_interval((a + b).T))
    (size_a, unit_a), (size_b, unit_b) = _polar(a, b), _polar(b, a)
    cosine, sine = _cosine_and_sine(unit_a, unit_b)
    softer = torch.minimum(size_a, size_b)
    z = softer / (size_a + size_b).clamp(min=FEATURE_FLOOR)
    return [mass, cosine, sine, _log(softer * sine), _log(z), _log(a[3] * b[3] * (1 - cosine))]


def _positions(a: Tensor, b: Tensor, coordinates: str, count: int) -> list[Tensor]:
    difference = a - b
    (r_a, unit_a), (r_b, unit_b) = _polar(a, b), _polar(b, a)
    cosine, sine = _cosine_and_sine(unit_a, unit_b)
    columns = [_log(_square(difference)), cosine, sine, torch.asinh(difference[3])]
    if count <= 4:
        return columns
    if coordinates == "rectangular":
        return [*columns, *difference[:3]]
    phi = angle_between(torch.atan2(a[1], a[0]), torch.atan2(b[1], b[0]))
    if coordinates == "spherical":
        return [*columns, torch.asinh(r_a - r_b), _polar_angle(a, r_a) - _polar_angle(b, r_b), phi]
    rho_a, rho_b = (_root(p[:2].square().sum(0)) for p in (a, b))
    return [*columns, torch.asinh(rho_a - rho_b), phi, torch.asinh(a[2] - b[2])]


def _polar_angle(p: Tensor, size: Tensor) -> Tensor:
    return torch.acos((p[2] / size.clamp(min=FEATURE_FLOOR)).clamp(-1, 1))


def _square(p: Tensor) -> Tensor:
    return p[:3].square().sum(0)


def _polar(p: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Return the length of the space components of vectors (4, P), and their direction (3, P).

    On some processors torch's root of a float32 is not correctly rounded, and a nearly collinear pair amplifies that.
    With a correctly rounded one weights mean the same everywhere. The angle between a vector and itself is nothing but
    rounding, so for it the root remains torch's, as in the reference.
    """
    square = _square(p)
    size = torch.where((p == other).all(0), _root(square), _root(square.double()).to(square.dtype))
    return size, p[:3] / size.clamp(min=FEATURE_FLOOR)


def _cosine_and_sine(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    cosine = (a * b).sum(0).clamp(-1, 1)
    return cosine, torch.linalg.cross(a, b, dim=0).norm(dim=0).clamp(0, 1)


def _log(x: Tensor) -> Tensor:
    return x.clamp(min=FEATURE_FLOOR).log()
