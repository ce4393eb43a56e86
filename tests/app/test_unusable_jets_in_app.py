"""A jet that cannot be used does not keep its file from opening; it is named with its reason where a link shows it."""

import numpy as np
import pytest
from helpers.app_driver import open_page, sentences
from helpers.jet_samples import columns, with_value, write_tree

from app.services import files
from app.services.jets import jets_at, kept_entries, load_sample
from part.errors import PartError

BAD = 7


@pytest.fixture(scope="module")
def name(jets_folder):
    table = columns(12)
    write_tree(jets_folder / "unusable.root", table | {"part_px": with_value(table["part_px"], np.nan)})
    yield "unusable.root"
    (jets_folder / "unusable.root").unlink()


def test_the_others_are_listed(name):
    file = files.find(name)
    sample = load_sample(file)
    assert (sample.total, sample.n_kept) == (12, 11)
    assert not sample.kept[BAD]
    assert any("1 jet that cannot be used" in note for note in sample.notes)
    assert kept_entries(file, np.arange(5, 10)).tolist() == [5, 6, 8, 9]
    table = columns(12)
    assert jets_at(file, [8, 6])["part_py"].to_list() == [table["part_py"][i].to_list() for i in (8, 6)]


def test_the_jet_itself_has_a_reason_without_the_servers_path(name, jets_folder):
    with pytest.raises(
        PartError, match=rf"Jet {BAD} cannot be used\. .*part_px, entry {BAD}, constituent 1: nan"
    ) as info:
        jets_at(files.find(name), [BAD])
    assert str(jets_folder) not in str(info.value)


def test_a_link_to_it_shows_the_next_one(name):
    app = open_page("explore", file=name, jet=str(BAD))
    shown = " ".join([*sentences(app), *(warning.value for warning in app.warning)]).replace("\\", "")
    assert f"Jet {BAD} cannot be used" in shown
    assert "The next one is shown" in shown
