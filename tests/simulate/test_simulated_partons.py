"""The partons of simulated jets compared with the event record, and with the jets that they give."""

import awkward as ak
import numpy as np
import pytest

from part.errors import PartError
from part.jets import kinematics, read_jets
from part.jets.truth import match, partons
from part.simulate import events, generate
from part.simulate.samples import SAMPLES
from part.simulate.writing import merge, write_jets

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("pythia")]
SEED = 3
BRANCHES = {f"parton_{name}" for name in ("pt", "eta", "phi", "energy", "pid")}
QUARKS, LEPTONS, NEUTRINOS = {1, 2, 3, 4, 5}, {11, 13}, {12, 14}


@pytest.fixture(scope="module", autouse=True)
def small_batches():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("part.simulate.events.BATCH", 40)
        yield


def generated(label: str, dataset: str = "JetClass", n_jets: int = 8) -> ak.Array:
    return generate.generate_jets(dataset, label, n_jets, SEED)


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("Hbb", [{5}, {5}]),
        ("Hgg", [{21}, {21}]),
        ("H4q", [QUARKS] * 4),
        ("Hqql", [QUARKS, QUARKS, LEPTONS, NEUTRINOS]),
        ("Tbqq", [{5}, QUARKS, QUARKS]),
        ("Tbl", [{5}, LEPTONS, NEUTRINOS]),
    ],
)
def test_the_products_are_those_of_the_class(label, kinds):
    jets = generated(label, n_jets=4)
    for codes in np.abs(jets["parton_pid"]).tolist():
        left = sorted(codes)
        assert len(left) == len(kinds)
        for kind in sorted(kinds, key=len):  # the most specific first
            left.remove(next(code for code in left if code in kind))


def test_the_products_add_up_to_the_mass_of_their_resonance():
    for label, mass, width in (("H4q", 125.0, 1.0), ("Hqql", 125.0, 1.0), ("Tbl", 172.5, 15.0)):
        jets = generated(label, n_jets=4)
        pt, eta, phi = (jets[f"parton_{name}"] for name in ("pt", "eta", "phi"))
        p4 = [ak.sum(c, axis=1) for c in (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), jets["parton_energy"])]
        assert np.abs(np.sqrt(kinematics.m2(*p4)) - mass).to_numpy().max() < width


def test_visible_products_lie_within_the_jet_and_carry_its_momentum():
    jets = generated("Wqq")
    found = partons(jets)
    assert ak.num(found[found["is_prong"]]).tolist() == [2] * len(jets)
    pt = kinematics.pt(jets["part_px"], jets["part_py"])
    for by in ("deltaR", "kt"):
        index = match(jets, found, by)
        assert ak.sum(pt[index >= 0]) > 0.9 * ak.sum(pt)
        for prong in (0, 1):  # what belongs to a prong has about its momentum
            ratio = ak.sum(pt[index == prong], axis=1) / found["pt"][:, prong]
            assert 0.7 < np.median(ratio.to_numpy()) < 1.3


@pytest.mark.parametrize(("dataset", "label"), [("JetClass", "QCD"), ("TopLandscape", "QCD"), ("QuarkGluon", "G")])
def test_jets_without_resonance_have_the_partons_of_the_hard_process(dataset, label):
    jets = generated(label, dataset)
    kinds = {abs(pid) for pid in ak.flatten(jets["parton_pid"]).tolist()}
    assert kinds <= ({21} if label == "G" else {21, *QUARKS})
    found, radius = partons(jets), SAMPLES[dataset].cuts.radius
    assert ak.all(np.hypot(found["deta"], found["dphi"]) < radius)
    assert ak.all(found["is_prong"])
    leading = found[ak.num(found) > 0][:, 0]
    assert np.median(np.hypot(leading["deta"], leading["dphi"]).to_numpy()) < 0.2 * radius


def test_the_last_copy_is_the_end_of_its_chain():
    generator = events.new_generator(SAMPLES["JetClass"].process("QCD"), 0, SEED)
    particles = events.read_batch(generator.nextBatch(15), generator.particleData.charge)
    hard = np.flatnonzero((np.abs(particles.status) == 23) & np.isin(np.abs(particles.pid), events.HARD_PARTONS))
    for first, last in zip(hard, events._last_copies(particles, hard), strict=True):
        step = last
        while step != first:
            assert particles.pid[step] == particles.pid[first]
            assert abs(particles.status[step]) in events.RECOILS
            step = particles.mother[step]
        later = np.flatnonzero(particles.mother == last)
        assert not (
            np.isin(np.abs(particles.status[later]), events.RECOILS) & (particles.pid[later] == particles.pid[first])
        ).any()


def test_files_hold_the_partons_exactly_or_rounded(tmp_path):
    jets = generated("Hqql", n_jets=3)
    write_jets(tmp_path / "jets.root", jets)
    write_jets(tmp_path / "compact.root", jets, compact=True)
    for name, step in (("jets.root", 2**-24), ("compact.root", 2**-14)):
        stored = read_jets(tmp_path / name)
        assert set(stored.fields) >= BRANCHES
        assert stored["parton_pid"].tolist() == jets["parton_pid"].tolist()
        close = np.abs(stored["parton_pt"] - jets["parton_pt"]) <= jets["parton_pt"] * step * 1.001
        assert ak.all(close)


def test_files_of_different_versions_are_not_merged(tmp_path):
    jets = generated("QCD", n_jets=2)
    old = jets[[name for name in jets.fields if name not in BRANCHES]]
    write_jets(tmp_path / "new.root", jets)
    write_jets(tmp_path / "old.root", old)
    with pytest.raises(PartError, match=r"old\.root: other branches than .*new\.root; expected files of one version"):
        merge([tmp_path / "new.root", tmp_path / "old.root"], tmp_path / "all.root", compact=False)
