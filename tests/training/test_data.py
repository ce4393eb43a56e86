"""Which jets a training sees, and how little of it is padding."""

import numpy as np
import pytest
import torch
from toy_jets import write_jets

import part
from part.jets import make_batch
from part.jets.schema import FULL, JETCLASS
from part.training.data import LengthSampler, find_files, load_packed

COUNTS = [int(n) for n in np.random.default_rng(0).integers(1, 80, 200)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jets")
    return [write_jets(folder / f"{i}.root", COUNTS[100 * i : 100 * (i + 1)], seed=i) for i in range(2)]


@pytest.fixture(scope="module")
def packed(files):
    return load_packed(files, FULL, JETCLASS)


def sampler(**options):
    values = {"batch_size": 32, "micro_batch": 8, "jets_per_epoch": 160, "seed": 5} | options
    return LengthSampler(np.array(COUNTS), **values)


def test_packed_jets_are_those_of_the_files(files, packed):
    chosen = torch.tensor([3, 150, 199])
    batch = packed.batch(chosen)
    jets = part.read_jets(files[1])
    expected = make_batch(jets[[50, 99]], FULL, JETCLASS, length=batch.x.shape[1])
    assert packed.lengths.tolist() == COUNTS
    assert torch.equal(batch.x[1:], expected.x)
    assert torch.equal(batch.v[1:], expected.v)
    assert torch.equal(batch.mask[1:], expected.mask)
    assert batch.y.tolist() == [3, 0, 9]


def test_a_limit_draws_jets_at_random(files):
    few = load_packed(files, FULL, JETCLASS, limit=50, seed=1)
    assert len(few) == 50
    assert few.y.bincount(minlength=10).max() < 15  # the classes come in turn, so a draw holds all of them
    assert torch.equal(few.y, load_packed(files, FULL, JETCLASS, limit=50, seed=1).y)


def test_every_jet_is_seen_once_in_a_pass_whatever_the_epochs():
    seen = np.concatenate(
        [j for epoch in range(5) for batch in sampler(epoch=epoch, jets_per_epoch=160) for j in batch]
    )
    assert np.bincount(seen, minlength=200).tolist() == [4] * 200  # 800 jets are four passes


def test_processes_share_each_batch_without_overlap():
    whole = list(sampler())
    shares = [list(sampler(rank=rank, ranks=2)) for rank in range(2)]
    assert len(whole) == len(shares[0]) == len(shares[1]) == 5
    for batch, *parts in zip(whole, *shares, strict=True):
        together = np.concatenate([jets for part in parts for jets in part])
        assert sorted(together) == sorted(np.concatenate(batch))
        assert sum(map(len, parts[0])) == sum(map(len, parts[1])) == 16
    work = [sum(len(jets) * COUNTS[jets[-1]] for batch in share for jets in batch) for share in shares]
    assert max(work) < 1.15 * min(work)


def test_sorting_by_length_saves_most_of_the_padding():
    lengths = np.array(COUNTS)

    def slots(batches):
        return sum(len(jets) * lengths[jets].max() for batch in batches for jets in batch)

    real = sum(lengths[jets].sum() for batch in sampler() for jets in batch)
    unsorted = slots(sampler(pool=1, micro_batch=32))
    assert slots(sampler()) < 1.25 * real < unsorted


def test_another_seed_or_epoch_is_another_order():
    def first(**options):
        return np.concatenate(next(iter(sampler(**options)))).tolist()

    assert first() == first()
    assert first() != first(epoch=1)
    assert first() != first(seed=6)


def test_files_folders_and_globs_are_found_and_nothing_is_refused(files, tmp_path):
    folder = files[0].parent
    assert find_files([str(folder)]) == sorted(files)
    assert find_files([str(files[0]), str(folder)]) == sorted(files)
    assert find_files([str(folder / "*.root")]) == sorted(files)
    with pytest.raises(part.PartError, match="No jets at"):
        find_files([str(tmp_path)])


def test_jets_without_labels_cannot_be_trained_on(tmp_path):
    path = write_jets(tmp_path / "plain.root", [3, 4], momenta_only=True)
    with pytest.raises(part.PartError):
        load_packed([path], FULL, JETCLASS)
