"""Attention to the k strongest keys."""

import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets, write_model

import part
from part.analysis.intervention.topk import TopKStudy, keep_top_k, probabilities_by_k
from part.analysis.statistics.bootstrap import draws
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import topk as charts
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("topk")
    write_jets(folder / "jets.root", COUNTS)
    write_jets(folder / "bare.root", COUNTS[:4], momenta_only=True)
    small = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}
    write_model(folder / "alpha.safetensors", **small)
    write_model(folder / "kin.safetensors", 1, "kin", **small)
    save_checkpoint(
        folder / "pfn.safetensors", build(PFNConfig()), load(folder, "alpha").features, JETCLASS, {"training": "none"}
    )
    return folder


def load(folder, name="alpha"):
    return part.load_model(folder / f"{name}.safetensors", "cpu")


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(folder / "jets.root")


def test_the_strongest_stay_and_add_up_to_one():
    pattern = torch.rand(3, 2, 5, 7, generator=torch.Generator().manual_seed(0)).softmax(-1)
    k = torch.tensor([1, 3, 7])
    sparse = keep_top_k(pattern, k)
    assert torch.equal(sparse[2], pattern[2])
    torch.testing.assert_close(sparse.sum(-1), torch.ones(3, 2, 5))
    for jet, n_keys in enumerate((1, 3)):
        assert ((sparse[jet] > 0).sum(-1) == n_keys).all()
        values, places = pattern[jet].topk(n_keys)
        torch.testing.assert_close(sparse[jet].gather(-1, places), values / values.sum(-1, keepdim=True))


def test_equal_weights_stay_together():
    sparse = keep_top_k(torch.tensor([[[[0.4, 0.2, 0.2, 0.2]]]]), torch.tensor([2]))
    torch.testing.assert_close(sparse, torch.tensor([[[[0.4, 0.2, 0.2, 0.2]]]]))


def test_all_keys_are_the_model_itself(folder, jets):
    tagger = load(folder)
    n = COUNTS[1]
    probabilities = probabilities_by_k(tagger, jets[1:2], [1, n, n + 5])
    unrestricted = tagger.trace(jets[1:2]).probabilities[0]
    np.testing.assert_allclose(probabilities[1:], np.stack((unrestricted, unrestricted)), atol=1e-6)
    assert np.abs(probabilities[0] - unrestricted).max() > 1e-3
    result = study_jets(TopKStudy((1, 128)), tagger, jets)
    assert result.same_class.value[1] == 1
    assert result.divergence.value[1] == 0
    assert (result.change[1], result.low[1], result.high[1]) == (0, 0, 0)


def test_one_particle_keeps_itself(folder, jets):
    tagger = load(folder)
    np.testing.assert_allclose(probabilities_by_k(tagger, jets[3:4], [1])[0], tagger.predict(jets[3:4])[0], atol=1e-6)


def test_the_study_averages_what_single_jets_give(folder, jets):
    tagger, ks = load(folder), (1, 4)
    result = study_jets(TopKStudy(ks), tagger, jets)
    each = np.stack([probabilities_by_k(tagger, jets[i : i + 1], (*ks, 128)) for i in range(len(jets))])
    classes, truth = each.argmax(-1), np.arange(len(jets)) % 10
    right = classes == truth[:, None]
    np.testing.assert_allclose(result.change, (right[:, :2].mean(0) - right[:, 2].mean()))
    assert result.accuracy == pytest.approx(right[:, 2].mean())
    np.testing.assert_allclose(result.same_class.value, (classes[:, :2] == classes[:, 2:]).mean(0))
    rows = result.rows()
    assert [row["k"] for row in rows] == [1, 4]
    assert rows[0]["accuracy"] == pytest.approx(right[:, 0].mean())


@pytest.mark.parametrize("batch_size", [1, 5])
def test_neither_batches_nor_the_order_of_jets_change_results(folder, jets, batch_size, monkeypatch):
    result = study_jets(TopKStudy((1, 3)), load(folder), jets)
    monkeypatch.setattr(TopKStudy, "batch_size", batch_size)
    reversed_order = study_jets(TopKStudy((1, 3)), load(folder), jets[::-1])
    for name, values in result.arrays().items():
        np.testing.assert_allclose(reversed_order.arrays()[name], values, atol=1e-6, err_msg=name)


def test_drawing_counts_is_drawing_jets(folder):
    """The interval equals that of the paired bootstrap of `bootstrap.draws` on known outcomes."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    before, after = rng.random(400) < 0.8, rng.random(400) < 0.7
    accumulator = TopKStudy((1,), draws=4000).accumulator(load(folder))
    outcomes = np.zeros((10, 4), int)
    np.add.at(outcomes, (truth, 2 * before + after), 1)
    counted = accumulator._draw(outcomes) @ np.array([0, 1, -1, 0]) / 400
    gain = after.astype(float) - before
    drawn = np.concatenate([block @ gain / 400 for block in draws(truth, 4000)])
    assert counted.mean() == pytest.approx(drawn.mean(), abs=0.003)
    assert counted.std() == pytest.approx(drawn.std(), rel=0.06)


def test_without_labels_there_is_no_accuracy(folder):
    result = study_jets(TopKStudy((1,)), load(folder, "kin"), part.read_jets(folder / "bare.root"))
    assert result.accuracy is None
    assert result.rows()[0]["accuracy"] is None
    assert "accuracy" not in charts.charts(result)


def test_charts_show_points(folder, jets):
    result = study_jets(TopKStudy((1, 3)), load(folder), jets)
    (series,) = charts.charts(result)["accuracy"].series
    np.testing.assert_allclose(series.y, 100 * result.change)
    assert series.low[0] <= series.y[0] <= series.high[0]


def test_bad_input_is_refused(folder, jets):
    with pytest.raises(PartError, match=r"^pfn has no top-k attention: a PFN has no attention between particles\.$"):
        probabilities_by_k(load(folder, "pfn"), jets[:1], [1])
    with pytest.raises(PartError, match="k from 0 on; expected one"):
        probabilities_by_k(load(folder), jets[:1], [0])
    with pytest.raises(PartError, match="expected k from 1 on"):
        TopKStudy(())
