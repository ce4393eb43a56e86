"""Partons in the conventions of each kind of file, and constituents matched to them: closed forms and real jets."""

import awkward as ak
import numpy as np
import pytest
from helpers.references import shared

from part.errors import PartError
from part.jets import kinematics, subjet_index
from part.jets.pdg import symbol
from part.jets.truth import JET_RADIUS, match, partons

JETCLASS_II = "real_jets/jetclass2_50.parquet"


def jets_of(directions: list[list[tuple[float, float, float]]], axis: tuple[float, float] = (0.0, 0.0)) -> ak.Array:
    """Return massless jets from (pT, Δη, Δφ) of their constituents; Δη is times the sign of the axis's η."""
    eta, phi = axis
    sign = -1.0 if eta < 0 else 1.0
    pt, deta, dphi = (ak.Array([[c[i] for c in jet] for jet in directions]) for i in range(3))
    columns = {
        "part_px": pt * np.cos(phi + dphi),
        "part_py": pt * np.sin(phi + dphi),
        "part_pz": pt * np.sinh(eta + sign * deta),
        "part_energy": pt * np.cosh(eta + sign * deta),
    }
    columns |= {"jet_eta": np.full(len(directions), eta), "jet_phi": np.full(len(directions), phi)}
    return ak.zip(columns, depth_limit=1)


def with_partons(jets: ak.Array, prefix: str = "parton_", **columns) -> ak.Array:
    for name, values in columns.items():
        jets = ak.with_field(jets, ak.Array(values), prefix + name)
    return jets


TWO_CLUSTERS = [[(50.0, 0.3, 0.1), (20.0, 0.31, 0.12), (60.0, -0.3, 0.0), (1.0, -0.25, 0.05), (0.5, 0.0, -0.75)]]
TWO_QUARKS = {"pt": [[61.0, 70.0]], "eta": [[-0.3, 0.3]], "phi": [[0.0, 0.1]], "pid": [[5, -5]]}


@pytest.mark.parametrize(("eta", "sign"), [(1.2, 1.0), (-1.2, -1.0)])
def test_partons_lie_where_constituents_of_the_same_direction_lie(eta, sign):
    jets = jets_of([[(10.0, 0.1, -0.2), (5.0, -0.3, 0.25)]], axis=(eta, 3.1))
    jets = with_partons(
        jets, pt=[[5.0, 10.0]], eta=[[eta - sign * 0.3, eta + sign * 0.1]], phi=[[3.35 - 2 * np.pi, 2.9]], pid=[[1, 2]]
    )
    found = partons(jets)[0]
    assert found["pid"].tolist() == [2, 1]
    assert found["deta"].tolist() == pytest.approx([0.1, -0.3])
    assert found["dphi"].tolist() == pytest.approx([-0.2, 0.25])


def test_prongs_come_first_and_partons_outside_the_jet_are_left_out():
    jets = with_partons(
        jets_of([[(10.0, 0.0, 0.0)], [(10.0, 0.0, 0.0)]]),
        pt=[[90.0, 10.0, 30.0, 50.0, 20.0], []],
        eta=[[0.0, 0.1, 0.9, 0.2, 0.3], []],
        phi=[[0.0, 0.0, 0.0, 0.0, 0.0], []],
        pid=[[14, 3, 4, -13, 24], []],
    )
    found = partons(jets)
    assert found["pid"].tolist() == [[-13, 3, 14, 24], []]
    assert found["is_prong"].tolist() == [[True, True, False, False], []]
    assert partons(jets, radius=1.0)["pid"].tolist()[0] == [-13, 4, 3, 14, 24]


def test_a_single_resonance_is_no_prong_and_a_jet_without_has_none():
    jets = with_partons(
        jets_of([[(10.0, 0.0, 0.0)]] * 2), "aux_genpart_", pt=[600.0, 0.0], eta=[0.1, 0], phi=[0.1, 0], pid=[25, 0]
    )
    found = partons(jets)
    assert ak.num(found).tolist() == [1, 0]
    assert found[0].tolist()[0] | {"deta": 0.1, "dphi": 0.1} == {
        "pt": 600.0, "eta": 0.1, "phi": 0.1, "pid": 25, "is_prong": False, "deta": 0.1, "dphi": 0.1
    }  # fmt: skip
    assert ak.all(match(jets, found) == -1)


def test_own_prongs_and_the_resonance_of_jetclass_are_shown_together():
    jets = with_partons(jets_of(TWO_CLUSTERS), **TWO_QUARKS)
    jets = with_partons(jets, "aux_genpart_", pt=[130.0], eta=[0.0], phi=[0.05], pid=[25])
    assert partons(jets)[0]["pid"].tolist() == [-5, 5, 25]


