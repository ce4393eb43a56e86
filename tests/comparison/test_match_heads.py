"""Heads of several models matched on samples and files: the same numbers in any order, here and on workers."""

import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis.stored_results import decode, encode
from part.comparison.head_matching import HeadMatching
from part.comparison.match_heads import HeadMatchers, _match_chunk, match_heads, match_heads_in_files
from part.comparison.samples import MemorySample
from part.errors import PartError
from part.figures.head_matching_charts import likeness_map, match_map
from part.figures.sentences import head_matching as sentences
from part.inference.activations import attention_between_particles, normalised_patterns
from part.jets.datasets import JETCLASS
from part.jets.streaming import chunks, entry_ranges
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}
COUNTS = [8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write_jets(folder / "jets.root", COUNTS)
    write_model(folder / "alpha.safetensors", 0, **SMALL)
    write_model(folder / "deep.safetensors", 1, **SMALL | {"layers": 3})
    write_model(folder / "kin.safetensors", 2, "kin", **SMALL)
    write_model(folder / "slots.safetensors", 3, model="LinParT", **SMALL, slots=4, pair_bias="projected")
    features = part.load_model(folder / "alpha.safetensors").features
    save_checkpoint(folder / "pfn.safetensors", build(PFNConfig()), features, JETCLASS, {})
    return folder


@pytest.fixture(scope="module")
def models(folder):
    names = ("alpha", "deep", "kin", "slots", "pfn")
    return {name: part.load_model(folder / f"{name}.safetensors", "cpu") for name in names}


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(folder / "jets.root")


@pytest.fixture(scope="module")
def matches(models, jets):
    return match_heads(models, MemorySample(jets, JETCLASS))


def same_numbers(one, other) -> bool:
    for own, theirs in zip(one.matchings, other.matchings, strict=True):
        if isinstance(own, HeadMatching):
            np.testing.assert_array_equal(own.match, theirs.match)
            np.testing.assert_allclose(own.similarity, theirs.similarity, atol=1e-6)
            np.testing.assert_allclose(own.error, theirs.error, atol=1e-6)
            assert own.jets == theirs.jets
        else:
            assert own == theirs
    return True


def test_models_of_other_sizes_and_inputs_are_matched(matches):
    assert matches.names == ("alpha", "deep", "kin", "slots", "pfn")
    shapes = [m.similarity.shape for m in matches.matchings if isinstance(m, HeadMatching)]
    assert shapes == [(4, 6), (4, 4), (4, 4)]
    assert matches.matchings[0] is None
    assert matches.matchings[4] == "pfn has no heads to match: a PFN has no attention between particles."
    assert [row["second"] for row in matches.rows()] == ["deep"] * 4 + ["kin"] * 4 + ["slots"] * 4
    assert matches.summary()[3] == {"first": "alpha", "second": "pfn", "none": matches.matchings[4]}
    assert "Heads of alpha in deep: " in matches.text()


def test_the_order_of_the_jets_does_not_matter(models, jets, matches):
    order = np.random.default_rng(0).permutation(len(jets))
    assert same_numbers(matches, match_heads(models, MemorySample(jets[order], JETCLASS)))


def test_chunks_that_are_merged_give_the_same_numbers(models, folder, matches):
    ranges = entry_ranges([str(folder / "jets.root")])
    assert same_numbers(matches, match_heads_in_files(models, ranges))
    merged = HeadMatchers(models)
    for piece in (entry_ranges([str(folder / "jets.root")], a, b) for a, b in ((13, 20), (0, 13))):
        for chunk in chunks(piece):
            merged.merge(_match_chunk(tuple(models), list(models.values()), chunk))
    assert same_numbers(matches, merged.result())


def test_a_model_is_matched_with_itself(models, jets):
    itself = match_heads({"a": models["alpha"], "b": models["alpha"]}, MemorySample(jets, JETCLASS)).matchings[1]
    np.testing.assert_array_equal(itself.match, np.arange(4))
    assert itself.is_in_place.all()
    np.testing.assert_allclose(itself.best[0], 1, rtol=1e-6)


def test_attention_through_slots_is_that_to_slots_times_what_is_in_them(models, jets):
    weights, mask = attention_between_particles(models["slots"], jets[:2])
    trace = models["slots"].trace(jets[:2])
    for jet, n in enumerate(mask.sum(1)):
        expected = trace.pattern[jet, 1, 0, :n] @ trace["mixing"][jet, 1, :, :n]
        np.testing.assert_allclose(weights[jet, 1, 0, :n, :n], expected, atol=1e-5)
    of_particles = attention_between_particles(models["alpha"], jets[:2])[0]
    np.testing.assert_array_equal(of_particles, normalised_patterns(models["alpha"], jets[:2])[0])


def test_one_model_cannot_be_matched(models, jets):
    with pytest.raises(PartError, match="expected two models or more"):
        match_heads({"alpha": models["alpha"]}, MemorySample(jets, JETCLASS))


def test_matches_can_be_stored(matches):
    again = decode(encode(matches))
    np.testing.assert_array_equal(again.matchings[1].match, matches.matchings[1].match)
    np.testing.assert_allclose(again.matchings[1].similarity, matches.matchings[1].similarity, rtol=2e-3)


@pytest.fixture
def matching():
    """Three heads: one kept in place, one gone elsewhere, one like nothing."""
    similarity = np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.7], [0.001, 0.002, 0.0]])
    values = np.full((3, 3), 0.01), np.full(3, 0.01)
    return HeadMatching((1, 3), (1, 3), np.array([0, 2, 1]), similarity, *values, 100)


def test_charts_say_what_became_of_heads(matching):
    matches = type("Matches", (), {"names": ("one", "two"), "matchings": (None, matching)})
    chart = match_map(matches, 1, marked=1)
    assert chart.texts == (("L1H1\n0.90", "L1H3\n0.70", "none"),)
    assert chart.notes[0][1] == "match L1H3, runner-up L1H2 (0.20), shuffled keys 0 ± 0.02"
    np.testing.assert_array_equal(chart.marked, [[False, True, False]])
    assert chart.sentence.startswith(
        "2 of 3 heads have a match in two that is more like them than any other head, 1 of them"
    )
    own = likeness_map(matches, 1, 1)
    np.testing.assert_array_equal(own.values, [[0.0, 0.2, 0.7]])
    np.testing.assert_array_equal(own.marked, [[False, False, True]])
    assert own.sentence.startswith("Layer 1 head 2 is most like layer 1 head 3 of two (0.700 ± 0.020), next like")


def test_sentences_are_silent_where_nothing_is_alike(matching):
    noise = HeadMatching((1, 3), (1, 3), matching.match, 0.001 * matching.similarity, matching.error,
                         matching.shuffled_error, 100)  # fmt: skip
    assert sentences.matches(noise, "two") == ""
    assert sentences.likeness(noise, 0, "two") == ""
