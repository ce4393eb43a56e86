"""Jets in a mirror are what the mirrored particles would give."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets

import part
from part.jets.features import make_batch
from part.jets.schema import FULL, KIN
from part.models.pair import pair_features
from part.training.data.augmentation import reflected

NAMES = [feature.name for feature in FULL.features]


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("mirror") / "jets.root", [12, 30, 5, 21] * 8))


def test_all_four_images_come_and_nothing_else(jets):
    torch.manual_seed(0)
    batch = make_batch(jets, FULL)
    seen = reflected(batch, FULL)
    assert torch.equal(seen.x.abs(), batch.x.abs())
    assert seen.v is batch.v
    dphi, d0, dz = (NAMES.index(f"part_{name}") for name in ("dphi", "d0", "dz"))
    signs = torch.where(batch.x == 0, torch.nan, seen.x / batch.x)
    one = signs.nanmedian(1).values  # of each jet
    assert torch.equal(torch.nan_to_num(signs, 1.0), torch.where(batch.x == 0, 1.0, one[:, None].expand_as(signs)))
    images = {(a, b) for a, b in one[:, [dphi, dz]].tolist() if a == a and b == b}
    assert images == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    assert torch.equal(one[:, d0].nan_to_num(9), torch.where(one[:, d0].isnan(), 9.0, one[:, dphi]))
    others = [i for i in range(len(NAMES)) if i not in (dphi, d0, dz)]
    assert torch.equal(seen.x[..., others], batch.x[..., others])


def in_azimuth(jets) -> dict:
    """Reflected in a plane through the beam and the jet's axis."""
    cos, sin = np.cos(2 * jets["jet_phi"]), np.sin(2 * jets["jet_phi"])
    return {
        "part_px": cos * jets["part_px"] + sin * jets["part_py"],
        "part_py": sin * jets["part_px"] - cos * jets["part_py"],
        "part_dphi": -jets["part_dphi"],
        "part_d0val": -jets["part_d0val"],
    }


def along_the_beam(jets) -> dict:
    """Forward and backward exchanged; part_deta is left to be computed."""
    return {"part_pz": -jets["part_pz"], "part_dzval": -jets["part_dzval"], "jet_eta": -jets["jet_eta"]}


@pytest.mark.parametrize(("image", "turned"), [(in_azimuth, ("part_dphi", "part_d0")), (along_the_beam, ("part_dz",))])
def test_inputs_of_mirrored_particles_are_the_mirrored_inputs(jets, image, turned):
    left = [name for name in jets.fields if image is in_azimuth or name != "part_deta"]
    mirrored = {name: jets[name] for name in left} | image(jets)
    original = jets[left]
    expected, found = make_batch(original, FULL), make_batch(mirrored_array(mirrored), FULL)
    flips = torch.tensor([-1.0 if name in turned else 1.0 for name in NAMES])
    torch.testing.assert_close(found.x, expected.x * flips, atol=2e-5, rtol=1e-4)
    ours, theirs = (pair_features(b.v[:, :, None], b.v[:, None])[..., :3] for b in (expected, found))
    real = expected.mask[:, :, None] & expected.mask[:, None] & ~torch.eye(30, dtype=torch.bool)
    torch.testing.assert_close(theirs[real], ours[real], atol=1e-2, rtol=1e-3)


def mirrored_array(columns):
    import awkward as ak

    return ak.zip(columns, depth_limit=1)


def test_inputs_without_displacements_are_mirrored_too(jets):
    batch = make_batch(jets, KIN)
    torch.manual_seed(1)
    assert not torch.equal(reflected(batch, KIN).x, batch.x)
    torch.manual_seed(1)
    again = reflected(reflected(batch, KIN), KIN)
    torch.manual_seed(1)
    first = reflected(batch, KIN)
    assert torch.equal(again.x.abs(), first.x.abs())
