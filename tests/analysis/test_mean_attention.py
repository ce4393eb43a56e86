"""The study `mean_attention` on attention that is known."""

import awkward as ak
import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis import mean_attention
from part.analysis.mean_attention import LISTED, MeanAttentionStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies.mean_attention import charts
from part.jets.labels import labels
from part.jets.schema import ENTRY

COUNTS = [9, 5, 14, 3, 11, 7, 16, 6, 12, 4, 13, 8, 10, 15, 5, 9, 7, 11, 6, 12]
SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 3, "class_layers": 1}


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("mean") / "jets.root", COUNTS))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return part.load_model(write_model(tmp_path_factory.mktemp("models") / "model.safetensors", **SMALL), "cpu")


def with_pattern(monkeypatch, make):
    """Replace the attention of each jet by make(n), (n, n), in all heads."""

    def patterns(tagger, jets):
        counts = ak.to_numpy(ak.num(jets["part_px"]))
        mask = np.arange(counts.max()) < counts[:, None]
        pattern = np.zeros((len(counts), 3, 2, counts.max(), counts.max()), np.float32)
        for jet, n in enumerate(counts):
            pattern[jet, :, :, :n, :n] = make(n)
        return pattern, mask

    monkeypatch.setattr(mean_attention, "normalised_patterns", patterns)


def test_equal_attention_is_one_at_all_distances(monkeypatch, jets, tagger):
    with_pattern(monkeypatch, lambda n: np.full((n, n), 1 / n))
    result = study_jets(MeanAttentionStudy(), tagger, jets)
    for mean in (result.by_delta_r, result.by_kt):
        known = mean.jets > 0
        assert known.any()
        np.testing.assert_allclose(mean.value[known], 1, rtol=1e-4)
    assert result.groups == ("all jets",)
    assert result.jets == (len(jets),)


def test_attention_to_the_leading_constituent_is_in_the_first_column(monkeypatch, jets, tagger):
    leading = ak.argmax(np.hypot(jets["part_px"], jets["part_py"]), axis=1)
    chosen = jets[leading == ak.num(jets["part_px"]) - 1] if ak.any(leading) else jets
    last = bool(ak.any(leading))
    with_pattern(monkeypatch, lambda n: np.eye(n)[np.full(n, n - 1 if last else 0)])
    by_rank = study_jets(MeanAttentionStudy(ranks=5), tagger, chosen).by_rank.value[0, 0, 0]
    np.testing.assert_allclose(by_rank[:, 0], 1)
    np.testing.assert_allclose(by_rank[:, 1:], 0)


def test_the_result_does_not_depend_on_batches(monkeypatch, jets, tagger):
    study = MeanAttentionStudy(signal="QCD", background="Hbb")
    whole = study_jets(study, tagger, jets)
    monkeypatch.setattr(MeanAttentionStudy, "batch_size", 3)
    for name, values in study_jets(study, tagger, jets).arrays().items():
        if values.dtype.kind != "U":
            np.testing.assert_allclose(values, whole.arrays()[name], atol=1e-5, err_msg=name)
    halves = [study.accumulator(tagger) for _ in range(2)]
    truth = labels(jets, tagger.dataset)
    for accumulator, rows in zip(halves, (slice(0, 8), slice(8, None)), strict=True):
        accumulator.add(ak.with_field(jets, np.arange(len(jets)), ENTRY)[rows], truth[rows])
    halves[0].merge(halves[1].sums)
    np.testing.assert_allclose(halves[0].result().by_kt.value, whole.by_kt.value, atol=1e-5)
    np.testing.assert_array_equal(halves[0].result().sharpest, whole.sharpest)


def test_the_sharpest_jets_are_named_by_their_entries(jets, tagger):
    result = study_jets(MeanAttentionStudy(), tagger, jets)
    trace = tagger.trace(jets)
    sharpness = [float(trace.jet(j).pattern[1, 0].max(-1).mean()) for j in range(len(jets))]
    assert result.sharpest.shape == (3, 2, LISTED)
    np.testing.assert_array_equal(np.sort(result.sharpest[1, 0]), np.sort(np.argsort(sharpness)[::-1][:LISTED]))
    np.testing.assert_allclose(result.sharpness[1, 0], np.sort(sharpness)[::-1][:LISTED], rtol=1e-4)
    few = study_jets(MeanAttentionStudy(), tagger, jets[:2])
    assert few.sharpest[0, 0, 2:].tolist() == [-1] * (LISTED - 2)


def test_a_difference_adds_the_variances_and_its_sentence_needs_significance(monkeypatch, jets, tagger):
    study = MeanAttentionStudy(signal="QCD", background="Hbb")
    result = study_jets(study, tagger, jets)
    difference = result.difference("by_kt")
    np.testing.assert_allclose(difference.value, result.by_kt.value[1] - result.by_kt.value[2])
    np.testing.assert_allclose(difference.error**2, result.by_kt.error[1] ** 2 + result.by_kt.error[2] ** 2)
    drawn = charts(result, 1, 1)
    assert list(drawn) == [
        *("mean_rank", "mean_by_delta_r", "mean_by_kt"),
        *("difference_rank", "difference_by_delta_r", "difference_by_kt"),
    ]
    result.by_delta_r.value[1, 1, 1, 3] = result.by_delta_r.value[2, 1, 1, 3] + 0.5
    result.by_delta_r.error[1:, 1, 1] = 0.4
    assert charts(result, 1, 1)["difference_by_delta_r"].sentence == ""
    result.by_delta_r.error[1:, 1, 1, 3] = 0.03
    sentence = charts(result, 1, 1)["difference_by_delta_r"].sentence
    assert "attends more than in" in sentence
    assert "at ΔR 0.1 to 0.15, by 0.5 ± 0.04 of equal attention" in sentence
    alone = study_jets(MeanAttentionStudy(), tagger, jets)
    assert list(charts(alone)) == ["mean_rank", "mean_by_delta_r", "mean_by_kt"]
    with pytest.raises(PartError, match="no two classes"):
        alone.difference("by_kt")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ranks": 1}, "ranks is 1; expected 2 to 128"),
        ({"signal": "QCD"}, "needs two classes"),
        ({"signal": "QCD", "background": "QCD"}, "share QCD"),
        ({"signal": "QCD", "background": "Nothing"}, "Nothing"),
    ],
)
def test_options_that_make_no_sense_are_refused(jets, tagger, options, sentence):
    with pytest.raises(PartError, match=sentence):
        study_jets(MeanAttentionStudy(**options), tagger, jets)


def test_a_difference_needs_labels_and_distances_need_momenta(tmp_path, jets, tagger):
    bare = jets[[name for name in jets.fields if not name.startswith("label_")]]
    with pytest.raises(PartError, match="needs jets with labels"):
        study_jets(MeanAttentionStudy(signal="QCD", background="Hbb"), tagger, bare)
