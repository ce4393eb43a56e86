"""Linear CKA: closed forms, and the sums against kernels that are written out."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader

from part.analysis.similarity.cka import Influences, ProductSums
from part.analysis.similarity.study import SimilarityStudy, readouts
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import study_charts
from part.inference.forward import CachedForward


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


def sums_of(*readouts: np.ndarray) -> ProductSums:
    sums = ProductSums([x.shape[1] for x in readouts])
    sums.add(np.concatenate(readouts, 1))
    return sums


def test_rotated_and_scaled_rows_are_the_same():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6)) @ np.diag([5, 3, 1, 1, 0.5, 0.1]) + 3
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    sums = sums_of(x, 7 * x @ rotation + 2)
    np.testing.assert_allclose(sums.similarity(), 1, atol=1e-10)
    np.testing.assert_allclose(sums.plain_similarity(), 1, atol=1e-10)


def test_independent_rows_are_not_similar_once_debiased():
    rng = np.random.default_rng(1)
    values = [sums_of(rng.normal(size=(40, 20)), rng.normal(size=(40, 20))) for _ in range(100)]
    debiased = np.array([sums.similarity()[0, 1] for sums in values])
    assert abs(debiased.mean()) < 3 * debiased.std() / 10
    assert np.mean([sums.plain_similarity()[0, 1] for sums in values]) > 0.3  # which is why it is debiased


def naive(x: np.ndarray, y: np.ndarray) -> float:
    """Return the unbiased HSIC of Song et al. from kernels without their diagonals."""
    n = len(x)
    k, m = ((a @ a.T) * (1 - np.eye(n)) for a in (x, y))
    ones = np.ones(n)
    middle = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
    return (np.trace(k @ m) + middle - 2 / (n - 2) * ones @ k @ m @ ones) / (n * (n - 3))


def test_sums_give_the_ratio_of_kernels_that_are_written_out():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(30, 5)) + 1
    y = np.tanh(x[:, :3]) + 0.3 * rng.normal(size=(30, 3))
    expected = naive(x, y) / np.sqrt(naive(x, x) * naive(y, y))
    assert sums_of(x, y).similarity()[0, 1] == pytest.approx(expected, rel=1e-9)
    centred = [a - a.mean(0) for a in (x, y)]
    k, m = (a @ a.T for a in centred)
    plain = (k * m).sum() / np.sqrt((k**2).sum() * (m**2).sum())
    assert sums_of(x, y).plain_similarity()[0, 1] == pytest.approx(plain, rel=1e-9)


def test_the_error_is_that_of_the_bootstrap_over_jets():
    rng = np.random.default_rng(3)
    jets = np.repeat(np.arange(80), 4)
    common = rng.normal(size=(80, 3))[jets]  # rows of a jet are alike
    x = common + 0.5 * rng.normal(size=(320, 3))
    y = common[:, :2] + 0.8 * rng.normal(size=(320, 2))
    sums = sums_of(x, y)
    influences = Influences(sums)
    influences.add(np.concatenate((x, y), 1), jets)
    draws = []
    for _ in range(400):
        rows = (4 * rng.integers(0, 80, 80)[:, None] + np.arange(4)).ravel()
        draws.append(sums_of(x[rows], y[rows]).plain_similarity()[0, 1])
    assert influences.error[0, 1] == pytest.approx(np.std(draws), rel=0.2)
    assert influences.error[0, 0] == pytest.approx(0, abs=1e-9)


def test_parts_add_up():
    rng = np.random.default_rng(4)
    rows, jets = rng.normal(size=(60, 7)), np.repeat(np.arange(20), 3)
    whole, parts = ProductSums([4, 3]), [ProductSums([4, 3]), ProductSums([4, 3])]
    whole.add(rows)
    for own, some in zip(parts, (rows[:24], rows[24:]), strict=True):
        own.add(some)
    parts[0].merge(parts[1])
    np.testing.assert_allclose(parts[0].similarity(), whole.similarity())
    once, first, second = (Influences(whole) for _ in range(3))
    once.add(rows, jets)
    first.add(rows[:24], jets[:24])
    second.add(rows[24:], jets[24:] - 8)
    first.merge(second)
    np.testing.assert_allclose(first.error, once.error)


def test_few_rows_and_constant_ones_have_no_similarity():
    assert np.isnan(sums_of(np.ones((3, 2)), np.ones((3, 2))).similarity()).all()
    similarity = sums_of(np.random.default_rng(5).normal(size=(20, 2)), np.ones((20, 2))).similarity()
    assert np.isnan(similarity[0, 1])
    assert similarity[0, 0] == pytest.approx(1)


@pytest.mark.parametrize("name", ["part", "global", "mean", "linpart"])
def test_the_study_compares_all_depths(load, jets, name):
    tagger, some = load(name), jets[ak.num(jets["part_px"]) > 3]
    result = study_jets(SimilarityStudy(), tagger, some)
    n_class = getattr(tagger.config, "class_layers", 0)
    assert [len(names) for names in result.readouts.values()] == [3, 3 + n_class]
    particles, of_jets, _ = readouts(CachedForward(tagger, some))
    expected = sums_of(*np.split(particles, 3, axis=1)).similarity()
    np.testing.assert_allclose(result.value["particles"], expected, rtol=1e-4, atol=1e-6)
    assert len(of_jets) == result.jets == len(some)
    charts = study_charts("similarity", result)
    assert list(charts) == ["particles", "jets"]
    assert len(result.rows()) == 3 + (3 + n_class) * (2 + n_class) // 2


def test_the_class_token_is_the_one_that_is_classified(load, jets):
    tagger = load("part")
    some = jets[ak.num(jets["part_px"]) > 3]
    forward = CachedForward(tagger, some)
    last = readouts(forward)[1][:, -16:]
    logits = tagger.model.classify(torch.from_numpy(last)[:, None])[:, 0].detach()
    torch.testing.assert_close(logits.softmax(-1), forward.probabilities, atol=1e-5, rtol=1e-4)


def test_neither_order_nor_batches_change_the_result(load, jets, monkeypatch):
    tagger, some = load("part"), jets[ak.num(jets["part_px"]) > 3]
    expected = study_jets(SimilarityStudy(), tagger, some).arrays()
    monkeypatch.setattr(SimilarityStudy, "batch_size", 3)
    other = study_jets(SimilarityStudy(), tagger, some[::-1]).arrays()
    for kind in ("particles", "jets"):
        for name in ("cka", "error"):
            np.testing.assert_allclose(other[f"{kind}_{name}"], expected[f"{kind}_{name}"], rtol=1e-3, atol=1e-5)


def test_two_models_are_compared_on_the_same_jets(load, jets):
    some = jets[ak.num(jets["part_px"]) > 3]
    first, other = load("part"), load("nobias")
    result = study_jets(SimilarityStudy(str(other.path)), first, some)
    assert result.models == ("part", "nobias")
    pairs = [readouts(CachedForward(tagger, some)) for tagger in (first, other)]
    blocks = [np.split(rows[0], 3, axis=1) for rows in pairs]
    expected = [[sums_of(a, b).similarity()[0, 1] for b in blocks[1]] for a in blocks[0]]
    np.testing.assert_allclose(result.value["particles"], expected, rtol=1e-4, atol=1e-6)
    same = study_jets(SimilarityStudy(str(first.path)), first, some)
    alone = study_jets(SimilarityStudy(), first, some)
    np.testing.assert_allclose(same.value["jets"], alone.value["jets"], rtol=1e-6)
    np.testing.assert_allclose(same.error["jets"], alone.error["jets"], rtol=1e-4, atol=1e-7)
    assert study_charts("similarity", result)["jets"].row_title == "part"
    assert len(result.rows()) == 3 * 3 + result.value["jets"].size


def test_models_of_other_classes_are_not_compared(load, jets):
    with pytest.raises(PartError, match="expected two models of one benchmark"):
        study_jets(SimilarityStudy("part-top"), load("part"), jets)
    with pytest.raises(PartError, match="There is no checkpoint"):
        study_jets(SimilarityStudy("absent"), load("part"), jets)


def test_a_model_without_layers_is_refused(load, jets):
    with pytest.raises(PartError, match="no layers of particles"):
        study_jets(SimilarityStudy(), load("pfn"), jets)
