"""Jets in a mirror are what the mirrored particles would give."""

import numpy as np
import pytest
import torch
from toy_jets import write_jets

import part
from part.jets.features import make_batch
from part.jets.schema import FULL, KIN
from part.models.pair import pair_features
from part.training.reflect import reflected

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
    dphi, deta, d0, dz = (NAMES.index(f"part_{name}") for name in ("dphi", "deta", "d0", "dz"))
    signs = torch.where(batch.x == 0, torch.nan, seen.x / batch.x)
    one = signs.nanmedian(1).values  # of each jet
    assert torch.equal(torch.nan_to_num(signs, 1.0), torch.where(batch.x == 0, 1.0, one[:, None].expand_as(signs)))
    assert {(a, b) for a, b in zip(one[:, dphi].tolist(), one[:, deta].tolist(), strict=True)} == {
        (1, 1), (1, -1), (-1, 1), (-1, -1),
    }  # fmt: skip
    assert torch.equal(one[:, d0].nan_to_num(9), torch.where(one[:, d0].isnan(), 9.0, one[:, dphi]))
    assert torch.equal(one[:, dz].nan_to_num(9), torch.where(one[:, dz].isnan(), 9.0, one[:, deta]))
    others = [i for i in range(len(NAMES)) if i not in (dphi, deta, d0, dz)]
    assert torch.equal(seen.x[..., others], batch.x[..., others])


def test_inputs_of_mirrored_particles_are_the_mirrored_inputs(jets):
    mirrored = {name: jets[name] for name in jets.fields}
    phi = jets["jet_phi"]
    cos, sin = np.cos(2 * phi), np.sin(2 * phi)  # reflection in azimuth, about the jet's axis
    mirrored["part_px"] = cos * jets["part_px"] + sin * jets["part_py"]
    mirrored["part_py"] = sin * jets["part_px"] - cos * jets["part_py"]
    mirrored |= {name: -jets[name] for name in ("part_dphi", "part_d0val")}
    expected, found = make_batch(jets, FULL), make_batch(mirrored_array(mirrored), FULL)
    flips = torch.tensor([-1.0 if name in ("part_dphi", "part_d0") else 1.0 for name in NAMES])
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
