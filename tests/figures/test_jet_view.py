import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.errors import PartError
from part.figures.data import figure_data
from part.figures.jet_view import view_jet
from part.figures.particles import constituents
from part.figures.view import View
from part.jets.preprocessing import keep_leading

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("views")


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(write_jets(folder / "jets.root", [30, 140, 1]))


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(write_model(folder / "toy.safetensors", **SMALL), device="cpu")


def test_a_view_holds_the_trace_and_the_constituents(tagger, jets):
    jet_view = view_jet(tagger, jets[:1])
    trace = tagger.trace(jets[:1]).jet(0)
    np.testing.assert_array_equal(jet_view.trace.pattern, trace.pattern)
    np.testing.assert_allclose(jet_view.trace.probabilities, tagger.predict(jets[:1])[0], rtol=1e-4)
    assert (jet_view.model, jet_view.truth, jet_view.n_truncated) == ("toy", 0, 0)
    assert jet_view.classes == tagger.dataset.titles
    assert jet_view.backend_logit_gap is None


def test_the_flash_kernel_states_its_distance_from_the_trace(folder, tagger, jets):
    flash = part.load_model(tagger.path, device="cpu", backend="flash")
    jet_view = view_jet(flash, jets[:1])
    assert jet_view.backend_logit_gap == flash.backend_logit_gap(jets[:1])
    np.testing.assert_array_equal(jet_view.trace.pattern, tagger.trace(jets[:1]).jet(0).pattern)
    assert jet_view.heading == f"q/g · pT {jets.jet_pt[0]:.0f} GeV · η {jets.jet_eta[0]:.2f} · 30 constituents"


@pytest.mark.filterwarnings("ignore:.*more than 128 constituents")
def test_constituents_beyond_the_limit_are_counted(tagger, jets):
    jet_view = view_jet(tagger, jets[1:2])
    leading, n_truncated = keep_leading(jets[1:2])
    assert jet_view.n_truncated == n_truncated[0] == 12
    np.testing.assert_allclose(jet_view.constituents.pt, constituents(leading).pt)
    assert jet_view.trace.pattern.shape[-1] == len(jet_view.constituents) == 128
    assert jet_view.heading.endswith("140 constituents (128 seen)")


def test_a_known_trace_is_not_computed_again(tagger, jets):
    trace, particles = tagger.trace(jets[:1]).jet(0), constituents(jets[:1])
    jet_view = view_jet(tagger, jets[:1], trace, particles, name="mine")
    assert jet_view.trace is trace
    assert jet_view.constituents is particles
    assert jet_view.model == "mine"


def test_the_mass_is_that_of_all_constituents(tagger, jets):
    px, py, pz, energy = (np.sum(jets[0][f"part_{name}"]) for name in ("px", "py", "pz", "energy"))
    expected = np.sqrt(energy**2 - px**2 - py**2 - pz**2)
    assert view_jet(tagger, jets[:1]).jet.mass == pytest.approx(expected, rel=1e-4)


def test_unlabelled_jets_have_no_truth(tagger, jets):
    unlabelled = jets[[name for name in jets.fields if not name.startswith("label_")]]
    jet_view = view_jet(tagger, unlabelled[:1])
    assert jet_view.truth is None
    assert jet_view.heading.startswith("pT ")


def test_one_constituent_is_enough(tagger, jets):
    jet_view = view_jet(tagger, jets[2:])
    assert jet_view.heading.endswith(" 1 constituent")
    for figure in jet_view.figures:
        figure_data(jet_view, View(figure))


def test_several_jets_are_refused(tagger, jets):
    with pytest.raises(PartError, match="it holds 3"):
        view_jet(tagger, jets)
