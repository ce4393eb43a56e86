"""The study `dictionary`: dictionaries that are made by hand, whose numbers are known."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.dictionaries import identity_dictionary, random_dictionary_of, write_dictionary

from part.analysis.batches import with_entries
from part.analysis.dictionary.files import load_dictionary
from part.analysis.dictionary.place import Place
from part.analysis.dictionary.properties import PROPERTIES, TITLES, JetProperties
from part.analysis.dictionary.result import MEASURES
from part.analysis.dictionary.study import DictionaryStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import dictionary as charts
from part.figures.studies import study_charts
from part.inference.forward import CachedForward
from part.jets.datasets import JETCLASS
from part.jets.features import multiplicities
from part.jets.labels import labels

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def sample(jets):
    """Sixty jets of 9 to 49 particles, no two of them alike."""
    some = jets[(ak.num(jets["part_px"]) < 50) & (ak.num(jets["part_px"]) > 8)]
    copies = [ak.with_field(some, some["part_px"] * (1 + 0.01 * i), "part_px") for i in range(60 // len(some) + 1)]
    return ak.concatenate(copies)[:60]


@pytest.fixture(scope="module")
def random(load, tmp_path_factory):
    """The path of a dictionary with random rows of the model `part`."""
    made = random_dictionary_of(16, 24, 3)
    return write_dictionary(tmp_path_factory.mktemp("random"), load("part"), made, Place(1))


def test_a_dictionary_that_writes_everything_changes_nothing(load, sample, tmp_path):
    path = write_dictionary(tmp_path, load("part"), identity_dictionary(16), Place(1))
    result = study_jets(DictionaryStudy(path, top=2), load("part"), sample)
    assert result.explained == pytest.approx(1, abs=1e-6)
    accuracy, entropy, agreement = (MEASURES.index(name) for name in ("accuracy", "cross_entropy", "agreement"))
    np.testing.assert_allclose(result.quality[:, 1], result.quality[:, 0], rtol=1e-4)
    assert result.quality[agreement, 1] == 1
    assert result.recovered[entropy] == pytest.approx(1, abs=1e-3)
    assert result.recovered_error[entropy] < 1e-3
    assert result.quality[accuracy, 0] == pytest.approx(
        (load("part").predict(sample).argmax(-1) == np.asarray(ak.to_numpy(labels_of(sample)))).mean()
    )


def labels_of(jets):
    return labels(jets, JETCLASS)


def test_numbers_of_features_are_those_of_a_sum_over_all_particles(load, sample, random):
    tagger = load("part")
    result = study_jets(DictionaryStudy(random, top=3), tagger, sample)
    trained = load_dictionary(random)
    weights, values, places = [], [], []
    for entry in range(len(sample)):
        forward = CachedForward(tagger, sample[entry : entry + 1])
        x = trained.place.of_forward(forward)[0]
        values.append(x)
        weights.append(trained.dictionary.encode(x))
        places += [(entry, particle) for particle in range(len(x))]
    w, x = torch.cat(weights).double(), torch.cat(values).double()
    written = trained.dictionary.decode(w.float()).double()
    expected = 1 - float((x - written).square().sum() / (x - x.mean(0)).square().sum())
    assert result.explained == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(result.frequency, (w > 0).double().mean(0), rtol=1e-3)
    np.testing.assert_allclose(result.energy, w.square().mean(0), rtol=1e-3)
    assert result.active == pytest.approx(float((w > 0).sum(1).double().mean()), rel=1e-3)
    assert result.n_dead == int((w == 0).all(0).sum())
    assert result.tokens == len(w)
    assert result.histogram.sum() == pytest.approx(result.active * len(w), rel=1e-3)
    for feature in range(result.features):
        best = int(w[:, feature].argmax())
        if w[best, feature] > 0:
            assert (result.entries[feature, 0], result.particles[feature, 0]) == places[best]
            assert result.strengths[feature, 0] == pytest.approx(float(w[best, feature]), rel=1e-3)


def test_a_switched_off_feature_is_taken_away_where_it_is(load, sample, random):
    tagger = load("part")
    result = study_jets(DictionaryStudy(random, top=2), tagger, sample)
    trained, feature = load_dictionary(random), int(result.chosen[0])
    assert result.importance[feature] == result.importance.max()
    moved = []
    for entry in range(len(sample)):
        forward = CachedForward(tagger, sample[entry : entry + 1])
        x = trained.place.of_forward(forward)
        w = trained.dictionary.encode(x)[..., feature]
        if not (w > 0).any():
            continue
        added = w[..., None] * trained.dictionary.directions[feature] * trained.dictionary.scale
        states = torch.cat((x - added, x + added))
        logits = tagger.model.forward_from_block(
            states, forward.bias.repeat(2, 1, 1, 1), forward.mask.repeat(2, 1), None, 1
        )
        before = forward.probabilities[0].log()
        change = logits - logits.mean(-1, keepdim=True) - (before - before.mean())
        moved.append(change.detach().numpy())
    np.testing.assert_allclose(result.change.value[0], np.mean(moved, 0), atol=2e-4)
    assert result.change.jets[0].max() == len(moved)


def test_what_features_are_active_on_is_compared_with_shuffled_particles(sample):
    properties = JetProperties(sample)
    n = multiplicities(sample)
    mask = np.arange(n.max()) < n[:, None]
    pt = np.where(mask, _padded(np.hypot(sample["part_px"], sample["part_py"]), n.max()), 0)
    uniform = mask.astype(float)
    leading = (pt == pt.max(1, keepdims=True)).astype(float)
    share, null = properties.shares(np.stack((uniform, leading, 0 * uniform), -1))
    np.testing.assert_allclose(share[:, 0], null[:, 0], atol=1e-12)  # a feature that is everywhere has no preference
    first, rank = PROPERTIES.index("leading"), PROPERTIES.index("pT")
    np.testing.assert_allclose(share[:, 1, first], 1)
    np.testing.assert_allclose(null[:, 1, first], 1 / n)
    np.testing.assert_allclose(share[:, 1, rank], (n - 0.5) / n)
    np.testing.assert_allclose(null[:, 1, rank], 0.5)
    assert np.isnan(share[:, 2]).all()
    assert np.isnan(null[:, 2]).all()
    assert len(TITLES) == len(PROPERTIES) + 5


def _padded(values, length: int) -> np.ndarray:
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, length), 0.0))


def test_shuffled_particles_have_the_share_that_is_expected(sample):
    rng, properties = np.random.default_rng(0), JetProperties(sample)
    n = multiplicities(sample)
    weights = np.zeros((len(n), n.max(), 400))
    for jet, count in enumerate(n):
        weights[jet, :count] = rng.permuted(np.repeat(rng.exponential(size=(count, 1)), 400, 1), axis=0)
    share, null = properties.shares(weights)
    known = np.isfinite(null[:, 0]).any(0)
    assert known.sum() > 10
    deviation, spread = np.nansum(share.mean(1) - null[:, 0], 0), np.nansum(share.var(1) / 400, 0)
    assert np.abs(deviation[known] / np.sqrt(spread[known])).max() < 4


@pytest.mark.parametrize("size", [7, 60])
def test_neither_order_nor_batches_change_the_result(load, sample, random, monkeypatch, size):
    tagger, study, entries = load("part"), DictionaryStudy(random, top=2), np.arange(len(sample))[::-1]
    expected = study_jets(study, tagger, sample).arrays()
    monkeypatch.setattr(DictionaryStudy, "batch_size", size)
    other = study_jets(study, tagger, ak.with_field(sample[::-1], entries, "entry")).arrays()
    check_equal(other, expected)


def test_merged_sums_are_those_of_all_jets(load, sample, random):
    tagger, study, jets = load("part"), DictionaryStudy(random, top=2), with_entries(sample)
    truth = labels_of(jets)
    whole, merged = study.accumulator(tagger), study.accumulator(tagger)
    parts = [study.accumulator(tagger), study.accumulator(tagger)]
    for number in range(study.n_passes):
        whole.add(jets, truth)
        for own, rows in zip(parts, (slice(0, 25), slice(25, None)), strict=True):
            own.add(jets[rows], truth[rows])
            merged.merge(own.sums)
        if not number:
            for accumulator in (whole, merged):
                accumulator.next_pass()
            earlier = [own.sums for own in parts]
            parts = [study.accumulator(tagger), study.accumulator(tagger)]
            for own in parts:
                for sums in earlier:
                    own.merge(sums)
                own.next_pass()
    check_equal(merged.result().arrays(), whole.result().arrays())


def check_equal(arrays: dict, expected: dict) -> None:
    assert arrays.keys() == expected.keys()
    for name, values in expected.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(arrays[name], values, rtol=1e-3, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(arrays[name], values, err_msg=name)


def test_charts_show_all_and_one(load, sample, random):
    result = study_jets(DictionaryStudy(random, top=2), load("part"), sample)
    assert list(study_charts("dictionary", result)) == [
        "quality",
        "features",
        *(["names"] if (result.name >= 0).any() else []),
        "effects",
    ]
    feature = int(result.chosen[0])
    assert charts.on_logits(result, feature) is not None
    assert charts.on_logits(result, int(np.argmin(result.importance))) is None
    assert charts.weights(result, feature).series[0].y.sum() == pytest.approx(result.frequency[feature] * result.tokens)
    assert len(charts.of_classes(result, feature).series[0].x) == len(set(labels_of(sample)))
    assert charts.properties(result, feature).series
    rows = result.rows()
    assert len(rows) == result.features
    assert rows[0]["feature"] == feature + 1


def test_options_that_cannot_be_are_refused(load, sample):
    for options in ({"top": -1}, {"effect": 0.0}, {"effect": 1.0}):
        with pytest.raises(PartError, match="expected 0 or more"):
            DictionaryStudy(**options)
    with pytest.raises(PartError, match="python -m part dictionary"):
        study_jets(DictionaryStudy(), load("part"), sample)
