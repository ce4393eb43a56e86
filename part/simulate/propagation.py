"""Flight of particles through the tracker: helices and straight lines to the calorimeter's front face.

Shapes: P particles. Lengths in mm, momenta in GeV, field in tesla along +z. The geometry is Delphes's: a
cylinder around the beam (arXiv:1307.6346).
"""

from dataclasses import dataclass

import numpy as np

GEV_PER_TESLA_MM = 0.299792458e-3  # pT = 0.2998 q B R, with R in metres


@dataclass(frozen=True)
class Volume:
    """The cylinder that holds the magnetic field: mm, tesla."""

    radius: float
    half_length: float
    field: float


CMS = Volume(1290.0, 3000.0, 3.8)
ATLAS = Volume(1150.0, 3510.0, 2.0)


@dataclass(frozen=True)
class Flight:
    """Where each particle ends, (P,) each, and, of charged ones, its closest approach to the beam.

    `reaches` is False for particles born outside the cylinder. `phi` is the transverse direction at the
    closest approach to the beam line; d0 = x sin(phi) - y cos(phi) and dz = z are that point's (0 for neutral
    particles).
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
        """Pseudorapidity of the end point seen from the origin."""
        return np.arcsinh(self.z / np.maximum(np.hypot(self.x, self.y), 1e-9))

    @property
    def azimuth(self) -> np.ndarray:
        return np.arctan2(self.y, self.x)


def propagate(
    position: tuple[np.ndarray, np.ndarray, np.ndarray],
    momentum: tuple[np.ndarray, np.ndarray, np.ndarray],
    charge: np.ndarray,
    volume: Volume = CMS,
) -> Flight:
    """Carries particles from their production vertices to the cylinder's mantle or its end caps."""
    x, y, z = (np.asarray(a, dtype=float) for a in position)
    px, py, pz = (np.asarray(a, dtype=float) for a in momentum)
    reaches = (np.hypot(x, y) < volume.radius) & (np.abs(z) < volume.half_length) & (np.hypot(px, py) > 1e-4)
    end = np.stack([x, y, z])
    track = np.stack([np.arctan2(py, px), np.zeros_like(x), np.zeros_like(x)])
    bent = reaches & (charge != 0) & (volume.field != 0.0)
    line = reaches & ~bent
    end[:, line] = _straight(*(a[line] for a in (x, y, z, px, py, pz)), volume)
    end[:, bent], track[:, bent] = _helix(*(a[bent] for a in (x, y, z, px, py, pz)), charge[bent], volume)
    return Flight(reaches, *end, *track)


def _to_endcap(z, slope, volume):
    """Transverse path length to the end cap, for a path that climbs `slope` in z per transverse length."""
    with np.errstate(divide="ignore"):
        return np.where(slope == 0, np.inf, (volume.half_length - np.sign(slope) * z) / np.abs(slope))


def _straight(x, y, z, px, py, pz, volume):
    pt = np.hypot(px, py)
    ux, uy, slope = px / pt, py / pt, pz / pt
    along = x * ux + y * uy
    to_mantle = -along + np.sqrt(along**2 + volume.radius**2 - x**2 - y**2)
    s = np.minimum(to_mantle, _to_endcap(z, slope, volume))
    return x + s * ux, y + s * uy, z + s * slope


def _helix(x, y, z, px, py, pz, charge, volume):
    """End points and closest approaches; the direction turns as phi0 - s / r, with the signed radius r."""
    pt = np.hypot(px, py)
    slope = pz / pt
    phi0 = np.arctan2(py, px)
    r = pt / (GEV_PER_TESLA_MM * (charge * volume.field))
    cx, cy = x + r * np.sin(phi0), y - r * np.cos(phi0)
    d = np.maximum(np.hypot(cx, cy), 1e-9)
    gamma = np.arctan2(cy, cx)

    sine = (volume.radius**2 - d**2 - r**2) / (2 * d * r)  # of gamma - phi, where the circle meets the mantle
    root = np.arcsin(np.clip(sine, -1, 1))
    turn = 2 * np.pi * np.abs(r)
    first, second = ((r * (phi0 - phi)) % turn for phi in (gamma - root, gamma - np.pi + root))
    to_mantle = np.where(np.abs(sine) < 1, np.minimum(first, second), np.inf)
    s = np.minimum(to_mantle, _to_endcap(z, slope, volume))
    s = np.where(np.isfinite(s), s, 0.0)  # curls for ever at pz = 0
    phi = phi0 - s / r
    end = cx - r * np.sin(phi), cy + r * np.cos(phi), z + s * slope

    sign = np.sign(r)
    closest = np.arctan2(sign * np.cos(gamma), -sign * np.sin(gamma))
    turned = (phi0 - closest + np.pi) % (2 * np.pi) - np.pi
    return end, (closest, sign * (d - np.abs(r)), z + turned * r * slope)
