"""Jets like TopLandscape's and QuarkGluon's: their cuts, their branches and their agreement with the real jets."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from part.jets import kinematics
from part.jets.benchmarks import FEATURE_SETS
from part.jets.labels import detect_dataset, labels
from part.jets.readers import read_jets
from part.simulate.generate import Shard, generate_jets, make_shards
from part.simulate.samples import SAMPLES

pytestmark = pytest.mark.slow
REAL = Path(__file__).parents[3] / "shared" / "real_jets"
JETS = 150
FILES = {"TopLandscape": "toplandscape_1000.npz", "QuarkGluon": "quarkgluon_1000.npz"}


@pytest.fixture(scope="module", params=FILES)
def generated(request, pythia, tmp_path_factory):
    """Return the sample of a benchmark, and jets of its two classes from files."""
    folder, sample = tmp_path_factory.mktemp(request.param), SAMPLES[request.param]
    shards = [Shard(request.param, label, 3, JETS, folder) for label in sample.dataset.classes]
    make_shards(shards, 2, lambda n_jets: None)
    return sample, [read_jets(shard.path) for shard in shards]


def test_jets_carry_the_branches_that_the_datasets_models_need(generated):
    sample, classes = generated
    jets = ak.concatenate(classes)
    assert detect_dataset(jets) is sample.dataset
    assert labels(jets, sample.dataset).tolist() == [0] * JETS + [1] * JETS
    for name in sample.dataset.feature_sets:
        assert set(FEATURE_SETS[name].branches) <= set(jets.fields)


def test_jets_keep_to_the_cuts(generated):
    sample, classes = generated
    jets = ak.concatenate(classes)
    low, high = sample.cuts.pt
    assert ak.all((jets.jet_pt >= low) & (jets.jet_pt <= high))
    momentum = jets.jet_pt * np.sinh(jets.jet_eta)
    along = np.arctanh(momentum / jets.jet_energy) if sample.cuts.rapidity else jets.jet_eta
    assert ak.max(np.abs(along)) < sample.cuts.max_eta
    pt = kinematics.pt(jets.part_px, jets.part_py)
    assert ak.all(pt[:, :-1] >= pt[:, 1:])
    far = np.hypot(jets.part_deta, jets.part_dphi) > 1.5 * sample.cuts.radius
    assert ak.mean(ak.flatten(far)) < 1e-3


def test_constituents_have_no_masses(generated):
    _, classes = generated
    for jets in classes:
        momentum = np.sqrt(jets.part_px**2 + jets.part_py**2 + jets.part_pz**2)
        assert ak.max(np.abs(momentum / jets.part_energy - 1)) < 1e-6


def test_multiplicities_and_spectra_agree_with_the_real_jets(generated):
    """Means agree: multiplicity to 6 % and 3 standard errors, log pT to 0.25, distance from the axis to 6 % of R."""
    sample, classes = generated
    path = REAL / FILES[sample.dataset.name]
    if not path.exists():
        pytest.skip(f"{path} is not here")
    real = read_jets(path)
    truth = labels(real, sample.dataset)
    for number, jets in enumerate(classes):
        published = real[truth == number]
        n, expected = (ak.to_numpy(ak.num(j.part_px)) for j in (jets, published))
        error = np.hypot(n.std() / np.sqrt(len(n)), expected.std() / np.sqrt(len(expected)))
        assert abs(n.mean() - expected.mean()) < 0.06 * expected.mean() + 3 * error
        for quantity, allowed in ((log_pt, 0.25), (distance, 0.06 * sample.cuts.radius)):
            assert abs(np.mean(quantity(jets)) - np.mean(quantity(published))) < allowed


def log_pt(jets):
    return ak.to_numpy(ak.flatten(np.log(kinematics.pt(jets.part_px, jets.part_py))))


def distance(jets):
    return ak.to_numpy(ak.flatten(np.hypot(jets.part_deta, jets.part_dphi)))


def test_quark_jets_are_light_and_their_particles_are_identified(generated):
    sample, (first, _) = generated
    if sample.dataset.name != "QuarkGluon":
        assert "part_pid" not in first.fields
        assert "part_charge" not in first.fields
        return
    codes = np.abs(ak.to_numpy(ak.flatten(first.part_pid)))
    assert set(codes) <= {11, 13, 22, 130, 211, 321, 2112, 2212}
    charged = ak.to_numpy(ak.flatten(first.part_charge)) != 0
    assert np.array_equal(charged, ~np.isin(codes, (22, 130, 2112)))
    flags = [ak.to_numpy(ak.flatten(first[f"part_is{name}"])) for name in ("ChargedHadron", "Photon", "NeutralHadron")]
    assert np.array_equal(flags[0], np.isin(codes, (211, 321, 2212)))
    assert np.array_equal(flags[1], codes == 22)
    assert np.array_equal(flags[2], np.isin(codes, (130, 2112)))


def test_top_jets_have_the_mass_of_the_top_quark(generated):
    sample, (first, second) = generated
    if sample.dataset.name == "TopLandscape":
        mass = ak.to_numpy(first.jet_sdmass)
        assert 165 < np.median(mass) < 185
        assert np.median(second.jet_sdmass) < 80
        assert ak.all(np.abs(first.aux_genpart_pid) == 6)


def test_samples_do_not_share_random_numbers(pythia):
    tops = generate_jets("TopLandscape", "Top", 2, 3)
    others = generate_jets("JetClass", "Tbqq", 2, 3)
    assert not np.isin(tops.jet_pt.to_numpy(), others.jet_pt.to_numpy()).any()
