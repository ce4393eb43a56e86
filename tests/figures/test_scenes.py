import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.errors import PartError
from part.figures import View, constituents, figure_data, scene
from part.jets.features import select

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(write_jets(folder / "jets.root", [30, 140, 1]))


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(write_model(folder / "toy.safetensors", **SMALL), device="cpu")


def test_a_scene_shows_what_the_model_saw(tagger, jets):
    seen = scene(tagger, jets[:1])
    trace = tagger.trace(jets[:1]).jet(0)
    np.testing.assert_array_equal(seen.trace.pattern, trace.pattern)
    np.testing.assert_allclose(seen.trace.probabilities, tagger.predict(jets[:1])[0], rtol=1e-4)
    assert (seen.model, seen.truth, seen.dropped) == ("toy", 0, 0)
    assert seen.classes == tagger.dataset.titles
    assert seen.parity is None


def test_a_model_that_shows_no_weights_says_how_near_the_shown_ones_come(folder, tagger, jets):
    swift = part.load_model(tagger.path, device="cpu", backend="flash")
    seen = scene(swift, jets[:1])
    assert seen.parity == swift.parity(jets[:1])
    np.testing.assert_array_equal(seen.trace.pattern, tagger.trace(jets[:1]).jet(0).pattern)
    assert seen.heading == f"q/g · pT {jets.jet_pt[0]:.0f} GeV · η {jets.jet_eta[0]:.2f} · 30 constituents"


@pytest.mark.filterwarnings("ignore:.*more than 128 constituents")
def test_constituents_beyond_the_limit_are_counted(tagger, jets):
    seen = scene(tagger, jets[1:2])
    kept, dropped = select(jets[1:2])
    assert seen.dropped == dropped[0] == 12
    np.testing.assert_allclose(seen.constituents.pt, constituents(kept).pt)
    assert seen.trace.pattern.shape[-1] == len(seen.constituents) == 128
    assert seen.heading.endswith("140 constituents (128 seen)")


def test_what_is_known_is_not_made_again(tagger, jets):
    trace, particles = tagger.trace(jets[:1]).jet(0), constituents(jets[:1])
    seen = scene(tagger, jets[:1], trace, particles, name="mine")
    assert seen.trace is trace
    assert seen.constituents is particles
    assert seen.model == "mine"


def test_the_mass_is_that_of_all_constituents(tagger, jets):
    px, py, pz, energy = (np.sum(jets[0][f"part_{name}"]) for name in ("px", "py", "pz", "energy"))
    expected = np.sqrt(energy**2 - px**2 - py**2 - pz**2)
    assert scene(tagger, jets[:1]).jet.mass == pytest.approx(expected, rel=1e-4)


def test_unlabelled_jets_have_no_truth(tagger, jets):
    unlabelled = jets[[name for name in jets.fields if not name.startswith("label_")]]
    seen = scene(tagger, unlabelled[:1])
    assert seen.truth is None
    assert seen.heading.startswith("pT ")


def test_one_constituent_is_enough(tagger, jets):
    seen = scene(tagger, jets[2:])
    assert seen.heading.endswith(" 1 constituent")
    for figure in seen.figures:
        figure_data(seen, View(figure))


def test_several_jets_are_refused(tagger, jets):
    with pytest.raises(PartError, match="it holds 3"):
        scene(tagger, jets)
