"""The conversion of jets to tensors: leading constituents, padding, and fields that a file leaves out."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jet_samples import columns

from part.errors import PartError
from part.jets import add_derived_fields, keep_leading, make_batch
from part.jets.benchmarks import FULL, KIN, KINPIDPLUS
from part.jets.datasets import JETCLASS, QUARKGLUON
from part.jets.schema import MOMENTA


def jets_of(n_jets: int = 12, **kwargs) -> ak.Array:
    return ak.zip(columns(n_jets, **kwargs), depth_limit=1)


def without(jets: ak.Array, *names: str) -> ak.Array:
    return jets[[name for name in jets.fields if name not in names]]


def shuffled(jets: ak.Array, seed: int = 0) -> ak.Array:
    """Return jets with each one's constituents in random order."""
    rng = np.random.default_rng(seed)
    counts = ak.num(jets.part_px)
    order = ak.argsort(ak.unflatten(rng.random(int(ak.sum(counts))), counts))
    return ak.zip({k: jets[k][order] if k.startswith("part_") else jets[k] for k in jets.fields}, depth_limit=1)


class TestKeepLeading:
    def test_small_jets_are_unchanged(self):
        jets = jets_of()
        leading, n_truncated = keep_leading(jets)
        assert leading.to_list() == jets.to_list()
        assert not n_truncated.any()

    def test_the_leading_constituents_stay_in_file_order(self):
        jets = shuffled(jets_of(6, lowest=100, highest=160, seed=5))
        leading, n_truncated = keep_leading(jets)
        counts = ak.to_numpy(ak.num(jets.part_px))
        assert (counts > 128).any()
        assert (counts < 128).any()
        np.testing.assert_array_equal(n_truncated, np.maximum(counts - 128, 0))
        np.testing.assert_array_equal(ak.num(leading.part_px), np.minimum(counts, 128))
        for i in range(len(jets)):
            pt = np.hypot(ak.to_numpy(jets.part_px[i]), ak.to_numpy(jets.part_py[i]))
            keep = np.sort(np.argsort(-pt)[:128])
            for name in (*MOMENTA, "part_isMuon", "part_pid"):
                np.testing.assert_array_equal(leading[name][i], ak.to_numpy(jets[name][i])[keep])

    def test_of_equal_momenta_the_first_stay(self):
        ones = ak.Array([[1.0] * 130])
        jets = ak.zip(dict.fromkeys(MOMENTA, ones) | {"part_pid": ak.Array([list(range(130))])}, depth_limit=1)
        leading, n_truncated = keep_leading(jets)
        assert leading.part_pid.to_list() == [list(range(128))]
        assert n_truncated.tolist() == [2]


class TestPadding:
    def test_wraps_the_particles_of_the_jet(self):
        jets = jets_of()
        batch = make_batch(jets, FULL, JETCLASS, length=128)
        for i, n in enumerate(ak.num(jets.part_px)):
            assert batch.mask[i].sum() == n
            assert batch.mask[i, :n].all()
            slots = torch.arange(128) % n
            torch.testing.assert_close(batch.x[i], batch.x[i, slots], rtol=0, atol=0)
            torch.testing.assert_close(batch.v[i], batch.v[i, slots], rtol=0, atol=0)

    def test_length_is_the_largest_multiplicity(self):
        jets = jets_of()
        n = int(ak.max(ak.num(jets.part_px)))
        batch, longer = make_batch(jets, FULL), make_batch(jets, FULL, length=128)
        assert batch.x.shape == (12, n, 17)
        torch.testing.assert_close(batch.x, longer.x[:, :n], rtol=0, atol=0)

    def test_jets_do_not_affect_each_other(self):
        jets = jets_of()
        batch, alone = make_batch(jets, FULL, length=128), make_batch(jets[3:4], FULL, length=128)
        torch.testing.assert_close(batch.x[3:4], alone.x, rtol=0, atol=0)
        torch.testing.assert_close(batch.v[3:4], alone.v, rtol=0, atol=0)

    def test_too_many_constituents(self):
        jets = jets_of(4, lowest=120, highest=150)
        batch = make_batch(jets, FULL)
        assert batch.x.shape == (4, 128, 17)
        assert (batch.mask.sum(dim=1) + batch.n_truncated).tolist() == ak.num(jets.part_px).to_list()

    def test_types(self):
        batch = make_batch(jets_of(), FULL, JETCLASS)
        assert (batch.x.dtype, batch.v.dtype) == (torch.float32, torch.float32)
        assert (batch.mask.dtype, batch.y.dtype, batch.n_truncated.dtype) == (
            torch.bool,
            torch.int64,
            torch.int64,
        )
        assert batch.y.tolist() == [i % 10 for i in range(12)]
        assert make_batch(jets_of(), FULL).y is None
        assert make_batch(jets_of(), FULL, QUARKGLUON).y is None


