"""Toys of a user's own training: files with names of their own, and data configs and networks that go with them."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot
import yaml

CLASSES = ("is_b", "is_c", "is_light")
FEATURES = (
    ["pf_logpt", 1.0, 0.6],
    ["pf_logerel", -3.0, 0.5],
    ["pf_deta", None],
    ["pf_dphi", None],
    ["cand_charge", None],
    ["cand_dxy", 0, 10, -2, 2],
    ["cand_isMu", None],
)
VERTEX_FEATURES = (["sv_logpt", 2.0, 0.5], ["sv_mass", 1.0, 0.7], ["sv_ntracks", 3, 0.3])
DEFINITIONS = {
    "pf_px": "cand_pt * np.cos(cand_phi)",
    "pf_py": "cand_pt * np.sin(cand_phi)",
    "pf_pz": "cand_pt * np.sinh(cand_eta)",
    "pf_logpt": "np.log(cand_pt)",
    "pf_logerel": "np.log(cand_energy / fj_energy)",
    "pf_deta": "(cand_eta - fj_eta) * np.sign(fj_eta)",
    "pf_dphi": "(cand_phi - fj_phi + np.pi) % (2 * np.pi) - np.pi",
    "pf_mask": "ak.ones_like(cand_pt)",
    "sv_logpt": "np.log(np.hypot(sv_px, sv_py))",
    "sv_mask": "ak.ones_like(sv_mass)",
}
VECTORS = {"pf": ("pf_px", "pf_py", "pf_pz", "cand_energy"), "sv": ("sv_px", "sv_py", "sv_pz", "sv_energy")}


def write_own_jets(path: Path, n: int = 40, seed: int = 0, tree: str = "ntuple/jets", **changes: object) -> Path:
    """Write a ROOT file of jets with candidates and secondary vertices, of which some jets have none.

    changes : columns that replace others, or are added.
    """
    rng = np.random.default_rng(seed)
    n_cand, n_sv = rng.integers(3, 30, n), rng.integers(0, 4, n)
    truth = rng.integers(0, len(CLASSES), n)
    jagged, per_jet = _candidates(rng, n_cand), _vertices(rng, n_sv)
    axis = {"fj_eta": rng.normal(0, 1, n), "fj_phi": rng.uniform(-3, 3, n), "fj_energy": rng.uniform(200, 900, n)}
    axis["fj_pt"] = axis["fj_energy"] / np.cosh(axis["fj_eta"])
    # Heavier jets have displaced candidates, so that a training learns something.
    jagged["cand_dxy"] += np.repeat(0.2 * (2 - truth), n_cand) * rng.choice((-1, 1), n_cand.sum())
    jagged["cand_eta"] = rng.normal(0, 0.2, n_cand.sum()) + np.repeat(axis["fj_eta"], n_cand)
    jagged["cand_phi"] = _wrapped(rng.normal(0, 0.2, n_cand.sum()) + np.repeat(axis["fj_phi"], n_cand))
    jagged["cand_energy"] = jagged["cand_pt"] * np.cosh(jagged["cand_eta"])
    branches = {name: ak.unflatten(values.astype(np.float32), n_cand) for name, values in jagged.items()}
    branches |= {name: ak.unflatten(values.astype(np.float32), n_sv) for name, values in per_jet.items()}
    branches |= {name: values.astype(np.float32) for name, values in axis.items()}
    branches |= {name: (truth == i).astype(np.int32) for i, name in enumerate(CLASSES)} | {"flavour": truth}
    with uproot.recreate(path) as file:
        file[tree] = branches | changes
        file["metadata"] = {"run": np.arange(2)}
    return path


def _candidates(rng: np.random.Generator, counts: np.ndarray) -> dict[str, np.ndarray]:
    n = counts.sum()
    charge = rng.choice((-1, 0, 1), n)
    return {
        "cand_pt": rng.exponential(20, n) + 0.5,
        "cand_charge": charge,
        "cand_dxy": rng.normal(0, 0.1, n) * (charge != 0),
        "cand_isMu": rng.uniform(size=n) < 0.05,
    }


def _vertices(rng: np.random.Generator, counts: np.ndarray) -> dict[str, np.ndarray]:
    n = counts.sum()
    px, py, pz = rng.normal(0, 30, (3, n))
    mass = rng.uniform(0.5, 5, n)
    energy = np.sqrt(px**2 + py**2 + pz**2 + mass**2)
    momenta = {"sv_px": px, "sv_py": py, "sv_pz": pz, "sv_energy": energy}
    return momenta | {"sv_mass": mass, "sv_ntracks": rng.integers(2, 8, n)}


def _wrapped(phi: np.ndarray) -> np.ndarray:
    return (phi + np.pi) % (2 * np.pi) - np.pi


def group(variables, length: int, mode: str = "constant") -> dict:
    """Return one group of inputs."""
    return {"length": length, "pad_mode": mode, "vars": [list(item) for item in variables]}


def own_config(kind: str = "plain", **changes: object) -> dict:
    """Return the options of a data config: "plain", "vertices" (two collections) or "auto" (standardised by weaver).

    changes : keys that replace others; those that are None are left out.
    """
    features = [item[:1] if kind == "auto" and len(item) > 2 else item for item in FEATURES]
    inputs = {
        "pf_points": group([["pf_deta", None], ["pf_dphi", None]], 20, "wrap"),
        "pf_features": group(features, 20, "wrap"),
        "pf_vectors": group([[name, None] for name in VECTORS["pf"]], 20, "wrap"),
        "pf_mask": group([["pf_mask", None]], 20),
    }
    if kind == "vertices":
        del inputs["pf_points"]
        inputs |= {
            "sv_features": group(VERTEX_FEATURES, 3),
            "sv_vectors": group([[name, None] for name in VECTORS["sv"]], 3),
            "sv_mask": group([["sv_mask", None]], 3),
        }
    options = {
        "treename": "ntuple/jets",
        "selection": "(fj_pt > 50) & (np.abs(fj_eta) < 2.4)",
        "test_time_selection": "np.abs(fj_eta) < 2",
        "preprocess": {"method": "auto" if kind == "auto" else "manual", "data_fraction": 1.0},
        "new_variables": DEFINITIONS,
        "inputs": inputs,
        "labels": {"type": "simple", "value": list(CLASSES)},
        "observers": ["fj_pt", "fj_eta"],
    }
    return {key: value for key, value in (options | changes).items() if value is not None}


def write_config(path: Path, kind: str = "plain", **changes: object) -> Path:
    """Write a data config as YAML."""
    path.write_text(yaml.safe_dump(own_config(kind, **changes), sort_keys=False))
    return path


NETWORK = """
import torch
from weaver.nn.model.ParticleTransformer import {network}


