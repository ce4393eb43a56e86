"""Jets from |η| = 12 and from 1 MeV to 100 TeV have finite answers, in every model, backend and precision."""

from itertools import product

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jet_samples import columns

import part
from part.jets.schema import MOMENTA
from part.models.checkpoints.catalogue import bundled_names
from part.models.pair_features import cylindrical, features_of_pairs
from part.models.pair_inputs import COORDINATES, COUNTS

ETAS = (-12, -10, -8.5, -5, 0, 5, 8.5, 10, 12)
PTS = (1e-3, 1.0, 1e5)
KINDS = [(kind, count) for kind, counts in COUNTS.items() for count in counts if count != 7]
KINDS += [(f"xyzt:{coordinates}", 7) for coordinates in COORDINATES]


def momenta(eta, pt, phi=0.3, mass=0.0) -> np.ndarray:
    """Return four-momenta (..., 4) as a file has them, in float32."""
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + mass**2)], -1).astype(np.float32)


def extreme_jets() -> ak.Array:
    """Return jets whose first constituent is at an extreme place, or whose constituents all are."""
    table = columns(2 * len(ETAS) * len(PTS), lowest=3, highest=9)
    counts = ak.num(table["part_px"])
    flat = np.stack([ak.to_numpy(ak.flatten(table[name])) for name in MOMENTA], axis=1)
    first = np.cumsum(counts) - counts
    for i, (eta, pt) in enumerate(product(ETAS, PTS)):
        flat[first[i]] = momenta(eta, pt)
        whole = slice(first[-1 - i], first[-1 - i] + counts[-1 - i])
        spread = np.linspace(-0.3, 0.3, counts[-1 - i])
        flat[whole] = momenta(eta + spread, pt, spread, mass=0.14)
    jets = {name: ak.unflatten(flat[:, i], counts) for i, name in enumerate(MOMENTA)}
    own = ("jet_pt", "jet_eta", "jet_phi", "jet_energy", "part_deta", "part_dphi")
    return ak.zip({k: v for k, v in table.items() if k not in own} | jets, depth_limit=1)


@pytest.fixture(scope="module")
def jets() -> ak.Array:
    return extreme_jets()


@pytest.mark.parametrize("mass", [0.0, 0.14])
def test_rapidities_are_finite_and_symmetric(mass):
    eta, pt = np.meshgrid(ETAS, PTS)
    forward = torch.from_numpy(momenta(eta, pt, mass=mass))
    backward = forward * torch.tensor([1, 1, -1, 1])
    (_, there, _), (_, back, _) = cylindrical(forward), cylindrical(backward)
    assert there.isfinite().all()
    is_central = torch.from_numpy(np.abs(eta) <= 5)  # where float32 still tells E from |pz|
    torch.testing.assert_close(there[is_central], -back[is_central], atol=2e-3, rtol=0)
    is_far = torch.from_numpy(np.abs(eta) >= 10) & (forward[..., 3] == forward[..., 2].abs())
    assert is_far.any()
    torch.testing.assert_close(there[is_far], -back[is_far], atol=0, rtol=0)


def test_a_rapidity_that_is_finite_in_the_reference_stays_as_it_is():
    v = torch.from_numpy(momenta(np.linspace(-7, 12, 500), np.geomspace(0.01, 1e4, 500)))
    _, _, pz, energy = v.unbind(-1)
    reference = 0.5 * torch.log(1 + (2 * pz) / (energy - pz).clamp(min=1e-20))
    finite = reference.isfinite()
    assert torch.equal(cylindrical(v)[1][finite], reference[finite])


def test_less_energy_than_momentum_has_a_rapidity():
    v = torch.tensor([[1.0, 0, -100, 99], [1, 0, 100, 99]])
    rapidity = cylindrical(v)[1]
    assert rapidity.isfinite().all()
    assert rapidity[0] == -rapidity[1]


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_features_of_pairs_are_finite(kind, count):
    v = torch.from_numpy(np.concatenate([momenta(*place).reshape(1, 4) for place in product(ETAS, PTS)]))
    a, b = (v[torch.tensor(rows)] for rows in zip(*product(range(len(v)), repeat=2), strict=True))
    assert features_of_pairs(kind, count, a, b).isfinite().all()


def supported(name: str) -> list[str]:
    return [name, f"{name}@bf16"] if name != "part-int8" else [name]


@pytest.mark.parametrize("name", [model for name in bundled_names() for model in supported(name)])
def test_shipped_models(jets, name):
    probabilities = part.load_model(name, "cpu").predict(jets)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-4)
    assert np.isfinite(probabilities).all()


@pytest.mark.parametrize("backend", ["explicit", "fused", "flash", "native"])
def test_every_backend_gives_the_same_finite_answers(jets, backend):
    tagger = part.load_model("part-full", "cpu", backend)
    expected = part.load_model("part-full", "cpu", "explicit").predict(jets)
    np.testing.assert_allclose(tagger.predict(jets), expected, atol=2e-3)


def test_traces_are_finite(jets):
    trace = part.load_model("part-full", "cpu").trace(jets)
    assert np.isfinite(trace.bias[trace.bias != -np.inf]).all()
    assert np.isfinite(trace.logits).all()
