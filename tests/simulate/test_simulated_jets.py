"""Simulated jets: the content of the files, and their reproducibility."""

import awkward as ak
import numpy as np
import pytest
import uproot

from part.jets.datasets import JETCLASS
from part.jets.labels import detect_dataset, labels
from part.jets.readers import read_jets
from part.jets.schema import CONSTITUENT_BRANCHES
from part.simulate import generate
from part.simulate.generate import make_shards
from part.simulate.writing import count_stored_jets, merge, round_mantissa, write_jets

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def jets(sample):
    return ak.concatenate([read_jets(path) for path in sample.paths])


def tree(path):
    with uproot.open(path) as file:
        return file["tree"].arrays()


def test_jets_depend_on_class_and_seed_but_not_on_the_workers(sample, tmp_path):
    make_shards(sample.shards(tmp_path), 1, lambda n_jets: None)
    for shard, path in zip(sample.shards(tmp_path), sample.paths, strict=True):
        assert ak.array_equal(tree(shard.path), tree(path))
    other = generate.generate_jets("JetClass", "QCD", 3, sample.seed + 1)
    assert not np.isin(other.jet_pt.to_numpy().astype(np.float32), tree(sample.paths[0]).jet_pt.to_numpy()).any()


def test_fewer_jets_are_the_first_of_many(sample):
    few = generate.generate_jets("JetClass", "QCD", 5, sample.seed)
    many = tree(sample.paths[0])[:5]
    for name in ("part_px", "part_d0val", "part_deta"):
        assert ak.array_equal(ak.values_astype(few[name], np.float32), ak.values_astype(many[name], np.float32))


def test_every_class_can_be_generated_and_matched(monkeypatch):
    monkeypatch.setattr("part.simulate.events.BATCH", 30)
    for label in set(JETCLASS.classes) - {"QCD", "Hqql"}:  # these are in the sample
        jets = generate.generate_jets("JetClass", label, 2, 1)
        assert ak.all(jets[f"label_{label}"] == 1)
        assert ak.all(jets.aux_truth_match == 1)


def test_a_complete_shard_is_kept_and_another_size_is_generated_again(sample, tmp_path, monkeypatch):
    shard = sample.shards(tmp_path)[0]
    write_jets(shard.path, read_copy(sample.paths[0]))
    calls = []
    monkeypatch.setattr(generate, "generate_jets", lambda *args: calls.append(args) or tree(sample.paths[0])[:3])
    before = shard.path.read_bytes()
    reported = []
    generate.make_shard(shard, reported.append)
    assert (calls, reported) == ([], [sample.jets])
    assert shard.path.read_bytes() == before
    smaller = generate.Shard(shard.dataset, shard.label, shard.seed, 3, tmp_path)
    monkeypatch.setattr(generate, "write_jets", lambda *args: calls.append("written"))
    generate.make_shard(smaller, reported.append)
    assert len(calls) == 2


def read_copy(path):
    jets = tree(path)
    return jets[[name for name in jets.fields if name not in ("npart", "nparton")]]  # which uproot writes


