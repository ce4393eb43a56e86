"""Jets from files into memory, read by this process or by workers."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets

import part
from part.jets import make_batch
from part.jets.benchmarks import FULL, KIN
from part.jets.datasets import JETCLASS
from part.jets.finding import find_files
from part.jets.schema import MOMENTA
from part.jets.streaming import EntryRange, entry_ranges
from part.training.config import TrainingConfig
from part.training.data.datamodule import JetDataModule, load_tensors
from part.training.data.decode import Decoder
from part.training.data.ragged import JetSelection, concatenate, join_selections, read_tensors

COUNTS = [int(n) for n in np.random.default_rng(0).integers(1, 80, 200)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jets")
    return [write_jets(folder / f"{i}.root", COUNTS[100 * i : 100 * (i + 1)], seed=i) for i in range(2)]


@pytest.fixture(scope="module")
def tensors(files):
    return load_tensors(entry_ranges(list(map(str, files))), FULL, JETCLASS)


def equal(a, b) -> bool:
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("x", "v", "offsets", "y"))


def test_jets_in_memory_are_those_of_the_files(files, tensors):
    chosen = torch.tensor([3, 150, 199])
    batch = tensors.batch(chosen)
    jets = part.read_jets(files[1])
    expected = make_batch(jets[[50, 99]], FULL, JETCLASS, length=batch.x.shape[1])
    assert tensors.lengths.tolist() == COUNTS
    assert torch.equal(batch.x[1:], expected.x)
    assert torch.equal(batch.v[1:], expected.v)
    assert torch.equal(batch.mask[1:], expected.mask)
    assert batch.y.tolist() == [3, 0, 9]


def test_selected_and_concatenated_jets_are_unchanged(tensors):
    order = np.array([199, 0, 7, 0])
    selected_jets = tensors.take(order)
    assert selected_jets.lengths.tolist() == [COUNTS[i] for i in order]
    expected = tensors.batch(torch.from_numpy(order))
    restored = selected_jets.batch(torch.arange(4))
    assert all(torch.equal(getattr(restored, name), getattr(expected, name)) for name in ("x", "v", "mask", "y"))
    assert equal(concatenate([tensors.take(np.arange(80)), tensors.take(np.arange(80, 200))]), tensors)
    assert len(tensors.take(np.array([], int))) == 0


def test_selections_from_one_or_several_sources_are_the_same(tensors):
    parts = [tensors.take(np.arange(80)), tensors.take(np.arange(80, 200))]
    order = np.array([199, 80, 7, 100, 7])
    joined = join_selections(
        [JetSelection(parts[1], order[:2] - 80), JetSelection(parts[0], order[2:3]), JetSelection(tensors, order[3:])]
    )
    for selection in (
        joined,
        JetSelection(tensors, order),
        join_selections([JetSelection(tensors, order)]),
        JetSelection(tensors, np.tile(order, 2))[5:],
    ):
        assert selection.lengths.tolist() == tensors.lengths[order].tolist()
        assert equal(selection.jets, tensors.take(order))
        batch, expected = selection.batch(np.array([1, 4])), tensors.batch(torch.tensor([80, 7]))
        assert all(torch.equal(getattr(batch, name), getattr(expected, name)) for name in ("x", "v", "mask", "y"))


def test_a_limit_takes_jets_from_everywhere(files):
    ranges = entry_ranges(list(map(str, files)))
    few = load_tensors(ranges, FULL, JETCLASS, limit=50)
    assert 40 <= len(few) <= 60
    assert few.y.bincount(minlength=10).min() > 0  # the classes come in turn
    assert equal(few, load_tensors(ranges, FULL, JETCLASS, limit=50))
    assert len(load_tensors(ranges, FULL, JETCLASS, limit=3)) >= 1
    assert len(load_tensors(ranges, FULL, JETCLASS, limit=5000)) == 200


@pytest.mark.slow
def test_workers_decode_what_this_process_would(files):
    blocks = [EntryRange(str(file), start, start + 50) for file in files for start in (0, 50)]
    alone, helped = Decoder(FULL, JETCLASS), Decoder(FULL, JETCLASS, workers=1)
    try:
        for blocks_now, following in ((blocks[:2], blocks[2:]), (blocks[2:], blocks[:2])):
            assert all(map(equal, helped(blocks_now, following), alone(blocks_now)))
        with pytest.raises(part.PartError, match=r"gone\.root: No such file"):
            helped([EntryRange(str(files[0].parent / "gone.root"), 0, 5)])
    finally:
        helped.close()


def test_decoded_jets_are_kept_while_memory_lasts(files, tensors):
    blocks = [EntryRange(str(file), 0, 100) for file in files]
    one_block = read_tensors(blocks[0], FULL, JETCLASS).nbytes
    for memory, cached in ((1e9, [True, True]), (one_block, [True, False]), (0, [False, False])):
        decoder = Decoder(FULL, JETCLASS, memory=memory)
        first, second = decoder(blocks), decoder(blocks)
        assert [a is b for a, b in zip(first, second, strict=True)] == cached
        assert equal(concatenate(second), tensors)


def test_only_the_branches_of_the_inputs_are_read(files):
    jets = part.read_jets(files[0], 0, 3, KIN.branches)
    assert set(jets.fields) == set(KIN.branches)
    assert set(part.read_jets(files[0], 0, 3, ["jet_pt"]).fields) == {"jet_pt", *MOMENTA}


def test_a_file_cannot_be_for_training_and_validation(files):
    config = TrainingConfig("JetClass", "PFN", "full", (str(files[0].parent),), (str(files[1]),), "x", batch_size=8)
    with pytest.raises(part.PartError, match=r"1\.root is among the training files and among those for validation"):
        JetDataModule(config)


def test_files_folders_and_globs_are_found_and_an_empty_result_is_refused(files, tmp_path):
    folder = files[0].parent
    assert find_files([str(folder)]) == sorted(files)
    assert find_files([str(files[0]), str(folder)]) == sorted(files)
    assert find_files([str(folder / "*.root")]) == sorted(files)
    with pytest.raises(part.PartError, match="No jets at"):
        find_files([str(tmp_path)])


def test_jets_without_labels_cannot_be_trained_on(tmp_path):
    path = write_jets(tmp_path / "plain.root", [3, 4], momenta_only=True)
    with pytest.raises(part.PartError, match=r"plain\.root.* branch part_|has no labels"):
        load_tensors(entry_ranges([str(path)]), FULL, JETCLASS)
    with pytest.raises(part.PartError, match="has no labels; training needs label_QCD"):
        load_tensors(entry_ranges([str(path)]), KIN, JETCLASS)
