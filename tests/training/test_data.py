"""Jets from files into memory, by this process or by others."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets

import part
from part.jets import make_batch
from part.jets.schema import FULL, JETCLASS, KIN
from part.jets.streaming import Span, find_files, spans
from part.training.data.datamodule import JetData, load_packed
from part.training.data.decode import Decoder
from part.training.data.ragged import Drawn, concatenate, join, read_packed
from part.training.plan import Plan

COUNTS = [int(n) for n in np.random.default_rng(0).integers(1, 80, 200)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jets")
    return [write_jets(folder / f"{i}.root", COUNTS[100 * i : 100 * (i + 1)], seed=i) for i in range(2)]


@pytest.fixture(scope="module")
def packed(files):
    return load_packed(spans(list(map(str, files))), FULL, JETCLASS)


def equal(a, b) -> bool:
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("x", "v", "first", "y"))


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


def test_taken_and_joined_jets_keep_what_they_are(packed):
    order = np.array([199, 0, 7, 0])
    some = packed.take(order)
    assert some.lengths.tolist() == [COUNTS[i] for i in order]
    expected = packed.batch(torch.from_numpy(order))
    again = some.batch(torch.arange(4))
    assert all(torch.equal(getattr(again, name), getattr(expected, name)) for name in ("x", "v", "mask", "y"))
    assert equal(concatenate([packed.take(np.arange(80)), packed.take(np.arange(80, 200))]), packed)
    assert len(packed.take(np.array([], int))) == 0


def test_jets_drawn_from_one_or_several_sources_are_the_same(packed):
    parts = [packed.take(np.arange(80)), packed.take(np.arange(80, 200))]
    order = np.array([199, 80, 7, 100, 7])
    apart = join([Drawn(parts[1], order[:2] - 80), Drawn(parts[0], order[2:3]), Drawn(packed, order[3:])])
    for drawn in (apart, Drawn(packed, order), join([Drawn(packed, order)]), Drawn(packed, np.tile(order, 2))[5:]):
        assert drawn.lengths.tolist() == packed.lengths[order].tolist()
        assert equal(drawn.jets, packed.take(order))
        batch, expected = drawn.batch(np.array([1, 4])), packed.batch(torch.tensor([80, 7]))
        assert all(torch.equal(getattr(batch, name), getattr(expected, name)) for name in ("x", "v", "mask", "y"))


def test_a_limit_takes_jets_from_everywhere(files):
    found = spans(list(map(str, files)))
    few = load_packed(found, FULL, JETCLASS, limit=50)
    assert 40 <= len(few) <= 60
    assert few.y.bincount(minlength=10).min() > 0  # the classes come in turn
    assert equal(few, load_packed(found, FULL, JETCLASS, limit=50))
    assert len(load_packed(found, FULL, JETCLASS, limit=3)) >= 1
    assert len(load_packed(found, FULL, JETCLASS, limit=5000)) == 200


def test_workers_decode_what_this_process_would(files):
    blocks = [Span(str(file), start, start + 50) for file in files for start in (0, 50)]
    alone, helped = Decoder(FULL, JETCLASS), Decoder(FULL, JETCLASS, workers=1)
    try:
        for asked, following in ((blocks[:2], blocks[2:]), (blocks[2:], blocks[:2])):
            assert all(map(equal, helped(asked, following), alone(asked)))
        with pytest.raises(part.PartError, match=r"gone\.root: No such file"):
            helped([Span(str(files[0].parent / "gone.root"), 0, 5)])
    finally:
        helped.close()


def test_decoded_jets_are_kept_as_far_as_memory_goes(files, packed):
    blocks = [Span(str(file), 0, 100) for file in files]
    room = read_packed(blocks[0], FULL, JETCLASS).nbytes
    for memory, kept in ((1e9, [True, True]), (room, [True, False]), (0, [False, False])):
        decoder = Decoder(FULL, JETCLASS, memory=memory)
        first, again = decoder(blocks), decoder(blocks)
        assert [a is b for a, b in zip(first, again, strict=True)] == kept
        assert equal(concatenate(again), packed)


def test_only_the_branches_of_the_inputs_are_read(files):
    jets = part.read_jets(files[0], 0, 3, KIN.branches)
    assert set(jets.fields) == set(KIN.branches)
    assert set(part.read_jets(files[0], 0, 3, ["jet_pt"]).fields) == {"jet_pt", *KIN.branches[:4]}


def test_validation_jets_are_no_training_jets(files):
    plan = Plan("JetClass", "PFN", "full", (str(files[0].parent),), (str(files[1]),), "x", batch_size=8)
    with pytest.raises(part.PartError, match=r"1\.root is among the training files and among those for validation"):
        JetData(plan)


def test_files_folders_and_globs_are_found_and_nothing_is_refused(files, tmp_path):
    folder = files[0].parent
    assert find_files([str(folder)]) == sorted(files)
    assert find_files([str(files[0]), str(folder)]) == sorted(files)
    assert find_files([str(folder / "*.root")]) == sorted(files)
    with pytest.raises(part.PartError, match="No jets at"):
        find_files([str(tmp_path)])


def test_jets_without_labels_cannot_be_trained_on(tmp_path):
    path = write_jets(tmp_path / "plain.root", [3, 4], momenta_only=True)
    with pytest.raises(part.PartError, match=r"plain\.root.* branch part_|has no labels"):
        load_packed(spans([str(path)]), FULL, JETCLASS)
    with pytest.raises(part.PartError, match="has no labels; training needs label_QCD"):
        load_packed(spans([str(path)]), KIN, JETCLASS)
