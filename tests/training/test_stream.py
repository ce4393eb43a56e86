"""In which order jets come from files, and that every one does."""

import itertools

import numpy as np
import pytest
import torch

from part.jets.streaming import Span
from part.training.data.batches import Batches, ahead, deal, share
from part.training.data.ragged import PackedJets, concatenate
from part.training.data.stream import JetStream, cut

COUNTS = np.random.default_rng(0).integers(1, 80, 1200)  # constituents of each jet
FILES = [Span(f"{name}_{i}", 0, 100) for name in ("a", "b", "c") for i in range(4)]


def number(span: Span) -> np.ndarray:
    """Jets count through all files; a jet's number stands in its x, its class is the letter of its file."""
    at = next(i for i, file in enumerate(FILES) if file.path == span.path)
    return 100 * at + np.arange(span.start, span.stop)


def read(blocks, following):
    parts = []
    for block in blocks:
        jets = number(block)
        lengths = COUNTS[jets]
        x = torch.from_numpy(np.repeat(jets, lengths).astype(np.float32))[:, None]
        first = torch.from_numpy(np.concatenate([[0], lengths.cumsum()]))
        y = torch.full((len(jets),), "abc".index(block.path[0]))
        parts.append(PackedJets(x, x.expand(-1, 4), first, y))
    return parts


def stream(**options):
    return JetStream(cut(FILES, 20), read, **({"seed": 5, "pool": 240} | options))


def numbers(parts) -> np.ndarray:
    packed = concatenate(list(parts))
    return packed.x[packed.first[:-1], 0].numpy().astype(int)


def batches(**options):
    return Batches(**({"stream": stream(), "start": 0, "count": 960, "batch_size": 32, "micro_batch": 8} | options))


def in_batch(batch) -> np.ndarray:
    return np.concatenate([micro.x[:, 0, 0].numpy() for micro in batch]).astype(int)


def test_a_pass_holds_each_jet_once_and_the_next_one_too_in_another_order():
    seen = numbers(stream().jets(0, 2400))
    assert sorted(seen[:1200]) == sorted(seen[1200:]) == list(range(1200))
    assert seen[:1200].tolist() != seen[1200:].tolist()


def test_the_stream_is_the_same_from_wherever_it_is_entered():
    whole = numbers(stream().jets(0, 3000))
    for start, count in ((0, 1), (7, 500), (239, 2), (240, 240), (1199, 2), (1234, 1500)):
        assert numbers(stream().jets(start, count)).tolist() == whole[start : start + count].tolist()
    assert numbers(stream(seed=6).jets(0, 100)).tolist() != whole[:100].tolist()


