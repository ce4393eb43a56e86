"""The stream of a training takes jets by selection and by weight, as many as it says, from any starting point."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.own_training import CLASSES, own_config, write_own_jets
from helpers.references import weaver_module
from helpers.weaver_run import numba  # noqa: F401

from part.errors import PartError
from part.jets.config.parsing import parse_config
from part.jets.config.reweighting import make_histograms
from part.jets.streaming import EntryRange
from part.training.data.batches import Batches
from part.training.data.datamodule import load_tensors
from part.training.data.decode import Decoder
from part.training.data.ragged import JetTensors, concatenate
from part.training.data.sizes import block_sizes
from part.training.data.stream import JetStream, accept_by_weight, split_into_blocks

N = 1500
WEIGHTS = {
    "use_precomputed_weights": False,
    "reweight_method": "flat",
    "reweight_vars": {"fj_pt": [80, 250, 400, 700], "fj_eta": [-1.2, 0, 1.2]},
    "reweight_classes": list(CLASSES),
    "class_weights": [1, 1, 2],
}


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    """Return a file in which the classes are not equally frequent."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("jets") / "jets.root"
    truth = rng.choice(3, N, p=(0.1, 0.3, 0.6))
    changes = {name: (truth == i).astype(np.int32) for i, name in enumerate(CLASSES)}
    return str(write_own_jets(path, N, **changes, xsec=rng.uniform(0, 1.2, N).astype(np.float32)))


def config_of(jets: str, weights: dict | None = None, **changes):
    config = parse_config(own_config("plain", weights=weights, **changes), "mine", "mine.yaml")
    if not weights or weights["use_precomputed_weights"]:
        return config
    lists = {name: histogram.tolist() for name, histogram in make_histograms(config, [jets]).items()}
    return config.with_options(weights={**weights, "reweight_hists": lists})


def stream_of(jets: str, config, **options):
    blocks = split_into_blocks([EntryRange(jets, 0, N)], 50)
    counted = block_sizes(blocks, config)
    read = Decoder(config.feature_set(), config.dataset(3))
    return JetStream(list(counted.sizes), read, **({"seed": 2, "sizes": counted.sizes} | options))


def entries_of(config, jets: str) -> np.ndarray:
    table = Decoder(config.feature_set(), config.dataset(3))([EntryRange(jets, 0, N)])[0]
    return table.entries.numpy()


def test_a_pass_holds_each_selected_jet_once(jets):
    config = config_of(jets, selection="(fj_pt > 300) & (fj_eta > 0)")
    stream = stream_of(jets, config, pool=100)
    seen = concatenate(list(stream.jets(0, 2 * len(stream))))
    first, second = (seen.take(np.arange(i * len(stream), (i + 1) * len(stream))) for i in (0, 1))
    assert 100 < len(stream) == len(entries_of(config, jets)) < N / 2
    for name in ("x", "v"):  # the same jets in another order
        sums = [np.sort([float(getattr(pass_.take(np.array([i])), name).sum()) for i in range(len(pass_))])
                for pass_ in (first, second)]  # fmt: skip
        np.testing.assert_allclose(*sums, rtol=1e-4, atol=1e-3)
    assert first.y.tolist() != second.y.tolist()


def test_a_pass_has_the_composition_that_the_weights_ask_for(jets):
    stream = stream_of(jets, config_of(jets, WEIGHTS))
    seen = concatenate(list(stream.jets(0, 6 * len(stream)))).y
    shares = np.bincount(seen.numpy()) / len(seen)
    np.testing.assert_allclose(shares, (0.25, 0.25, 0.5), atol=0.03)
    plain = concatenate(list(stream_of(jets, config_of(jets)).jets(0, 500))).y
    assert np.bincount(plain.numpy())[0] / 500 < 0.15


def test_the_weighted_stream_is_the_same_from_every_starting_point(jets):
    stream = stream_of(jets, config_of(jets, WEIGHTS), pool=200)
    full = concatenate(list(stream.jets(0, 3 * len(stream))))
    for start, count in ((0, 1), (7, 500), (len(stream) - 1, 2), (len(stream) + 150, 333)):
        own, expected = concatenate(list(stream.jets(start, count))), full.take(np.arange(start, start + count))
        assert torch.equal(own.x, expected.x)
        assert torch.equal(own.y, expected.y)
    batches = [np.concatenate([micro.y.numpy() for micro in b]) for b in Batches(stream, 0, 256, 32, 8)]
    assert np.sort(np.concatenate(batches)).tolist() == full.y[:256].sort().values.tolist()


