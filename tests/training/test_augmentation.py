"""Reflected inputs equal the inputs of reflected particles."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets

import part
from part.jets.benchmarks import FULL, KIN
from part.jets.features import make_batch
from part.models.pair_features import pair_features
from part.training.data.augmentation import reflect_at_random

NAMES = [feature.name for feature in FULL.features]


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("reflections") / "jets.root", [12, 30, 5, 21] * 8))


def test_all_four_reflections_occur_and_nothing_else(jets):
    torch.manual_seed(0)
    batch = make_batch(jets, FULL)
    seen = reflect_at_random(batch, FULL)
    assert torch.equal(seen.x.abs(), batch.x.abs())
    assert seen.v is batch.v
    dphi, d0, dz = (NAMES.index(f"part_{name}") for name in ("dphi", "d0", "dz"))
    signs = torch.where(batch.x == 0, torch.nan, seen.x / batch.x)
    one = signs.nanmedian(1).values  # of each jet
    assert torch.equal(torch.nan_to_num(signs, 1.0), torch.where(batch.x == 0, 1.0, one[:, None].expand_as(signs)))
    combinations = {(a, b) for a, b in one[:, [dphi, dz]].tolist() if a == a and b == b}
    assert combinations == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    assert torch.equal(one[:, d0].nan_to_num(9), torch.where(one[:, d0].isnan(), 9.0, one[:, dphi]))
    others = [i for i in range(len(NAMES)) if i not in (dphi, d0, dz)]
    assert torch.equal(seen.x[..., others], batch.x[..., others])


def in_azimuth(jets) -> dict:
    """Return the branches that change under a reflection in the plane of the beam and the jet axis."""
    cos, sin = np.cos(2 * jets["jet_phi"]), np.sin(2 * jets["jet_phi"])
    return {
        "part_px": cos * jets["part_px"] + sin * jets["part_py"],
        "part_py": sin * jets["part_px"] - cos * jets["part_py"],
        "part_dphi": -jets["part_dphi"],
        "part_d0val": -jets["part_d0val"],
    }


def along_the_beam(jets) -> dict:
    """Return the branches that change when forward and backward are exchanged; part_deta is computed from them."""
    return {"part_pz": -jets["part_pz"], "part_dzval": -jets["part_dzval"], "jet_eta": -jets["jet_eta"]}


@pytest.mark.parametrize(
    ("reflection", "odd_inputs"), [(in_azimuth, ("part_dphi", "part_d0")), (along_the_beam, ("part_dz",))]
)
def test_inputs_of_reflected_particles_are_the_reflected_inputs(jets, reflection, odd_inputs):
    left = [name for name in jets.fields if reflection is in_azimuth or name != "part_deta"]
    reflected = {name: jets[name] for name in left} | reflection(jets)
    original = jets[left]
    expected, actual = make_batch(original, FULL), make_batch(reflected_array(reflected), FULL)
    flips = torch.tensor([-1.0 if name in odd_inputs else 1.0 for name in NAMES])
    torch.testing.assert_close(actual.x, expected.x * flips, atol=2e-5, rtol=1e-4)
    before, after = (pair_features(b.v[:, :, None], b.v[:, None])[..., :3] for b in (expected, actual))
    real = expected.mask[:, :, None] & expected.mask[:, None] & ~torch.eye(30, dtype=torch.bool)
    torch.testing.assert_close(after[real], before[real], atol=1e-2, rtol=1e-3)


def reflected_array(columns):
    import awkward as ak

    return ak.zip(columns, depth_limit=1)


def test_inputs_without_displacements_are_reflected_as_well(jets):
    batch = make_batch(jets, KIN)
    torch.manual_seed(1)
    assert not torch.equal(reflect_at_random(batch, KIN).x, batch.x)
    torch.manual_seed(1)
    twice = reflect_at_random(reflect_at_random(batch, KIN), KIN)
    torch.manual_seed(1)
    first = reflect_at_random(batch, KIN)
    assert torch.equal(twice.x.abs(), first.x.abs())
