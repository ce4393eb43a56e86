"""The order of the jets of a training, which contains every jet."""

import itertools

import numpy as np
import pytest
import torch

from part.jets.streaming import EntryRange
from part.training.data.batches import Batches, assign_to_rank, make_micro_batches, prefetch
from part.training.data.ragged import JetTensors, concatenate
from part.training.data.stream import JetStream, split_into_blocks

COUNTS = np.random.default_rng(0).integers(1, 80, 1200)  # constituents of each jet
FILES = [EntryRange(f"{name}_{i}", 0, 100) for name in ("a", "b", "c") for i in range(4)]


def numbers_of(entries: EntryRange) -> np.ndarray:
    """Return the numbers of jets, counted through all files; they are their x; the class is the letter of the file."""
    file = next(i for i, file in enumerate(FILES) if file.path == entries.path)
    return 100 * file + np.arange(entries.start, entries.stop)


def read(blocks, following):
    tensors = []
    for block in blocks:
        jets = numbers_of(block)
        lengths = COUNTS[jets]
        x = torch.from_numpy(np.repeat(jets, lengths).astype(np.float32))[:, None]
        offsets = torch.from_numpy(np.concatenate([[0], lengths.cumsum()]))
        y = torch.full((len(jets),), "abc".index(block.path[0]))
        tensors.append(JetTensors(x, x.expand(-1, 4), offsets, y))
    return tensors


def stream(**options):
    return JetStream(split_into_blocks(FILES, 20), read, **({"seed": 5, "pool": 240} | options))


def numbers(blocks) -> np.ndarray:
    jets = concatenate(list(blocks))
    return jets.x[jets.offsets[:-1], 0].numpy().astype(int)


def batches(**options):
    return Batches(**({"stream": stream(), "start": 0, "count": 960, "batch_size": 32, "micro_batch": 8} | options))


def in_batch(batch) -> np.ndarray:
    return np.concatenate([micro.x[:, 0, 0].numpy() for micro in batch]).astype(int)


def test_a_pass_holds_each_jet_once_and_the_next_one_too_in_another_order():
    seen = numbers(stream().jets(0, 2400))
    assert sorted(seen[:1200]) == sorted(seen[1200:]) == list(range(1200))
    assert seen[:1200].tolist() != seen[1200:].tolist()


def test_the_stream_is_the_same_from_every_starting_point():
    full = numbers(stream().jets(0, 3000))
    for start, count in ((0, 1), (7, 500), (239, 2), (240, 240), (1199, 2), (1234, 1500)):
        assert numbers(stream().jets(start, count)).tolist() == full[start : start + count].tolist()
    assert numbers(stream(seed=6).jets(0, 100)).tolist() != full[:100].tolist()