class Wrapper(torch.nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.mod = {network}(**kwargs)

    def forward(self, {arguments}):
        return self.mod({passed})


def get_model(data_config, **kwargs):
    cfg = dict({inputs}, num_classes=3, embed_dims=[16, 32, 16], pair_embed_dims=[8, 8], num_heads=4, num_layers=2,
               num_cls_layers=1, fc_params=[(12, 0.0)], use_pre_activation_pair=True)
    cfg.update(**kwargs)
    return Wrapper(**cfg), {{"input_names": list(data_config.input_names), "output_names": ["softmax"]}}


def get_loss(data_config, **kwargs):
    return torch.nn.CrossEntropyLoss()
"""
_WIDTH = "len(data_config.input_dicts['{}_features'])"


def write_network(path: Path, kind: str = "plain") -> Path:
    """Write the network file of a small ParT that takes the inputs of `own_config(kind)`."""
    if kind == "vertices":
        names = ["pf_features", "pf_vectors", "pf_mask", "sv_features", "sv_vectors", "sv_mask"]
        inputs = f"pf_input_dim={_WIDTH.format('pf')}, sv_input_dim={_WIDTH.format('sv')}"
        text = NETWORK.format(
            network="ParticleTransformerTagger", arguments=", ".join(names), passed=", ".join(names), inputs=inputs
        )
    else:
        text = NETWORK.format(
            network="ParticleTransformer",
            arguments="pf_points, pf_features, pf_vectors, pf_mask",
            passed="pf_features, v=pf_vectors, mask=pf_mask",
            inputs=f"input_dim={_WIDTH.format('pf')}",
        )
    path.write_text(text)
    return path
