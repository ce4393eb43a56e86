"""Subjets compared with FastJet's own loop, and properties that every clustering has."""

import awkward as ak
import fastjet
import numpy as np
import pytest
from helpers.jet_samples import REAL_FILES, columns
from helpers.references import shared

from part.errors import PartError
from part.jets import kinematics, lund_plane, read_jets, subjet_index
from part.jets.observables import observables
from part.jets.schema import MOMENTA
from part.jets.truth import subjet_axes


@pytest.fixture(scope="module")
def jets() -> ak.Array:
    return ak.zip(columns(30, lowest=1, highest=25, seed=2), depth_limit=1)


def momenta(jet: ak.Record) -> np.ndarray:
    return np.stack([ak.to_numpy(jet[name]).astype(np.float64) for name in MOMENTA], axis=1)


def pseudojets(jet: ak.Record) -> list[fastjet.PseudoJet]:
    particles = [fastjet.PseudoJet(*map(float, p4)) for p4 in momenta(jet)]
    for i, particle in enumerate(particles):
        particle.set_user_index(i)
    return particles


def groups(index: np.ndarray) -> set[frozenset]:
    return {frozenset(np.flatnonzero(index == k).tolist()) for k in np.unique(index)}


@pytest.mark.parametrize("name", ["random", *REAL_FILES])
@pytest.mark.parametrize("n", [2, 3])
def test_equals_fastjets_own_loop(jets, name, n):
    jets = jets if name == "random" else read_jets(shared(f"real_jets/{name}"), 0, 60)
    indices = subjet_index(jets, n)
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, 0.8)
    n_compared = 0
    for jet, index in zip(jets, indices, strict=True):
        if len(index) <= n:
            continue
        sequence = fastjet._swig.ClusterSequence(pseudojets(jet), definition)
        expected = {frozenset(c.user_index() for c in s.constituents()) for s in sequence.exclusive_jets(n)}
        subjets = groups(ak.to_numpy(index))
        if sum(map(len, expected)) == len(index):
            assert subjets == expected
            n_compared += 1
        else:  # FastJet leaves some to the beam; ours join a subjet
            assert len(subjets) == n
            assert all(any(group <= mine for mine in subjets) for group in expected)
    assert n_compared > 0.6 * len(jets)


class TestIdentities:
    def test_every_constituent_has_a_subjet_and_momenta_add_up(self, jets):
        index = subjet_index(jets, 3)
        assert ak.num(index).to_list() == ak.num(jets.part_px).to_list()
        for jet, jet_index in zip(jets, index, strict=True):
            p4, k = momenta(jet), ak.to_numpy(jet_index)
            assert sorted(set(k.tolist())) == list(range(min(3, len(k))))
            total = np.stack([p4[k == i].sum(axis=0) for i in range(k.max() + 1)])
            np.testing.assert_allclose(total.sum(axis=0), p4.sum(axis=0), rtol=1e-9)
            pt = np.hypot(total[:, 0], total[:, 1])
            assert (np.diff(pt) <= 0).all()  # 0 is the leading subjet

    def test_order_of_constituents_does_not_matter(self, jets):
        rng = np.random.default_rng(0)
        counts = ak.num(jets.part_px)
        order = ak.argsort(ak.unflatten(rng.random(int(ak.sum(counts))), counts))
        shuffled = ak.zip({name: jets[name][order] for name in MOMENTA}, depth_limit=1)
        assert subjet_index(shuffled).to_list() == subjet_index(jets)[order].to_list()

    def test_few_constituents(self, jets):
        one = jets[ak.num(jets.part_px) <= 4]
        index = subjet_index(one, 4)
        assert [sorted(i) for i in index.to_list()] == [list(range(n)) for n in ak.num(one.part_px)]

    def test_one_subjet_is_the_jet(self, jets):
        assert ak.all(subjet_index(jets, 1) == 0)

    def test_no_constituent_is_left_to_the_beam(self, jets):
        """With a tiny radius FastJet leaves nearly all to the beam; they join the nearest subjet."""
        index = subjet_index(jets, 2, R=0.01)
        assert ak.min(index) == 0
        for jet, k in zip(jets, index, strict=True):
            assert sorted(set(k.to_list())) == list(range(min(2, len(jet.part_px))))

    def test_three_clear_prongs(self):
        rng = np.random.default_rng(1)
        prong = np.repeat([0, 1, 2], 8)
        pt = np.array([50.0, 30.0, 20.0])[prong] * rng.uniform(0.9, 1.1, 24)
        eta = np.array([0.0, 0.5, 0.0])[prong] + rng.normal(0, 0.01, 24)
        phi = np.array([0.0, 0.0, 0.6])[prong] + rng.normal(0, 0.01, 24)
        p4 = (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta))
        jet = ak.zip({name: ak.Array([value]) for name, value in zip(MOMENTA, p4, strict=True)}, depth_limit=1)
        assert subjet_index(jet).to_list() == [prong.tolist()]

    def test_no_jets(self, jets):
        assert len(subjet_index(jets[:0])) == 0
        assert len(lund_plane(jets[:0])) == 0

    @pytest.mark.parametrize(("n", "radius"), [(0, 0.8), (3, 0.0)])
    def test_nonsense_is_rejected(self, jets, n, radius):
        with pytest.raises(PartError, match="expected at least one"):
            subjet_index(jets, n, radius)


