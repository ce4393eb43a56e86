"""Files with jets in several trees: each of them can be chosen."""

import pytest
from helpers.app_driver import open_page, sentences, state_of
from helpers.field import write_trees
from helpers.jet_samples import columns, write_tree

import part
from app.services import files

EVENTS = {"train": 12, "test": 5}


@pytest.fixture
def two_trees(jets_folder):
    path = write_trees(jets_folder / "two_trees.root", **{name: columns(n) for name, n in EVENTS.items()})
    yield path
    path.unlink()


def test_the_trees_are_offered_and_the_first_is_shown(two_trees):
    app = open_page("explore", file="two_trees.root", model="kin")
    assert sentences(app) == []
    box = app.selectbox(key="choose_tree")
    assert (box.value, box.options) == ("two_trees.root:test", ["test", "train"])
    assert app.selectbox(key="choose_file").value == "two_trees.root"


def test_the_tree_of_the_usual_name_is_the_first_choice(jets_folder):
    write_trees(jets_folder / "usual.root", **{name: columns(4) for name in ("sheep", "tree")})
    assert files.with_tree("usual.root") == "usual.root:tree"
    assert files.with_tree("usual.root:sheep") == "usual.root:sheep"
    (jets_folder / "usual.root").unlink()


def test_another_tree_is_chosen(two_trees):
    app = open_page("explore", file="two_trees.root", model="kin", jet="3")
    app.selectbox(key="choose_tree").set_value("two_trees.root:train").run()
    assert sentences(app) == []
    assert (state_of(app).file, state_of(app).jet) == ("two_trees.root:train", 0)
    assert app.selectbox(key="choose_tree").value == "two_trees.root:train"


def test_a_link_names_a_tree(two_trees):
    app = open_page("explore", file="two_trees.root:train", model="kin", jet="7")
    assert sentences(app) == []
    assert state_of(app).jet == 7


def test_a_tree_that_is_not_there_is_said(two_trees):
    app = open_page("explore", file="two_trees.root:other", model="kin")
    assert "holds no tree 'other'" in sentences(app)[0]


def test_there_is_nothing_to_choose_of_one_tree(jets_folder):
    write_tree(jets_folder / "one_tree.root", columns(6))
    assert files.trees_of("one_tree.root") == files.trees_of("nothing.root") == ()
    app = open_page("explore", file="one_tree.root", model="kin")
    assert "choose_tree" not in [box.key for box in app.selectbox]
    assert len(part.read_jets(jets_folder / "one_tree.root")) == 6
