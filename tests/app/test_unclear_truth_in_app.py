"""A jet whose labels say two classes opens as a jet of no class, and the sidebar says why."""

import numpy as np
import pytest
from helpers.app_driver import open_page
from helpers.jet_samples import columns, write_tree

from app.services import files
from app.services.jets import load_sample
from part.jets.labels import UNKNOWN

BAD = 7


@pytest.fixture(scope="module")
def name(jets_folder):
    table = columns(12)
    both = table["label_Hbb"] | (np.arange(12) == BAD)
    write_tree(jets_folder / "two_labels.root", table | {"label_Hbb": both})
    yield "two_labels.root"
    (jets_folder / "two_labels.root").unlink()


def test_all_jets_are_listed_and_one_has_no_class(name):
    sample = load_sample(files.find(name))
    assert sample.n_kept == 12
    assert np.flatnonzero(sample.truth == UNKNOWN).tolist() == [BAD]


def test_the_page_of_the_jet_says_why(name, jets_folder):
    app = open_page("explore", file=name, jet=str(BAD))
    assert not app.exception
    assert not app.error
    said = " ".join(caption.value for caption in app.sidebar.caption).replace("\\", "")
    assert f"Taken as of no class: 1 jet whose labels say several, or none that there is; the first: {name}" in said
    assert f"entry {BAD}: it belongs to 2 classes of JetClass" in said
    assert str(jets_folder) not in said