class TestLund:
    def test_a_pair(self):
        """The only splitting is at the pair's ΔR, with the softer pT times ΔR."""
        pt, y, phi = np.array([60.0, 20.0]), np.array([0.1, 0.4]), np.array([3.0, -3.1])
        p4 = (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(y), pt * np.cosh(y))
        jet = ak.zip({name: ak.Array([value]) for name, value in zip(MOMENTA, p4, strict=True)}, depth_limit=1)
        distance = kinematics.delta_r(y[0], phi[0], y[1], phi[1])
        (splitting,) = lund_plane(jet)[0].to_list()
        assert splitting["ln_inverse_delta"] == pytest.approx(-np.log(distance))
        assert splitting["ln_kt"] == pytest.approx(np.log(kinematics.kt(*pt, distance)))

    def test_widest_first_and_no_more_than_constituents(self, jets):
        plane = lund_plane(jets)
        counts = ak.to_numpy(ak.num(jets.part_px))
        splittings = ak.to_numpy(ak.num(plane))
        assert (splittings <= counts - 1).all()
        assert (splittings[counts > 1] >= 1).all()
        assert (splittings[counts == 1] == 0).all()
        steps = plane.ln_inverse_delta[:, 1:] - plane.ln_inverse_delta[:, :-1]
        assert ak.mean(steps > 0) > 0.9  # C/A undoes wide splittings first; recoil may turn a few around

    def test_order_of_constituents_does_not_matter(self, jets):
        shuffled = ak.zip({name: jets[name][:, ::-1] for name in MOMENTA}, depth_limit=1)
        for field in ("ln_inverse_delta", "ln_kt"):
            np.testing.assert_allclose(
                ak.flatten(lund_plane(shuffled)[field]), ak.flatten(lund_plane(jets)[field]), rtol=1e-6, atol=1e-9
            )


def with_vertices(jets: ak.Array) -> ak.Array:
    """Return the jets with, in front, a vertex whose momentum is that of the first two particles."""
    columns = {
        name: ak.concatenate([ak.sum(jets[name][:, :2], axis=1)[:, None], jets[name]], axis=1) for name in MOMENTA
    }
    rank = ak.local_index(columns["part_px"], axis=1)
    return ak.zip(columns | {"part_isParticle": rank > 0}, depth_limit=1)


@pytest.mark.parametrize("n", [1, 3, 30])
def test_vertices_are_not_clustered_and_join_the_nearest_subjet(jets, n):
    both = subjet_index(with_vertices(jets), n)
    alone = subjet_index(jets, n)
    assert (both[:, 1:] == alone).tolist() == (alone == alone).tolist()
    for vertex, index, jet in zip(both[:, 0], alone, jets, strict=True):
        assert vertex in index.to_numpy()
        if len(index) == 1:
            assert vertex == index[0]
        if (
            n == 30 and len(jet["part_px"]) > 1
        ):  # each particle is a subjet: that of the nearer of the first two, or of another one
            p4 = momenta(jet)
            vertex_p4 = p4[:2].sum(0)
            distance = kinematics.delta_r(
                kinematics.eta(*vertex_p4[:3]),
                kinematics.phi(*vertex_p4[:2]),
                kinematics.eta(*p4[:, :3].T),
                kinematics.phi(*p4[:, :2].T),
            )
            assert vertex == index[int(distance.argmin())]


def test_a_jet_of_vertices_alone_is_clustered_by_them(jets):
    several = jets[ak.num(jets["part_px"]) > 3]
    alone = ak.with_field(several, several["part_px"] > np.inf, "part_isParticle")
    assert subjet_index(alone, 2).tolist() == subjet_index(several, 2).tolist()


def test_observables_and_truth_do_not_count_vertices(jets):
    several = jets[ak.num(jets["part_px"]) > 3]
    both = observables(with_vertices(several))
    for name, values in observables(several).items():
        np.testing.assert_allclose(both[name], values)
    prongs = np.full(len(several), 2)
    axis = {name: np.zeros(len(several)) for name in ("jet_eta", "jet_phi")}
    alone, vertices = (
        subjet_axes(ak.zip({f: some[f] for f in some.fields} | axis, depth_limit=1), prongs)[0]
        for some in (several, with_vertices(several))
    )
    counts = ak.num(several["part_px"])
    assert ak.unflatten(vertices, counts + 1)[:, 1:].tolist() == ak.unflatten(alone, counts).tolist()


def test_constituents_in_the_same_direction_have_a_finite_lund_plane():
    p4 = {"part_px": 3.0, "part_py": 4.0, "part_pz": 1.0, "part_energy": 6.0}
    plane = lund_plane(ak.zip({name: [[value] * 16] for name, value in p4.items()}, depth_limit=1))
    assert ak.num(plane).tolist() == [15]
    for name in plane.fields:
        assert np.isfinite(ak.to_numpy(plane[name][0])).all()