def test_every_stretch_holds_all_files_and_so_all_classes():
    seen = numbers(stream(pool=120).jets(0, 1200)).reshape(10, 120)
    for stretch in seen:
        classes = np.bincount(stretch // 400, minlength=3)
        assert classes.min() >= 20, classes  # of 40 on average; a random order of blocks gives 0 at times
        assert len(np.unique(stretch // 100)) >= 5


def test_classes_can_be_balanced_though_files_are_not():
    lopsided = [span for span in FILES if span.path[0] == "a"] + [FILES[4], FILES[8]]
    balanced = JetStream(split_into_blocks(lopsided, 20), read, seed=5, pool=600, balanced=True)
    seen = numbers(balanced.jets(0, 600))
    assert np.bincount(seen // 400).tolist() == [200, 200, 200]
    assert np.bincount(seen[seen >= 400]).max() == 2  # 100 jets of each of the rarer classes, each of them twice
    assert len(np.unique(seen[seen < 400])) == 200
    assert numbers(balanced.jets(150, 50)).tolist() == seen[150:200].tolist()


def test_the_reader_knows_the_next_blocks():
    requests = []

    def recording_read(blocks, following):
        requests.append((list(blocks), list(following)))
        return read(blocks, following)

    list(JetStream(split_into_blocks(FILES, 20), recording_read, 5, pool=240).jets(0, 1201))
    assert len(requests) == 6
    for (_, upcoming), (requested, _) in itertools.pairwise(requests):
        assert upcoming == requested


def test_blocks_have_about_the_requested_size_and_leave_nothing_out():
    blocks = split_into_blocks([EntryRange("x", 5, 2510), EntryRange("y", 0, 3)], 1000)
    assert [len(block) for block in blocks] == [835, 835, 835, 3]
    assert (blocks[0].start, blocks[2].stop) == (5, 2510)


def test_blocks_end_where_clusters_of_the_file_end():
    small = split_into_blocks([EntryRange("x", 5, 2510)], 1000, {"x": range(0, 2600, 300)})
    assert [(block.start, block.stop) for block in small] == [(5, 900), (900, 1800), (1800, 2510)]
    large = split_into_blocks([EntryRange("x", 0, 5000)], 1000, {"x": (0, 3000, 5000)})
    assert [len(block) for block in large] == [3000, 2000]
    huge = split_into_blocks([EntryRange("x", 0, 50_000)], 1000, {"x": (0, 50_000)})
    assert {len(block) for block in huge} == {1000}
    assert len(split_into_blocks([EntryRange("x", 0, 700)], 1000, {"x": (0, 350, 700)})) == 1


def test_batches_hold_the_jets_of_the_stream_in_micro_batches_of_similar_length():
    seen = list(batches())
    assert len(seen) == len(batches()) == 30
    assert sorted(np.concatenate([in_batch(b) for b in seen])) == sorted(numbers(stream().jets(0, 960)))
    assert {len(micro) for batch in seen for micro in batch} == {8}
    slots = sum(micro.mask.numel() for batch in seen for micro in batch)
    real = sum(int(micro.mask.sum()) for batch in seen for micro in batch)
    unsorted = sum(32 * COUNTS[in_batch(b)].max() for b in seen)
    assert slots < 1.25 * real < unsorted


def test_processes_share_each_batch_without_overlap():
    full = list(batches())
    shares = [list(batches(rank=rank, world_size=2)) for rank in range(2)]
    for batch, *own in zip(full, *shares, strict=True):
        assert sorted(np.concatenate([in_batch(share) for share in own])) == sorted(in_batch(batch))
        assert [len(in_batch(share)) for share in own] == [16, 16]
    work = [sum(micro.mask.numel() for batch in share for micro in batch) for share in shares]
    assert max(work) < 1.1 * min(work)


def test_ranks_alternate_in_both_directions():
    batch = [np.array([i]) for i in range(8)]
    assert [int(m[0]) for m in assign_to_rank(batch, 0, 4)] == [0, 7]
    assert [int(m[0]) for m in assign_to_rank(batch, 3, 4)] == [3, 4]


def test_every_batch_has_the_same_mixture_of_short_and_long_jets():
    """Otherwise BatchNorms would see other jets in training than in evaluation."""
    lengths = np.random.default_rng(1).permutation(640)
    for micro in (4, 8, 16, 64):
        result = make_micro_batches(lengths, 64, micro, np.random.default_rng(0))
        assert sorted(np.concatenate([m for b in result for m in b])) == list(range(640))
        means = [lengths[np.concatenate(batch)].mean() for batch in result]
        assert np.std(means) < 1.5 * 640 / 12**0.5 / 64**0.5, (micro, means)  # as of random jets, or less
    other_seed = make_micro_batches(lengths, 64, 8, np.random.default_rng(2))
    assert [m.tolist() for b in other_seed for m in b] != [
        m.tolist() for b in make_micro_batches(lengths, 64, 8, np.random.default_rng(0)) for m in b
    ]


@pytest.mark.parametrize("ranks", [1, 2])
def test_an_undivided_batch_is_not_sorted(ranks):
    shares = [list(batches(micro_batch=32 // ranks, rank=rank, world_size=ranks)) for rank in range(ranks)]
    assert {len(micro) for share in shares for batch in share for micro in batch} == {32 // ranks}
    longest = [int(batch[0].mask.sum(1).max()) for share in shares for batch in share]
    assert min(longest) > 60  # of up to 79
    joint = np.concatenate([in_batch(batch) for share in shares for batch in share])
    assert sorted(joint) == sorted(numbers(stream().jets(0, 960)))


def test_errors_of_prefetched_items_arrive_in_their_turn():
    def items():
        yield from (1, 2)
        raise ValueError("broken")

    items_ahead = prefetch(items())
    assert [next(items_ahead), next(items_ahead)] == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(items_ahead)
    assert list(prefetch(iter(range(20)))) == list(range(20))
