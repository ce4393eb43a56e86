"""Small files of made-up jets with JetClass's branches, and untrained models to look at them with."""

from pathlib import Path

import awkward as ak
import numpy as np
import torch
import uproot

from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import JETCLASS
from part.models.build import build, config_class
from part.models.checkpoints.checkpoint import save_checkpoint

SPECIES = ("isChargedHadron", "isNeutralHadron", "isPhoton", "isElectron", "isMuon")
# Constituents of the jets that tests look at: jet 2 is longer than any model takes, jet 3 a single particle.
COUNTS = [30, 12, 140, 1, 25, 45, 60, 18, 22, 33, 41, 27]
BRANCHES = ("px", "py", "pz", "energy", "deta", "dphi", "charge", "d0val", "d0err", "dzval", "dzerr")


def write_jets(path: Path, counts: list[int], seed: int = 0, momenta_only: bool = False) -> Path:
    """Write a ROOT file of jets with `counts` constituents in one to three prongs; jet i has label i mod 10.

    momenta_only: neither labels nor anything of the constituents but their momenta.
    """
    rng = np.random.default_rng(seed)
    columns = {name: [] for name in BRANCHES + SPECIES}
    jets = {name: [] for name in ("pt", "eta", "phi", "energy")}
    for n in counts:
        jet, p4 = _jet(rng, n)
        for name, value in jet.items():
            columns[name].append(value)
        px, py, pz, energy = p4.sum(axis=1)
        jets["pt"].append(np.hypot(px, py))
        jets["eta"].append(np.arcsinh(pz / np.hypot(px, py)))
        jets["phi"].append(np.arctan2(py, px))
        jets["energy"].append(energy)
    branches = {f"part_{name}": ak.Array(values) for name, values in columns.items()}
    branches |= {f"jet_{name}": np.array(values, np.float32) for name, values in jets.items()}
    labels = np.arange(len(counts)) % len(JETCLASS.labels)
    branches |= {label: (labels == i).astype(np.int32) for i, label in enumerate(JETCLASS.labels)}
    if momenta_only:
        branches = {f"part_{name}": branches[f"part_{name}"] for name in ("px", "py", "pz", "energy")}
    with uproot.recreate(path) as file:
        file["tree"] = branches
    return path


def _jet(rng: np.random.Generator, n: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return constituents by falling pT around one to three axes close to each other."""
    axes = rng.normal(0, 0.25, (rng.integers(1, 4), 2))
    direction = axes[rng.integers(0, len(axes), n)] + rng.normal(0, 0.05, (n, 2))
    pt = np.sort(rng.pareto(1.2, n) + 0.5)[::-1] * 5
    eta, phi = 0.3 + direction[:, 0], 1.0 + direction[:, 1]
    mass = 0.14
    p4 = np.stack((pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), np.hypot(pt * np.cosh(eta), mass)))
    species = rng.choice(5, n, p=(0.55, 0.14, 0.28, 0.02, 0.01))
    charged = np.isin(species, (0, 3, 4))
    d0, dz = rng.normal(0, 0.1, (2, n)) * charged
    error = np.where(charged, 0.05, 0.0)
    jet = dict(zip(("px", "py", "pz", "energy"), p4, strict=True))
    jet |= {"deta": direction[:, 0], "dphi": direction[:, 1], "charge": rng.choice((-1, 1), n) * charged}
    jet |= {"d0val": d0, "d0err": error, "dzval": dz, "dzerr": error}
    jet = {name: value.astype(np.float32) for name, value in jet.items()}
    return jet | {name: (species == i).astype(np.int32) for i, name in enumerate(SPECIES)}, p4


def write_model(path: Path, seed: int = 0, features: str = "full", model: str = "ParT", **config) -> Path:
    """Write an untrained ParT for JetClass whose attention is sharpened, so that its heads differ from each other."""
    torch.manual_seed(seed)
    network = build(config_class(model)(inputs=len(FEATURE_SETS[features]), **config))
    with torch.no_grad():
        for block in network.blocks:
            block.attn.qkv.weight *= 3
        network.head.weight *= 2
    return save_checkpoint(path, network, FEATURE_SETS[features], JETCLASS, {"training": "none: random weights"})
