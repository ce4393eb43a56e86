"""A jet that cannot be used stops no training; a file of nothing else does before the first step."""

import numpy as np
import pytest
from helpers.jet_samples import columns, with_value, write_tree

from part.errors import PartError
from part.jets.benchmarks import FULL, KIN
from part.jets.datasets import JETCLASS
from part.jets.notices import JetWarning
from part.jets.streaming import EntryRange
from part.training.data.decode import Decoder
from part.training.data.ragged import read_tensors
from part.training.data.stream import JetStream

BAD = 7
pytestmark = pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")


@pytest.fixture
def path(tmp_path):
    table = columns(12)
    odd = {"part_pz": with_value(table["part_pz"], np.inf), "part_deta": with_value(table["part_deta"], 3e38, 2)}
    return str(write_tree(tmp_path / "jets.root", table | odd))


@pytest.mark.parametrize(("features", "left_out"), [(FULL, [2, BAD]), (KIN, [2, BAD])])
def test_the_others_are_read(path, features, left_out):
    with pytest.warns(JetWarning, match="Left out: some jets that cannot be used"):
        tensors = read_tensors(EntryRange(path, 0, 12), features, JETCLASS)
    kept = [i for i in range(12) if i not in left_out]
    assert tensors.entries.tolist() == kept
    assert tensors.y.tolist() == [i % 10 for i in kept]
    assert tensors.x.isfinite().all()


def test_a_pass_has_as_many_jets_as_the_file_has_entries(path):
    blocks = [EntryRange(path, start, start + 4) for start in (0, 4, 8)] + [EntryRange(path, BAD, BAD + 1)]
    stream = JetStream(blocks, Decoder(FULL, JETCLASS))
    assert sum(len(jets) for jets in stream.jets(0, len(stream))) == len(stream) == 13


def test_nothing_but_such_jets_is_an_error_with_its_reason(path):
    assert len(read_tensors(EntryRange(path, BAD, BAD + 1), FULL, JETCLASS)) == 0
    with pytest.raises(PartError, match=rf"part_pz, entry {BAD}, constituent 1: inf"):
        read_tensors(EntryRange(path, BAD, BAD + 1, strict=True), FULL, JETCLASS)
