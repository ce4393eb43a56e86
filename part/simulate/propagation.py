"""Propagation of particles through the tracker: helices and straight lines to the front face of the calorimeter.

The geometry is that of Delphes, a cylinder around the beam (arXiv:1307.6346). Lengths are in mm, momenta in GeV, the
field in tesla along +z. Shapes: P particles.
"""

from dataclasses import dataclass

import numpy as np

GEV_PER_TESLA_MM = 0.299792458e-3  # pT = 0.2998 q B R, with R in metres


@dataclass(frozen=True)
class Volume:
    """The cylinder that contains the magnetic field: lengths in mm, field in tesla."""

    radius: float
    half_length: float
    field: float


CMS = Volume(1290.0, 3000.0, 3.8)
ATLAS = Volume(1150.0, 3510.0, 2.0)


@dataclass(frozen=True)
class Flight:
    """The end point of each particle and the closest approach of charged ones to the beam line, (P,) each.

    `reaches` is False for particles produced outside of the cylinder. `x`, `y`, `z` are the end point. `phi` is the
    transverse direction at the closest approach, d0 = x sin(phi) - y cos(phi) and dz = z are its coordinates; both are
    0 for neutral particles.
    """

    reaches: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    phi: np.ndarray
    d0: np.ndarray
    dz: np.ndarray

    @property
    def eta(self) -> np.ndarray:
        """The pseudorapidity of the end point, seen from the origin."""
        return np.arcsinh(self.z / np.maximum(np.hypot(self.x, self.y), 1e-9))

    @property
    def azimuth(self) -> np.ndarray:
        """The azimuth of the end point."""
        return np.arctan2(self.y, self.x)


def propagate(
    position: tuple[np.ndarray, np.ndarray, np.ndarray],
    momentum: tuple[np.ndarray, np.ndarray, np.ndarray],
    charge: np.ndarray,
    volume: Volume = CMS,
) -> Flight:
    """Propagate particles from their production vertices to the barrel or the end caps of the cylinder."""
    x, y, z = (np.asarray(a, dtype=float) for a in position)
    px, py, pz = (np.asarray(a, dtype=float) for a in momentum)
    reaches = (np.hypot(x, y) < volume.radius) & (np.abs(z) < volume.half_length) & (np.hypot(px, py) > 1e-4)
    end = np.stack([x, y, z])
    perigee = np.stack([np.arctan2(py, px), np.zeros_like(x), np.zeros_like(x)])
    bent = reaches & (charge != 0) & (volume.field != 0.0)
    line = reaches & ~bent
    end[:, line] = _straight(*(a[line] for a in (x, y, z, px, py, pz)), volume)
    end[:, bent], perigee[:, bent] = _helix(*(a[bent] for a in (x, y, z, px, py, pz)), charge[bent], volume)
    return Flight(reaches, *end, *perigee)


def _to_endcap(z: np.ndarray, slope: np.ndarray, volume: Volume) -> np.ndarray:
    """Return the transverse path length to the end cap; slope: the change of z per transverse length."""
    with np.errstate(divide="ignore"):
        return np.where(slope == 0, np.inf, (volume.half_length - np.sign(slope) * z) / np.abs(slope))


def _straight(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, px: np.ndarray, py: np.ndarray, pz: np.ndarray, volume: Volume
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the end points of straight lines."""
    pt = np.hypot(px, py)
    ux, uy, slope = px / pt, py / pt, pz / pt
    along = x * ux + y * uy
    to_barrel = -along + np.sqrt(along**2 + volume.radius**2 - x**2 - y**2)
    s = np.minimum(to_barrel, _to_endcap(z, slope, volume))
    return x + s * ux, y + s * uy, z + s * slope


def _helix(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    px: np.ndarray,
    py: np.ndarray,
    pz: np.ndarray,
    charge: np.ndarray,
    volume: Volume,
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Return the end points, and phi, d0 and dz at the closest approach.

    The direction turns as phi0 - s / r with the transverse path length s and the signed radius r.
    """
    pt = np.hypot(px, py)
    slope = pz / pt
    phi0 = np.arctan2(py, px)
    r = pt / (GEV_PER_TESLA_MM * (charge * volume.field))
    cx, cy = x + r * np.sin(phi0), y - r * np.cos(phi0)
    d = np.maximum(np.hypot(cx, cy), 1e-9)
    gamma = np.arctan2(cy, cx)

    sine = (volume.radius**2 - d**2 - r**2) / (2 * d * r)  # of gamma - phi, where the circle meets the barrel
    root = np.arcsin(np.clip(sine, -1, 1))
    turn = 2 * np.pi * np.abs(r)
    first, second = ((r * (phi0 - phi)) % turn for phi in (gamma - root, gamma - np.pi + root))
    to_barrel = np.where(np.abs(sine) < 1, np.minimum(first, second), np.inf)
    s = np.minimum(to_barrel, _to_endcap(z, slope, volume))
    s = np.where(np.isfinite(s), s, 0.0)  # at pz = 0 the particle never reaches an end cap
    phi = phi0 - s / r
    end = cx - r * np.sin(phi), cy + r * np.cos(phi), z + s * slope

    sign = np.sign(r)
    closest = np.arctan2(sign * np.cos(gamma), -sign * np.sin(gamma))
    turned = (phi0 - closest + np.pi) % (2 * np.pi) - np.pi
    return end, (closest, sign * (d - np.abs(r)), z + turned * r * slope)