def test_every_stretch_holds_all_files_and_so_all_classes():
    seen = numbers(stream(pool=120).jets(0, 1200)).reshape(10, 120)
    for stretch in seen:
        classes = np.bincount(stretch // 400, minlength=3)
        assert classes.min() >= 20, classes  # of 40 on average; a random order of blocks gives 0 at times
        assert len(np.unique(stretch // 100)) >= 5


def test_classes_can_be_balanced_though_files_are_not():
    lopsided = [span for span in FILES if span.path[0] == "a"] + [FILES[4], FILES[8]]
    balanced = JetStream(cut(lopsided, 20), read, seed=5, pool=600, balanced=True)
    seen = numbers(balanced.jets(0, 600))
    assert np.bincount(seen // 400).tolist() == [200, 200, 200]
    assert np.bincount(seen[seen >= 400]).max() == 2  # 100 jets of each of the rarer classes, each of them twice
    assert len(np.unique(seen[seen < 400])) == 200
    assert numbers(balanced.jets(150, 50)).tolist() == seen[150:200].tolist()


def test_the_reader_is_told_what_comes_next():
    asked = []

    def listening(blocks, following):
        asked.append((list(blocks), list(following)))
        return read(blocks, following)

    list(JetStream(cut(FILES, 20), listening, 5, pool=240).jets(0, 1201))
    assert len(asked) == 6
    for (_, announced), (wanted, _) in itertools.pairwise(asked):
        assert announced == wanted


def test_blocks_are_about_as_long_as_asked_for_and_leave_nothing_out():
    blocks = cut([Span("x", 5, 2510), Span("y", 0, 3)], 1000)
    assert [len(block) for block in blocks] == [835, 835, 835, 3]
    assert (blocks[0].start, blocks[2].stop) == (5, 2510)


def test_blocks_are_cut_where_files_are():
    small = cut([Span("x", 5, 2510)], 1000, {"x": range(0, 2600, 300)})
    assert [(block.start, block.stop) for block in small] == [(5, 900), (900, 1800), (1800, 2510)]
    large = cut([Span("x", 0, 5000)], 1000, {"x": (0, 3000, 5000)})
    assert [len(block) for block in large] == [3000, 2000]
    huge = cut([Span("x", 0, 50_000)], 1000, {"x": (0, 50_000)})
    assert {len(block) for block in huge} == {1000}
    assert len(cut([Span("x", 0, 700)], 1000, {"x": (0, 350, 700)})) == 1


def test_batches_hold_the_jets_of_the_stream_in_micro_batches_of_like_length():
    seen = list(batches())
    assert len(seen) == len(batches()) == 30
    assert sorted(np.concatenate([in_batch(b) for b in seen])) == sorted(numbers(stream().jets(0, 960)))
    assert {len(micro) for batch in seen for micro in batch} == {8}
    slots = sum(micro.mask.numel() for batch in seen for micro in batch)
    real = sum(int(micro.mask.sum()) for batch in seen for micro in batch)
    unsorted = sum(32 * COUNTS[in_batch(b)].max() for b in seen)
    assert slots < 1.25 * real < unsorted


def test_processes_share_each_batch_without_overlap():
    whole = list(batches())
    shares = [list(batches(rank=rank, ranks=2)) for rank in range(2)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(np.concatenate([in_batch(part) for part in parts])) == sorted(in_batch(batch))
        assert [len(in_batch(part)) for part in parts] == [16, 16]
    work = [sum(micro.mask.numel() for batch in part for micro in batch) for part in shares]
    assert max(work) < 1.1 * min(work)


def test_micro_batches_are_shared_out_there_and_back():
    batch = [np.array([i]) for i in range(8)]
    assert [int(m[0]) for m in share(batch, 0, 4)] == [0, 7]
    assert [int(m[0]) for m in share(batch, 3, 4)] == [3, 4]


def test_a_batch_has_short_and_long_jets_as_all_do():
    """Or BatchNorms would see other jets while they learn than later."""
    lengths = np.random.default_rng(1).permutation(640)
    for micro in (4, 8, 16, 64):
        dealt = deal(lengths, 64, micro, np.random.default_rng(0))
        assert sorted(np.concatenate([m for b in dealt for m in b])) == list(range(640))
        means = [lengths[np.concatenate(batch)].mean() for batch in dealt]
        assert np.std(means) < 1.5 * 640 / 12**0.5 / 64**0.5, (micro, means)  # as of random jets, or less
    again = deal(lengths, 64, 8, np.random.default_rng(2))
    assert [m.tolist() for b in again for m in b] != [
        m.tolist() for b in deal(lengths, 64, 8, np.random.default_rng(0)) for m in b
    ]


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_batch_that_passes_whole_is_not_sorted(ranks):
    shares = [list(batches(micro_batch=32 // ranks, rank=rank, ranks=ranks)) for rank in range(ranks)]
    assert {len(micro) for share in shares for batch in share for micro in batch} == {32 // ranks}
    longest = [int(batch[0].mask.sum(1).max()) for share in shares for batch in share]
    assert min(longest) > 60  # of up to 79
    together = np.concatenate([in_batch(batch) for share in shares for batch in share])
    assert sorted(together) == sorted(numbers(stream().jets(0, 960)))


def test_errors_of_what_is_made_ahead_arrive_in_their_turn():
    def items():
        yield from (1, 2)
        raise ValueError("spilt")

    made = ahead(items())
    assert [next(made), next(made)] == [1, 2]
    with pytest.raises(ValueError, match="spilt"):
        next(made)
    assert list(ahead(iter(range(20)))) == list(range(20))
