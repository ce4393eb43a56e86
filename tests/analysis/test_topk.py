"""Attention cut to the k strongest keys."""

import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets, write_model

import part
from part.analysis.intervention.topk import TopK, keep_strongest, probabilities_by_k
from part.analysis.statistics.bootstrap import draws
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import topk as charts
from part.jets.schema import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import PFNConfig


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
    cut = keep_strongest(pattern, k)
    assert torch.equal(cut[2], pattern[2])
    torch.testing.assert_close(cut.sum(-1), torch.ones(3, 2, 5))
    for jet, kept in enumerate((1, 3)):
        assert ((cut[jet] > 0).sum(-1) == kept).all()
        values, places = pattern[jet].topk(kept)
        torch.testing.assert_close(cut[jet].gather(-1, places), values / values.sum(-1, keepdim=True))


def test_equal_weights_stay_together():
    cut = keep_strongest(torch.tensor([[[[0.4, 0.2, 0.2, 0.2]]]]), torch.tensor([2]))
    torch.testing.assert_close(cut, torch.tensor([[[[0.4, 0.2, 0.2, 0.2]]]]))


def test_all_keys_are_the_model_itself(folder, jets):
    tagger = load(folder)
    n = COUNTS[1]
    probabilities = probabilities_by_k(tagger, jets[1:2], [1, n, n + 5])
    whole = tagger.trace(jets[1:2]).probabilities[0]
    np.testing.assert_allclose(probabilities[1:], np.stack((whole, whole)), atol=1e-6)
    assert np.abs(probabilities[0] - whole).max() > 1e-3
    found = study_jets(TopK((1, 128)), tagger, jets)
    assert found.same.value[1] == 1
    assert found.divergence.value[1] == 0
    assert (found.change[1], found.low[1], found.high[1]) == (0, 0, 0)


def test_one_particle_keeps_itself(folder, jets):
    tagger = load(folder)
    np.testing.assert_allclose(probabilities_by_k(tagger, jets[3:4], [1])[0], tagger.predict(jets[3:4])[0], atol=1e-6)


def test_the_study_says_what_single_jets_say(folder, jets):
    tagger, ks = load(folder), (1, 4)
    found = study_jets(TopK(ks), tagger, jets)
    each = np.stack([probabilities_by_k(tagger, jets[i : i + 1], (*ks, 128)) for i in range(len(jets))])
    classes, truth = each.argmax(-1), np.arange(len(jets)) % 10
    right = classes == truth[:, None]
    np.testing.assert_allclose(found.change, (right[:, :2].mean(0) - right[:, 2].mean()))
    assert found.accuracy == pytest.approx(right[:, 2].mean())
    np.testing.assert_allclose(found.same.value, (classes[:, :2] == classes[:, 2:]).mean(0))
    rows = found.rows()
    assert [row["k"] for row in rows] == [1, 4]
    assert rows[0]["accuracy"] == pytest.approx(right[:, 0].mean())


@pytest.mark.parametrize("block", [1, 5])
def test_blocks_and_the_order_of_jets_change_nothing(folder, jets, block, monkeypatch):
    found = study_jets(TopK((1, 3)), load(folder), jets)
    monkeypatch.setattr(TopK, "block", block)
    again = study_jets(TopK((1, 3)), load(folder), jets[::-1])
    for name, values in found.arrays().items():
        np.testing.assert_allclose(again.arrays()[name], values, atol=1e-6, err_msg=name)


def test_drawing_counts_is_drawing_jets(folder):
    """The interval against the paired bootstrap of `bootstrap.draws`, on known answers."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    before, after = rng.random(400) < 0.8, rng.random(400) < 0.7
    measurement = TopK((1,), draws=4000).begin(load(folder))
    outcomes = np.zeros((10, 4), int)
    np.add.at(outcomes, (truth, 2 * before + after), 1)
    counted = measurement._draw(outcomes) @ np.array([0, 1, -1, 0]) / 400
    gain = after.astype(float) - before
    drawn = np.concatenate([block @ gain / 400 for block in draws(truth, 4000)])
    assert counted.mean() == pytest.approx(drawn.mean(), abs=0.003)
    assert counted.std() == pytest.approx(drawn.std(), rel=0.06)


def test_without_labels_there_is_no_accuracy(folder):
    found = study_jets(TopK((1,)), load(folder, "kin"), part.read_jets(folder / "bare.root"))
    assert found.accuracy is None
    assert found.rows()[0]["accuracy"] is None
    assert "accuracy" not in charts.charts(found)


def test_charts_show_points(folder, jets):
    found = study_jets(TopK((1, 3)), load(folder), jets)
    (series,) = charts.charts(found)["accuracy"].series
    np.testing.assert_allclose(series.y, 100 * found.change)
    assert series.low[0] <= series.y[0] <= series.high[0]


def test_what_makes_no_sense_is_refused(folder, jets):
    with pytest.raises(PartError, match=r"^pfn has no top-k attention: a PFN has no attention between particles\.$"):
        probabilities_by_k(load(folder, "pfn"), jets[:1], [1])
    with pytest.raises(PartError, match="k from 0 on; expected one"):
        probabilities_by_k(load(folder), jets[:1], [0])
    with pytest.raises(PartError, match="expected k from 1 on"):
        TopK(())