class TestDerivedFields:
    def test_the_jet_is_the_sum_of_its_constituents(self):
        jets = jets_of()
        derived = add_derived_fields(jets[list(MOMENTA)])
        for name in ("jet_pt", "jet_eta", "jet_phi", "jet_energy"):
            np.testing.assert_allclose(derived[name], jets[name], rtol=1e-5)

    def test_the_sum_includes_constituents_that_are_left_out(self):
        jets = jets_of(2, lowest=150, highest=160)
        first = make_batch(jets, KIN).x[:, 0, 2]  # log(pT / jet pT), scaled
        log_pt = make_batch(without(jets, "jet_pt", "jet_energy"), KIN).x[:, 0, 2]
        torch.testing.assert_close(log_pt, first, rtol=0, atol=1e-4)

    def test_angles_are_relative_to_the_jet(self):
        jets = add_derived_fields(jets_of()[list(MOMENTA)])
        pt = np.hypot(jets.part_px, jets.part_py)
        mean = ak.sum(pt * jets.part_dphi, axis=1) / ak.sum(pt, axis=1)
        assert ak.max(abs(mean)) < 0.05
        assert ak.max(abs(jets.part_dphi)) <= np.pi

    def test_mirrored_jets_have_the_same_angles(self):
        """The angles are multiplied by the sign of the jet's eta, since the detector's two ends look alike."""
        jets = jets_of()[list(MOMENTA)]
        mirrored = ak.with_field(jets, -jets.part_pz, "part_pz")
        assert ak.all(abs(add_derived_fields(mirrored).part_deta - add_derived_fields(jets).part_deta) < 1e-12)

    def test_rotated_jets_have_the_same_inputs(self):
        jets = jets_of()[list(MOMENTA)]
        cos, sin = np.cos(2.5), np.sin(2.5)
        px, py = cos * jets.part_px - sin * jets.part_py, sin * jets.part_px + cos * jets.part_py
        rotated = ak.with_field(ak.with_field(jets, px, "part_px"), py, "part_py")
        torch.testing.assert_close(make_batch(rotated, KIN).x, make_batch(jets, KIN).x, rtol=0, atol=1e-4)

    def test_branches_of_the_file_are_unchanged(self):
        jets = jets_of()
        assert add_derived_fields(jets).to_list() == jets.to_list()
        derived = add_derived_fields(without(jets, "part_deta", "jet_phi"))
        assert derived.part_dphi.to_list() == jets.part_dphi.to_list()
        assert derived.jet_pt.to_list() == jets.jet_pt.to_list()


class TestErrors:
    def test_missing_branches(self):
        jets = jets_of()
        with pytest.raises(PartError, match="no branch part_d0val, part_dzerr"):
            make_batch(without(jets, "part_d0val", "part_dzerr"), FULL)
        with pytest.raises(PartError, match="no branch part_pid"):
            make_batch(without(jets, "part_pid"), KINPIDPLUS)
        with pytest.raises(PartError, match="no branch part_py"):
            make_batch(jets[["part_px", "part_pz", "part_energy"]], KIN)

    def test_empty(self):
        jets = jets_of()
        with pytest.raises(PartError, match="no jets"):
            make_batch(jets[:0], KIN)
        bare = ak.zip(
            {name: ak.where(np.arange(12) == 4, jets[name][:, :0], jets[name]) for name in MOMENTA},
            depth_limit=1,
        )
        with pytest.raises(PartError, match="jet 4 has no constituents"):
            make_batch(bare, KIN)

    def test_values_that_give_no_finite_input(self):
        jets = jets_of()
        jets = ak.with_field(jets, jets.part_deta * np.where(np.arange(12) == 4, np.inf, 1), "part_deta")
        with pytest.raises(PartError, match=r"jet 4: part_deta is -?inf"):
            make_batch(jets, FULL)