def test_a_failed_write_leaves_nothing_behind(sample, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    jets = read_copy(sample.paths[0])
    target = tmp_path / "jets.root"
    with monkeypatch.context() as patch:
        patch.setattr("part.simulate.writing.os.replace", fail)
        with pytest.raises(OSError, match="disk full"):
            write_jets(target, jets)
    assert list(tmp_path.iterdir()) == []
    write_jets(target, jets)
    assert count_stored_jets(target) == len(jets)
    target.write_bytes(target.read_bytes()[:2000])  # cut off
    assert count_stored_jets(target) == 0


def test_files_hold_a_ttree_with_jetclass_branches(sample):
    with uproot.open(sample.paths[0]) as file:
        assert file["tree"].classname == "TTree"
        names = set(file["tree"].keys())
    expected = {*CONSTITUENT_BRANCHES, *JETCLASS.labels, "jet_nparticles", "jet_sdmass", "aux_genpart_pid"}
    assert expected | {f"jet_tau{n}" for n in (1, 2, 3, 4)} <= names


def test_labels_are_one_hot_and_those_of_the_file(sample, jets):
    assert detect_dataset(jets) is JETCLASS
    expected = np.repeat([JETCLASS.classes.index(label) for label in sample.classes], sample.jets)
    assert np.array_equal(labels(jets, JETCLASS), expected)


def test_jets_keep_to_the_selection(jets):
    assert ak.all((jets.jet_pt >= 500) & (jets.jet_pt <= 1000) & (np.abs(jets.jet_eta) < 2))


def test_constituents_are_physical_sorted_and_of_one_species(jets):
    pt = np.hypot(jets.part_px, jets.part_py)
    assert ak.all(pt[:, 1:] <= pt[:, :-1] * (1 + 1e-6))
    assert ak.all(jets.part_energy >= np.sqrt(pt**2 + jets.part_pz**2) * (1 - 1e-6))
    flags = ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")
    assert ak.all(sum(jets[f"part_is{name}"] for name in flags) == 1)
    neutral = (jets.part_isPhoton == 1) | (jets.part_isNeutralHadron == 1)
    assert ak.all((jets.part_charge == 0) == neutral)
    for name in ("d0val", "d0err", "dzval", "dzerr"):
        assert ak.all((jets[f"part_{name}"] == 0) == neutral)


def test_angles_are_relative_to_the_jet_and_eta_points_outwards(jets):
    pt = np.hypot(jets.part_px, jets.part_py)
    sign = np.where(jets.jet_eta < 0, -1, 1)
    assert ak.all(np.abs((np.arcsinh(jets.part_pz / pt) - jets.jet_eta) * sign - jets.part_deta) < 1e-4)
    turn = np.arctan2(jets.part_py, jets.part_px) - jets.jet_phi - jets.part_dphi
    assert ak.all(np.abs(np.sin(turn / 2)) < 1e-5)
    towers = jets.part_charge == 0  # clustered along the angles that are stored
    assert ak.all(np.hypot(jets.part_deta, jets.part_dphi)[towers] < 1.2)


def test_a_jet_is_the_sum_of_its_constituents_in_the_transverse_plane(jets):
    px, py = ak.sum(jets.part_px, axis=1), ak.sum(jets.part_py, axis=1)
    assert np.hypot(px, py).to_numpy() == pytest.approx(jets.jet_pt.to_numpy(), rel=1e-4)
    assert ak.all(jets.jet_nparticles == ak.num(jets.part_px))


def test_substructure_is_ordered(jets):
    mass = np.sqrt(np.maximum(jets.jet_energy**2 - (jets.jet_pt * np.cosh(jets.jet_eta)) ** 2, 0))
    higgs = jets.label_Hqql == 1
    assert ak.all(jets.jet_sdmass <= mass * 1.1 + 1)
    assert ak.mean(jets.jet_tau2[higgs] / jets.jet_tau1[higgs]) < ak.mean(jets.jet_tau2[~higgs] / jets.jet_tau1[~higgs])
    assert ak.all((jets.jet_tau1 > 0) & (jets.jet_tau2 < jets.jet_tau1 * 1.5))


def test_merging_alternates_between_files_and_compact_files_stay_physical(sample, tmp_path):
    target = tmp_path / "all.root"
    assert merge(sample.paths, target, compact=True) == 2 * sample.jets
    merged = read_jets(target)
    assert labels(merged, JETCLASS)[:4].tolist() == [0, 5, 0, 5]
    original = tree(sample.paths[0])
    for name in ("part_px", "part_d0val", "jet_pt"):
        close = np.abs(merged[name][::2] - original[name]) <= np.abs(original[name]) * 2**-14 * 1.001
        assert ak.all(close)
    momentum = np.sqrt(sum(merged[name] ** 2 for name in ("part_px", "part_py", "part_pz")))
    assert ak.all(merged.part_energy >= momentum * (1 - 1e-6))
    # Masses of light constituents, small differences of large numbers, are those of the original to float32.
    shift = _mass2(merged)[::2] - _mass2(original)
    assert ak.all(np.abs(shift) <= 1e-6 * original.part_energy**2)
    assert target.stat().st_size < 0.75 * sum(path.stat().st_size for path in sample.paths)


def _mass2(jets):
    energy, *momentum = (ak.values_astype(jets[f"part_{name}"], np.float64) for name in ("energy", "px", "py", "pz"))
    return energy**2 - sum(p**2 for p in momentum)


def test_rounding_keeps_the_requested_bits():
    rng = np.random.default_rng(1)
    value = np.concatenate([rng.normal(0, 100, 1000), [0.0, 1.0, -3.0]])
    near, up = round_mantissa(value, 13), round_mantissa(value, 13, up=True)
    assert np.all(np.abs(near - value) <= np.abs(value) * 2**-14)
    assert np.all(np.abs(up) >= np.abs(value) * (1 - 1e-7))
    assert near[-3:].tolist() == up[-3:].tolist() == [0.0, 1.0, -3.0]
    assert np.all(near.view(np.uint32) % 2**10 == 0)  # 23 - 13 bits are free for the compressor