def test_balanced_classes_come_equally_often_of_selected_jets(jets):
    stream = stream_of(jets, config_of(jets, selection="fj_pt > 300"), balanced=True)
    counts = np.bincount(concatenate(list(stream.jets(0, len(stream)))).y.numpy())
    assert counts.max() - counts.min() <= 1


@pytest.mark.witness
def test_jets_are_taken_as_often_as_by_weaver(numba):  # noqa: F811
    """Each jet's number of times, averaged over passes, is that of weaver's own sampling."""
    rng = np.random.default_rng(1)
    weights = rng.uniform(0, 0.6, 400).astype(np.float32)
    weights[:20], weights[20:30] = 0, 1.5
    sample = weaver_module("0.5.3", "weaver.utils.dataset")._get_reweight_indices
    np.random.seed(1)  # weaver has no generator of its own
    theirs = np.mean([np.bincount(sample(weights), minlength=400) for _ in range(800)], axis=0)
    ours = np.mean([np.bincount(accept_by_weight(weights, 400, rng), minlength=400) for _ in range(800)], axis=0)
    assert ours[:20].max() == theirs[:20].max() == 0
    np.testing.assert_allclose(ours / ours.sum(), theirs / theirs.sum(), atol=5e-4)


def test_tiny_weights_take_jets_all_the_same():
    taken = accept_by_weight(np.array([0, 1e-12, np.nan, 3e-12, -1]), 4000, np.random.default_rng(0))
    counts = np.bincount(taken, minlength=5)
    assert counts[[0, 2, 4]].tolist() == [0, 0, 0]
    assert 2.5 < counts[3] / counts[1] < 3.5
    with pytest.raises(PartError, match="none has a weight above zero"):
        accept_by_weight(np.zeros(3), 2, np.random.default_rng(0))


def test_small_weights_make_a_pass_shorter_rather_than_repeat_jets_too_often(jets):
    weights = {"use_precomputed_weights": True, "weight_branches": ["xsec", "0.01"]}
    counted = block_sizes(split_into_blocks([EntryRange(jets, 0, N)], 50), config_of(jets, weights, selection=None))
    assert counted.n_jets == N
    assert counted.share == pytest.approx(10 * 0.6 * 0.01, rel=0.1)


def test_where_nothing_is_selected_or_weighs_anything_the_training_is_refused(jets):
    blocks = split_into_blocks([EntryRange(jets, 0, N)])
    with pytest.raises(PartError, match=r"mine: its selection keeps no jet of .*jets\.root"):
        block_sizes(blocks, config_of(jets, selection="fj_pt > 1e6"))
    weightless = {"use_precomputed_weights": True, "weight_branches": ["fj_pt < 0"]}
    with pytest.raises(PartError, match=r"mine: no jet of .*jets\.root .* has a weight above zero"):
        block_sizes(blocks, config_of(jets, weightless))


def test_validation_jets_are_selected_and_weighted_too(jets):
    config, ranges = config_of(jets, WEIGHTS), [EntryRange(jets, 0, N)]
    dataset, features = config.dataset(3), config.feature_set()
    sampled = load_tensors(ranges, features, dataset, None)
    assert np.bincount(sampled.y.numpy())[0] / len(sampled) > 0.2  # they are 10 % of the file
    assert torch.equal(sampled.x, load_tensors(ranges, features, dataset, None).x)
    assert not torch.equal(sampled.y, load_tensors(ranges, features, dataset, None, seed=2).y)
    some = config_of(jets, selection="fj_pt > 400")
    few = load_tensors(ranges, some.feature_set(), dataset, 200)
    assert 100 < len(few) < 300


def test_jets_without_particles_are_left_out_and_replaced(jets):
    def read(blocks, following):
        x = torch.zeros(30, 1)
        return [JetTensors(x, x.expand(-1, 4), torch.arange(0, 31, 3), torch.arange(10) % 2) for _ in blocks]

    stream = JetStream([EntryRange("a", 0, 12), EntryRange("a", 12, 24)], read)
    assert sum(map(len, stream.jets(5, 50))) == 50
    empty = replace(stream, read=lambda blocks, following: [read([0], [])[0].take(np.array([], int)) for _ in blocks])
    with pytest.raises(PartError, match="none is left: none can be used"):
        list(empty.jets(0, 5))
