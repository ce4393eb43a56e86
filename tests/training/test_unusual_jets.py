"""A training needs the class of each jet, and says once that it takes 0 for what is not a number."""

import pytest
from helpers.field import JET, of_no_class, with_nan
from helpers.jet_samples import columns, write_tree

from part.errors import PartError
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import JETCLASS
from part.jets.notices import JetWarning
from part.jets.streaming import EntryRange
from part.training.data.ragged import read_tensors

FULL = FEATURE_SETS["full"]


def test_a_jet_of_no_class_is_named(tmp_path):
    path = str(write_tree(tmp_path / "none.root", of_no_class(columns(12))))
    assert len(read_tensors(EntryRange(path, 0, JET), FULL, JETCLASS)) == JET
    with pytest.raises(PartError, match=rf"none\.root, entry {JET}: a jet of no class of JetClass; training needs one"):
        read_tensors(EntryRange(path, 2, 9), FULL, JETCLASS)


def test_blocks_with_nan_all_say_the_same(tmp_path):
    path = str(write_tree(tmp_path / "nan.root", with_nan(with_nan(columns(12)), 1)))
    for block in (EntryRange(path, 0, 3), EntryRange(path, 3, 9)):
        with pytest.warns(JetWarning, match=r"^NaN among the inputs of some jets \(part_dz\); 0 was taken there"):
            assert read_tensors(block, FULL, JETCLASS).x.isfinite().all()