def test_without_branches_of_partons_there_are_none():
    jets = jets_of(TWO_CLUSTERS)
    assert partons(jets) is None
    assert partons(with_partons(jets, pt=[[1.0]])) is None


def test_padding_is_no_parton_and_lengths_have_to_agree():
    jets = jets_of([[(10.0, 0.0, 0.0)]])
    padded = with_partons(jets, pt=[[5.0, 0.0]], eta=[[0.1, 0.0]], phi=[[0.1, 0.0]], pid=[[1, 0]])
    assert partons(padded)["pid"].tolist() == [[1]]
    uneven = with_partons(jets, pt=[[5.0]], eta=[[0.1, 0.0]], phi=[[0.1]], pid=[[1]])
    with pytest.raises(PartError, match="parton_eta has other numbers of partons than parton_pt"):
        partons(uneven)


@pytest.mark.parametrize("by", ["deltaR", "kt"])
def test_two_clusters_belong_to_their_prongs(by):
    jets = with_partons(jets_of(TWO_CLUSTERS), **TWO_QUARKS)
    found = partons(jets)
    assert found["pid"].tolist() == [[-5, 5]]  # in falling order of pT
    index = match(jets, found, by)[0].tolist()
    assert index[:4] == [0, 0, 1, 1]
    # The soft particle far from both is near no prong, but the kT history assigns it to one of the subjets.
    assert (index[4] == -1) == (by == "deltaR")


def test_nothing_is_matched_beyond_the_radius():
    jets = with_partons(jets_of(TWO_CLUSTERS), **TWO_QUARKS)
    found = partons(jets)
    assert match(jets, found, radius=0.001)[0].tolist() == [0, -1, 1, -1, -1]
    assert ak.all(match(jets, found, "kt", radius=1e-9) == -1)


def test_another_way_of_matching_is_refused():
    jets = with_partons(jets_of(TWO_CLUSTERS), **TWO_QUARKS)
    with pytest.raises(PartError, match="matching by 'pT'; expected deltaR or kt"):
        match(jets, partons(jets), "pT")


def test_symbols_are_those_of_particles_and_antiparticles():
    assert [symbol(pid) for pid in (5, -5, 21, -13, 14, 24, 25, 9999)] == ["b", "b", "g", "μ", "ν", "W", "H", "9999"]


@pytest.fixture(scope="module")
def real() -> ak.Array:
    return ak.from_parquet(shared(JETCLASS_II))


@pytest.mark.witness
def test_prongs_of_jetclass_ii_are_those_that_its_flags_say(real):
    found = partons(real)
    for jet, kept in zip(real, found, strict=True):
        delta = np.hypot(
            jet["aux_genpart_eta"] - jet["jet_eta"], kinematics.delta_phi(jet["aux_genpart_phi"], jet["jet_phi"])
        )
        flags = jet["aux_genpart_isResDecayProd"] | jet["aux_genpart_isQcdParton"]
        assert sorted(kept["pid"][kept["is_prong"]]) == sorted(jet["aux_genpart_pid"][flags & (delta <= JET_RADIUS)])
        resonances = jet["aux_genpart_isResX"] | jet["aux_genpart_isResY"]
        inside = jet["aux_genpart_pid"][resonances & (delta <= JET_RADIUS)]
        assert sorted(kept["pid"][~kept["is_prong"]]) == sorted(inside)


@pytest.mark.witness
@pytest.mark.parametrize("by", ["deltaR", "kt"])
def test_real_prongs_hold_most_of_the_momentum_of_their_jets(real, by):
    found = partons(real)
    index = match(real, found, by)
    assert ak.all(ak.num(index) == ak.num(real["part_px"]))
    pt = kinematics.pt(real["part_px"], real["part_py"])
    assert ak.sum(pt[index >= 0]) > 0.9 * ak.sum(pt)
    # The momentum near the leading prong of a boson's two well separated ones is that of the prong, within its loss.
    two = ak.to_numpy(ak.sum(found["is_prong"], axis=1)) == 2
    share = ak.to_numpy(ak.sum(pt[index == 0], axis=1) / ak.sum(pt, axis=1))[two]
    expected = ak.to_numpy(found["pt"][two][:, 0] / ak.sum(found["pt"][two][:, :2], axis=1))
    assert np.corrcoef(share, expected)[0, 1] > 0.7


@pytest.mark.witness
def test_kt_matching_gives_all_of_a_subjet_to_one_prong(real):
    found = partons(real)
    index = match(real, found, "kt")
    n_prongs = ak.to_numpy(ak.sum(found["is_prong"], axis=1))
    for n in (1, 2, 3, 4):
        jets, prongs = real[n_prongs == n], index[n_prongs == n]
        for subjet, prong in zip(subjet_index(jets, n), prongs, strict=True):
            assert all(len(np.unique(prong[subjet == k])) == 1 for k in np.unique(subjet))
